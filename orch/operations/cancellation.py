"""Cancellation of a task, or of every open task of a run; siblings are untouched.

What was on its way to a target for it is called off too: a task's entries with the task, all of a
run with the run. What landed stays, and so does what takes work back.
"""

from orch.model import ACTIVE, Run, Task
from orch.operations import attempts, entries, runs, tasks
from orch.steps.model import say
from orch.store import attempts as attempt_rows
from orch.store import entries as entry_rows
from orch.store import tasks as store
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Tx

_LANDING = ("landing", "landed", *entries.FINAL)
_OPEN = ("planned", "ready", "dispatched", "running", "blocked", "verifying", "failed")


def cancel(tx: "Tx", run: Run, task_id: str | None, reason: str) -> tuple[list[int], list[int]]:
    """Cancel one task, or all open ones; return (their numbers, those of the entries called off).

    Raises: invalid_state/terminal for a task that is over, not_ready while it is dispatched.
    """
    if task_id is not None:
        chosen = [tasks.require(tx, run.run_id, task_id)]
    else:
        chosen = [t for status in _OPEN for t in store.with_status(tx, run.run_id, status)]
    for task in chosen:
        _cancel_one(tx, run, task, reason)
    numbers = [task.task_no for task in chosen]
    called_off = []
    for entry in entry_rows.chosen(tx, run.run_id, None, None):
        is_meant = task_id is None or entry.task_no in numbers
        if is_meant and entry.kind != "revert" and entry.status not in _LANDING:
            entries.cancel(tx, entry, run.leader, reason)
            called_off.append(entry.entry_no)
    runs.record_run_end(tx, run)
    return numbers, called_off


def _cancel_one(tx: "Tx", run: Run, task: Task, reason: str) -> None:
    if task.status in ("done", "cancelled"):
        raise Failure(
            "invalid_state",
            "terminal",
            f"task {task.name} is {task.status}: it cannot be cancelled",
            next=[say("task show", run=run.run_id, task=task.task_id)],
        )
    if attempt_rows.intent_of(tx, task.task_no) is not None:
        raise Failure(
            "invalid_state",
            "not_ready",
            f"task {task.name} is being dispatched right now",
            hint="run the same command again, or first",
            next=[say("reconcile", run=run.run_id)],
        )
    attempt = attempts.latest(tx, task)
    if attempt is not None and task.status in ACTIVE:
        attempts.supersede(tx, attempt, run.leader, reason)
    tasks.move(
        tx,
        task,
        "cancel",
        run.leader,
        thread_no=attempt.thread_no if attempt is not None else None,
        reason=reason,
    )
