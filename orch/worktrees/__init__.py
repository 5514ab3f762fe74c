"""Worktrees: where attempts work; made, looked into, cleaned up, never lost."""
