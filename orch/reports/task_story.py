"""All that is known of one task: what was asked for, each attempt, its words and its changes."""

from orch import reads
from orch.git import merges, names, refs, repository
from orch.operations import checks, runs, scheduling, tasks
from orch.store import attempts as attempt_rows
from orch.store import requests as request_rows
from orch.worktrees import inspect
from schema.failures import Failure
from schema.json_text import NULL, Json, array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Attempt
    from schema.transaction import Database, ReadTx

_MOST_FILES = 200
_UNSEEN: dict[str, object] = {"changed_files": NULL, "left_behind": NULL, "mending": NULL}


def gather(db: "Database", run_id: str, task_id: str) -> Json:
    """Return the task with its attempts, oldest first. Raises: not_found (run, task).

    What git cannot tell any more is null; the rest is told all the same.
    """
    with db.read() as tx:
        attempts = attempt_rows.of_task(tx, tasks.require(tx, run_id, task_id).task_no)
    name = f"{run_id}/{task_id}"
    seen = _in_git(name, attempts[-1]) if attempts else _UNSEEN
    with db.read() as tx:
        run, task = runs.require(tx, run_id), tasks.require(tx, run_id, task_id)
        found = reads.one(tx, task.task_no)
        is_ready = task.status == "ready"
        document = merge(
            found.task,
            request_id=request_rows.of_task(tx, task.task_no),
            gate=checks.gate(tx, task),
            integration=found.integration,
            waits_for=scheduling.hindrance(tx, run, task) if is_ready else None,
        )
        newest = attempts[-1].attempt_no if attempts else 0
        told = [
            _attempt(tx, one, seen if one.attempt_no == newest else _UNSEEN)
            for one in attempt_rows.of_task(tx, task.task_no)
        ]
        return obj(task=document, attempts=array(told))


def _attempt(tx: "ReadTx", attempt: "Attempt", seen: "dict[str, object]") -> Json:
    """Return an attempt with the result and the last words of its thread."""
    result, last = reads.words(tx, attempt.thread_no)
    document = attempt_rows.document(tx, attempt.task_no, attempt.attempt_no)
    return merge(document, result=result, last_message=last, **seen)


def _in_git(name: str, attempt: "Attempt") -> "dict[str, object]":
    return {"changed_files": _changed_files(attempt), **_left_behind(name, attempt)}


def _left_behind(name: str, attempt: "Attempt") -> "dict[str, object]":
    """Return what of finished work is not on its branch, and the commands that mend it."""
    nothing: dict[str, object] = {"left_behind": NULL, "mending": NULL}
    if attempt.status not in ("done", "verifying") or attempt.workspace_status != "created":
        return nothing
    if not attempt.dirty_files:
        return nothing
    try:
        found = inspect.left(attempt)
    except Failure:
        return nothing
    if not found.names:
        return nothing
    steps = inspect.mending(name, attempt, found).steps
    line = " && ".join(step.line for step in steps)
    return {"left_behind": array(found.names[:_MOST_FILES]), "mending": line or None}


def _changed_files(attempt: "Attempt") -> Json:
    """Return the paths that an attempt changed, by its recorded head or where its branch is."""
    if not attempt.branch_name:
        return NULL
    try:
        repo = repository.find_repository(attempt.repo_path)
        if repo is None:
            return NULL
        head = attempt.head_commit or refs.read_ref(repo, "refs/heads/" + attempt.branch_name)
        if not head:
            return NULL
        changed = merges.changed_paths(repo, attempt.base_commit, head)
    except Failure:
        return NULL
    return array([names.display(one.path) for one in changed[:_MOST_FILES]])
