"""orch start: from a plan, or a task in words, to landed work by one command."""
