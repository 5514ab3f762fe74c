"""Dispatch: a task becomes an attempt, with a worktree or a place of its own."""
