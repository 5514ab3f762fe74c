"""Commands about runs, tasks, checks and submissions."""
