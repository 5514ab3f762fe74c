"""Which tasks may start now, in which order, and why the others may not."""

import json

from orch import paths
from orch.model import Run, Task
from orch.store import attempts, dependencies, tasks
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_STEP = 64


def not_ready(tx: "ReadTx", task: Task, why: str) -> Failure:
    """Return the refusal to start a task, with the reason in words."""
    return Failure(
        "invalid_state",
        "not_ready",
        f"task {task.name} cannot be dispatched: {why}",
        hint=f"see what can: orch ready --run {task.run_id} --explain",
        details={"status": task.status, "why": why},
    )


def overlap_holder(tx: "ReadTx", task: Task, repo_path: str) -> str | None:
    """Return in words which active task owns paths that this one's globs overlap, or None."""
    mine = json.loads(task.allowed_paths)
    if not mine:
        return None
    for name, globs in tasks.active_with_paths(tx, repo_path, task.task_no):
        found = paths.first_overlap(mine, json.loads(globs))
        if found is not None:
            return f"{found[0]} overlaps {found[1]}, which {name} is working on"
    return None


def ready(tx: "ReadTx", run: Run, limit: int) -> tuple[list[Task], bool]:
    """Return (tasks that can be dispatched now, in dispatch order; whether there are more)."""
    found: list[Task] = []
    offset = 0
    while len(found) <= limit:
        step = tasks.in_dispatch_order(tx, run.run_id, max(_STEP, limit + 1), offset)
        offset += len(step)
        for task in step:
            owned = run.ownership == "enforce" and task.allowed_paths != "[]"
            if not (owned and overlap_holder(tx, task, run.repo_path)):
                found.append(task)
        if len(step) < max(_STEP, limit + 1):
            break
    return found[:limit], len(found) > limit


def why_not(tx: "ReadTx", run: Run, task: Task) -> str:
    """Return in words why a task cannot be dispatched now."""
    if task.status == "planned":
        waits = [
            f"{name} ({status})"
            for _, name, status in dependencies.prerequisites(tx, task.task_no)
            if status != "done"
        ]
        return "dependency: waits for " + ", ".join(waits)
    if task.status == "failed":
        spent = task.latest_attempt_no
        if spent >= task.max_attempts:
            return f"attempts spent: {spent} of {task.max_attempts} failed"
        return f"failed: attempt {spent} of {task.max_attempts}; orch retry starts the next"
    if task.status != "ready":
        return f"it is {task.status}"
    if attempts.intent_of(tx, task.task_no) is not None:
        return "somebody is dispatching it right now"
    if task.not_before_at > tx.now.wall_ms:
        return f"not before: {-(-(task.not_before_at - tx.now.wall_ms) // 1000)} s from now"
    holder = tasks.lock_holder(tx, task.task_no)
    if holder is not None:
        return f"lock: {holder[0]} is held by {holder[1]}"
    overlap = overlap_holder(tx, task, run.repo_path)
    if overlap is not None and run.ownership == "enforce":
        return f"overlap: {overlap}"
    return "ready"


def others(tx: "ReadTx", run: Run, shown: set[int]) -> list[dict[str, str]]:
    """Return {task_id, status, why} of the tasks that are not ready and not over."""
    found = []
    for status_ in ("ready", "planned", "failed", "dispatched", "running", "blocked", "verifying"):
        for task in tasks.with_status(tx, run.run_id, status_):
            if task.task_no not in shown:
                why = why_not(tx, run, task)
                found.append({"task_id": task.task_id, "status": task.status, "why": why})
    return found
