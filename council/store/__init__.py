"""Rows in, rows out: each module beside its SQL."""
