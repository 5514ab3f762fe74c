"""Requests: what a person wants, planned by an engineer agent."""
