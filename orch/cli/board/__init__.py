"""Commands that show all runs: top, status --watch."""
