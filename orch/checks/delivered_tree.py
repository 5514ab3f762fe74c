"""Delivered tree: where checks of an attempt run: its worktree."""

import contextlib
import copy
import os

from orch import config_in_force
from orch.git import repository, slots
from orch.model import Attempt, Run
from orch.worktrees import create, inspect
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Database

_FOLDER = "_verify"
_SECONDS = 2.0


@contextlib.contextmanager
def at(db: "Database", run: Run, attempt: Attempt) -> "Iterator[Attempt]":
    """Yield the attempt with a tree on this machine; one that was made for that goes afterwards.

    Raises: git_error, lease_conflict/held while another command has that tree.
    """
    if inspect.is_here(attempt) or not attempt.head_commit:
        yield attempt
        return
    repo = create.open_checked(db, run, attempt.repo_path)
    root = create.root_of(repo, None, config_in_force.of_run(db, run, repo))
    folder = os.path.join(root, _FOLDER, str(attempt.attempt_key))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    try:
        with repository.locked_directory(folder, _SECONDS):
            path = os.path.join(folder, "tree")
            slots.open_slot(repo, path, attempt.head_commit, root=root)
            found = copy.copy(attempt)
            found.worktree_path = path
            try:
                yield found
            finally:
                slots.remove_slot(repo, path)
    except Failure as failure:
        if failure.reason != "timeout":
            raise
        raise Failure("lease_conflict", "held", f"checks of {attempt.branch_name} run already",
                      hint="let them end") from failure  # fmt: skip
