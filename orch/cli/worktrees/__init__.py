"""Commands about worktrees and repositories: cleanup, salvage, repo."""
