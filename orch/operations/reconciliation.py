"""Reconciliation: what happened on the bus since the run's cursor, carried to its tasks.

Incremental: reads only the run's events after the cursor. Idempotent: a second call finds
nothing. Order is the log's, so a task passes through every state its thread went through.
"""

from orch.machines import OF_THREAD
from orch.model import ACTIVE, Attempt, Run, Task
from orch.operations import runs, tasks
from orch.store import attempts, due
from orch.store import runs as run_rows
from orch.store import tasks as task_rows
from schema import events
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Tx

ACTOR = "orch"


def absorb(tx: "Tx", run: Run) -> list[int]:
    """Bring the run's tasks up to date; return the numbers of those that changed, once each."""
    changed: dict[int, None] = {}
    through = run.reconciled_through
    for item in due.after(tx, run.run_id, run.reconciled_through):
        through = item.event_id
        attempt = attempts.of_thread(tx, item.thread_no)
        if attempt is None:
            continue
        task = task_rows.by_no(tx, attempt.task_no)
        if item.event_type == "thread_late_result":
            _note_late_report(tx, task, attempt, item.event_id)
            changed[task.task_no] = None
        elif _follow(tx, run, task, attempt, item):
            changed[task.task_no] = None
    for number in _observe(tx, run):
        changed[number] = None
    runs.record_run_end(tx, run)
    if through > run.reconciled_through:
        run_rows.advance(tx, run.run_id, through)
        run.reconciled_through = through
    return list(changed)


def _follow(tx: "Tx", run: Run, task: Task, attempt: Attempt, item: "due.Item") -> bool:
    """Let the newest attempt's task follow its thread; say whether anything moved."""
    status = item.status
    if attempt.attempt_no != task.latest_attempt_no or task.status not in ACTIVE:
        return False
    if task.status == "verifying":
        return False  # The thread is done; only the checks decide now.
    event = OF_THREAD[status]
    moved: bool = attempt.assigned_to != item.assigned_to
    if event == "done" and is_gated(run, task, attempt):
        event = "verify"
    goal = {"release": "dispatched", "run": "running", "block": "blocked", "verify": "verifying",
            "done": "done", "fail": "failed", "cancel": "cancelled"}[event]  # fmt: skip
    again = event == "block" and item.event_type == "thread_update"  # Another question.
    if goal == task.status and not again:
        if moved:
            attempts.move(tx, attempt, attempt.status, item.assigned_to)
        return moved
    reason = item.reason if event in ("fail", "cancel") else ""
    end_class = _end_class(tx, attempt, event)
    attempts.move(tx, attempt, goal, item.assigned_to, at=item.at, end_class=end_class)
    tasks.move(
        tx,
        task,
        event,
        item.actor,
        thread_no=item.thread_no,
        reason=reason,
        payload=obj(attempt_no=attempt.attempt_no, thread_event_id=item.event_id),
        at=item.at,
    )
    return True


def _end_class(tx: "Tx", attempt: Attempt, event: str) -> str:
    """Return what retries count the end as that an event of the thread means, "" for none."""
    if event != "fail":
        return "cancelled" if event == "cancel" else ""
    from orch.operations import retries

    return retries.class_of_failure(tx, attempt)


def is_gated(run: Run, task: Task, attempt: Attempt) -> bool:
    """Say whether something must be looked at before the task counts as done."""
    if task.required_checks != "[]":
        return True
    owned: bool = task.allowed_paths != "[]" or task.blocked_paths != "[]"
    return owned and run.ownership == "enforce" and attempt.execution_mode == "code"


def _note_late_report(tx: "Tx", task: Task, attempt: Attempt, event_id: int) -> None:
    attempts.set_late(tx, attempt.attempt_key, event_id)
    events.record(
        tx,
        "task_late_report",
        ACTOR,
        thread_no=attempt.thread_no,
        run_id=task.run_id,
        task_id=task.task_id,
        status=task.status,
        summary=f"attempt {attempt.attempt_no} reported late",
        payload=obj(attempt_no=attempt.attempt_no, message_id=f"msg_{event_id}"),
    )


def _observe(tx: "Tx", run: Run) -> list[int]:
    """Note which leases ran out: an observation, shown and waitable; it revokes nothing."""
    changed = []
    for attempt in attempts.seen_anew(tx, run.run_id):
        attempts.set_liveness(tx, attempt.attempt_key, attempt.seen)
        if attempt.seen == "stale":
            task = task_rows.by_no(tx, attempt.task_no)
            events.record(
                tx,
                "task_stale",
                ACTOR,
                thread_no=attempt.thread_no,
                run_id=run.run_id,
                task_id=task.task_id,
                status=task.status,
                summary=f"the lease of {attempt.assigned_to} ran out",
                payload=obj(attempt_no=attempt.attempt_no),
            )
            changed.append(task.task_no)
    return changed
