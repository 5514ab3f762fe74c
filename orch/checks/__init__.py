"""Checks: a task's work verified by commands in its worktree."""
