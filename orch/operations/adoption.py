"""Adoption of a late report as the result: what a superseded worker brought is not lost."""

from orch.model import ACTIVE, Attempt, Run, Task
from orch.operations import attempts, reconciliation, runs, tasks
from orch.steps.model import say
from orch.store import attempts as store
from orch.store import tasks as task_rows
from schema.failures import Failure, not_found
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Tx


def adopt(tx: "Tx", run: Run, task: Task, attempt_no: int | None) -> int:
    """Make a late report the task's result and return its attempt's number.

    A newer active attempt is cancelled. Raises: invalid_state/terminal when the task is
    done, not_found/attempt without a late report.
    """
    if task.status == "done":
        raise Failure("invalid_state", "terminal", f"task {task.name} is done already")
    taken = _late(tx, task, attempt_no)
    newest = attempts.latest(tx, task)
    if newest is not None and newest.attempt_no != taken.attempt_no:
        attempts.supersede(tx, newest, run.leader, f"attempt {taken.attempt_no} was adopted")
    wanted = "verifying" if reconciliation.is_gated(run, task, taken) else "done"
    if wanted == "verifying" and task.status not in ACTIVE:
        _take_locks(tx, task)
    store.move(tx, taken, wanted)
    task_rows.adopt_attempt(tx, task.task_no, taken.attempt_no)
    tasks.move(
        tx,
        task,
        "adopt",
        run.leader,
        wanted=wanted,
        thread_no=taken.thread_no,
        reason=f"late report of attempt {taken.attempt_no}",
        payload=obj(attempt_no=taken.attempt_no, message_id=f"msg_{taken.late_event}"),
    )
    runs.record_run_end(tx, run)
    return int(taken.attempt_no)


def _take_locks(tx: "Tx", task: Task) -> None:
    """Hold the task's locks again while it is verified. Raises: invalid_state/not_ready."""
    holder = task_rows.lock_holder(tx, task.task_no)
    if holder is not None:
        raise Failure(
            "invalid_state",
            "not_ready",
            f"task {task.name} cannot be verified: lock {holder[0]} is held by {holder[1]}",
            hint="wait for it",
            next=[say("wait", run=task.run_id)],
        )
    task_rows.take_locks(tx, task.task_no)


def _late(tx: "Tx", task: Task, attempt_no: int | None) -> Attempt:
    if attempt_no is not None:
        chosen = attempts.require(tx, task, attempt_no)
        late = [chosen] if chosen.late_event else []
    else:
        late = [a for a in store.of_task(tx, task.task_no) if a.late_event]
    if not late:
        raise not_found(
            "attempt",
            f"{task.name} with a late report",
            hint="see what there is",
            next=[say("task show", run=task.run_id, task=task.task_id)],
        )
    return late[-1]
