"""What a worktree holds when its work is done: the head, what is uncommitted, paths it owned."""

import json
import os

from orch import git, paths
from orch.model import Attempt, Run
from orch.operations import checks, runs
from orch.store import attempts as store
from orch.store import tasks as task_rows
from orch.workflows import placing
from schema.failures import Failure
from schema.json_text import Json, array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


def read(db: "Database", run: Run, attempt: Attempt) -> bool:
    """Record head, dirty files and path violations of an attempt; then its gate may decide.

    Says whether anything was new. Raises: refused/repo_tampered, git_error.
    """
    head, dirty = look(attempt)
    head = head or attempt.base_commit
    if (head, dirty) == (attempt.head_commit, attempt.dirty_files):
        return False
    with db.read() as tx:
        task = task_rows.by_no(tx, attempt.task_no)
    violations: Json | None = None
    if run.ownership != "off":
        repo = git.open_repository(attempt.repo_path)
        changed = [
            git.display(change.path)
            for change in git.changed_paths(repo, attempt.base_commit, head)
        ]
        outside = paths.violations(
            changed, json.loads(task.allowed_paths), json.loads(task.blocked_paths)
        )
        violations = array(outside[:200])
    with db.write() as tx:
        current = store.find(tx, attempt.task_no, attempt.attempt_no)
        if current is None or current.head_commit != attempt.head_commit:
            return False  # Another reconcile was faster.
        store.set_head(tx, attempt.attempt_key, head, dirty, violations)
        current = store.find(tx, attempt.task_no, attempt.attempt_no)
        assert current is not None
        fresh = runs.require(tx, run.run_id)
        task = task_rows.by_no(tx, attempt.task_no)
        if task.latest_attempt_no == current.attempt_no:
            checks.decide(tx, fresh, task, current)
            runs.tell_end(tx, fresh)
    return True


def look(attempt: Attempt) -> tuple[str, int]:
    """Return (the branch's head or "", how many files are uncommitted) as they are now.

    Commits that the worktree stands on but its branch does not hold count as one file.
    Raises: not_found/repository, refused/repo_tampered, git_error.
    """
    repo = git.open_repository(attempt.repo_path)
    return git.read_ref(repo, "refs/heads/" + attempt.branch_name), len(uncommitted(attempt))


def uncommitted(attempt: Attempt) -> list[str]:
    """Return the names of what would be lost with the worktree; [] when that is gone."""
    repo = git.open_repository(attempt.repo_path)
    try:
        worktree = git.linked_worktree(repo, attempt.worktree_path)
    except Failure as error:
        if error.code == "not_found":
            return []
        raise
    if not os.path.lexists(worktree.top):
        return []
    put = placing.unchanged(attempt.worktree_path, json.loads(attempt.placed_files))
    names = [git.display(name) for name in git.status(worktree, leave_out=put, hidden=True).files]
    stands_on = git.head(worktree).commit
    head = git.read_ref(repo, "refs/heads/" + attempt.branch_name)
    if stands_on and head and not git.is_ancestor(repo, stands_on, head):
        names.append(f"commits up to {stands_on[:12]} that the branch does not hold")
    return names
