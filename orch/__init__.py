"""The control plane: runs, tasks, dependencies, attempts, worktrees, verification."""
