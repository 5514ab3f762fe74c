"""Scheduling: the tasks that may start now, their order, and why the others may not."""

import os

from orch.model import Run, Task
from orch.steps.model import say
from orch.store import tasks
from schema import file
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx


def not_ready(tx: "ReadTx", task: Task, why: str) -> Failure:
    """Return the refusal to start a task, with the reason in words."""
    return Failure(
        "invalid_state",
        "not_ready",
        f"task {task.name} cannot be dispatched: {why}",
        hint="see what can",
        next=[say("ready", run=task.run_id, explain=True)],
        details={"status": task.status, "why": why},
    )


def hindrance(
    tx: "ReadTx", run: Run, task: Task, *, repository: str | None = None, timed: bool = True
) -> str | None:
    """Return in words what keeps a task from starting besides its own status, or None.

    A dispatch under way, its time (if `timed`), a lock, or paths that another task owns.
    `repository` is where it would work when that is not the run's.
    """
    from orch.store import attempts

    if attempts.intent_of(tx, task.task_no) is not None:
        return "somebody is dispatching it right now"
    if timed and task.not_before_at > tx.now.wall_ms:
        return f"not before: {-(-(task.not_before_at - tx.now.wall_ms) // 1000)} s from now"
    holder = tasks.lock_holder(tx, task.task_no)
    if holder is not None:
        return f"lock: {holder[0]} is held by {holder[1]}"
    if run.ownership == "enforce" and task.allowed_paths != "[]":
        overlap = _overlap(tx, task, repository or run.repo_path)
        if overlap is not None:
            return f"overlap: {overlap}"
    return None


def _overlap(tx: "ReadTx", task: Task, repository: str) -> str | None:
    """Return in words which task owns paths that this one's globs overlap, or None.

    Checkouts of one repository are one place. Work without a place of its own (analysis) is
    taken to be in the same one.
    """
    from orch import paths

    owned = tasks.owned_paths(tx, task.task_no)
    if not owned:
        return None
    here = _place(repository)
    mine = tasks.globs(tx, task.task_no)
    for where, name, glob in owned:
        found = paths.first_overlap(mine, [glob])
        if found is not None and (not where or _place(where) == here):
            return f"{found[0]} overlaps {found[1]}, which {name} is working on"
    return None


def _place(repository: str) -> str:
    """Return the main checkout that a path (default: the current directory) belongs to."""
    path = os.path.realpath(repository or os.getcwd())
    return file.main_checkout(path)[1] or path


def ready(tx: "ReadTx", run: Run, limit: int) -> tuple[list[Task], bool]:
    """Return (tasks that can be dispatched now, in dispatch order; whether there are more)."""
    found: list[Task] = []
    offset, size = 0, limit + 1
    while len(found) <= limit:
        step = tasks.in_dispatch_order(tx, run.run_id, size, offset)
        for task in step:
            owned = run.ownership == "enforce" and task.allowed_paths != "[]"
            if not (owned and hindrance(tx, run, task)):
                found.append(task)
        if len(step) < size:
            break
        offset, size = offset + size, size * 4
    return found[:limit], len(found) > limit


def waiting(tx: "ReadTx", run: Run) -> dict[int, str]:
    """Return by task number what ready tasks wait for, in words: a lock, or paths of another's.

    Paths are asked of the first _MOST_ASKED only: each of them is compared with all that is owned.
    """
    found = {
        number: f"lock: {lock} is held by {holder}"
        for number, lock, holder in tasks.waiting_for_locks(tx, run.run_id)
    }
    if run.ownership == "enforce":
        for task in tasks.in_dispatch_order(tx, run.run_id, _MOST_ASKED, 0):
            why = hindrance(tx, run, task) if task.allowed_paths != "[]" else None
            if why is not None:
                found[task.task_no] = why
    return found


_MOST_ASKED = 500


def why_not(tx: "ReadTx", run: Run, task: Task) -> str:
    """Return in words why a task cannot be dispatched now."""
    if task.status == "planned":
        from orch.store import dependencies

        waits = [
            f"{name} ({status})"
            for _, name, status in dependencies.prerequisites(tx, task.task_no)
            if status != "done"
        ]
        return "dependency: waits for " + ", ".join(waits)
    if task.status == "failed":
        from orch.store import attempts

        spent = attempts.worked(tx, task.task_no)
        if spent >= task.max_attempts:
            return f"attempts spent: {spent} of {task.max_attempts} failed"
        return f"failed: {spent} of {task.max_attempts} attempts spent; orch retry starts the next"
    if task.status != "ready":
        return f"it is {task.status}"
    return hindrance(tx, run, task) or "ready"


def others(tx: "ReadTx", run: Run, shown: set[int]) -> list[dict[str, str]]:
    """Return {task_id, status, why} of the tasks that are not ready and not over."""
    found = []
    for status_ in ("ready", "planned", "failed", "dispatched", "running", "blocked", "verifying"):
        for task in tasks.with_status(tx, run.run_id, status_):
            if task.task_no not in shown:
                why = why_not(tx, run, task)
                found.append({"task_id": task.task_id, "status": task.status, "why": why})
    return found
