"""Workflows of the bus: several transactions, sleeping allowed; may die half-way."""
