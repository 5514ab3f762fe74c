"""The driver: a run from plan to landed by one command."""
