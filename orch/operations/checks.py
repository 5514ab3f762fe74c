"""The gate of a task: the newest result of each required check, and what they decide.

`failed` only once every required check has a result; an `error` is neither pass nor fail
and keeps the task verifying. Nothing passes by default.
"""

from inbox.operations import leases
from orch.model import Attempt, Run, Task
from orch.operations import tasks
from orch.steps.model import say
from orch.store import attempts as attempt_rows
from orch.store import checks as store
from orch.store import tasks as task_rows
from schema import events
from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx


def require_verifying(task: Task) -> None:
    """Raise invalid_state unless the task waits for its checks."""
    if task.status != "verifying":
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}, not verifying: no result can count",
            next=[
                say("verify status", task.name),
                *([say("verify run", task.name, again=True)] if task.status == "failed" else []),
            ],
        )


def reopen(tx: "Tx", run: Run, task: Task, attempt: Attempt) -> None:
    """Let a task whose checks failed be verified once more, on the same head.

    Raises: invalid_state/transition for any other, and for one whose paths were at fault.
    """
    statuses = [status for _, status in store.newest_statuses(tx, task.task_no)]
    violated = run.ownership == "enforce" and attempt.path_violations not in (None, "[]")
    reported = leases.require_thread(tx, attempt.thread_id).status
    if task.status != "failed" or reported != "done" or violated or "failed" not in statuses:
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}, and not because of a check: none is run again",
            next=[say("task show", run=task.run_id, task=task.task_id)],
        )
    attempt_rows.move(tx, attempt, "verifying")
    tasks.move(
        tx, task, "recheck", run.leader, thread_no=attempt.thread_no,
        payload=obj(attempt_no=attempt.attempt_no),
    )  # fmt: skip


def record(tx: "Tx", run: Run, task: Task, attempt: Attempt, result: "store.Result") -> int:
    """Add a result, tell it, and let the gate decide; return the event's id."""
    flaky = result.status == "passed" and store.failed_on(
        tx, attempt.attempt_key, result.check, result.head_commit
    )
    store.insert(tx, attempt.attempt_key, result)
    event_id = events.record(
        tx,
        "task_verification_recorded",
        result.recorded_by,
        thread_no=attempt.thread_no,
        run_id=run.run_id,
        task_id=task.task_id,
        status=task.status,
        summary=f"{result.check}: {result.status}" + (", after a failure: flaky" if flaky else ""),
        payload=obj(
            check=result.check,
            status=result.status,
            source=result.source,
            head_commit=result.head_commit,
            attempt_no=attempt.attempt_no,
            flaky=flaky,
        ),
    )
    decide(tx, run, task, attempt)
    return event_id


def decide(tx: "Tx", run: Run, task: Task, attempt: Attempt) -> None:
    """Move a verifying task when its gate is decided; do nothing while it is not."""
    if task.status != "verifying":
        return
    statuses = store.newest_statuses(tx, task.task_no)
    violated = run.ownership == "enforce" and attempt.path_violations not in (None, "[]")
    if violated:
        reason = f"changed paths it does not own: {attempt.path_violations}"
        since = _since_when(tx, task, statuses)
        _move(tx, run, task, attempt, "fail", reason, at=since, end_class="paths")
    elif any(status in ("error", None) for _, status in statuses):
        return
    elif any(status == "failed" for _, status in statuses):
        names = ", ".join(name for name, status in statuses if status == "failed")
        words = f"failed checks: {names}"
        _move(tx, run, task, attempt, "fail", words, end_class="check_failed")
    elif statuses or attempt.head_commit is not None:
        _move(tx, run, task, attempt, "done", "", at=_since_when(tx, task, statuses))


def _since_when(tx: "ReadTx", task: Task, statuses: "list[tuple[str, str | None]]") -> int | None:
    """Return when a gate without checks was decided: with the report, not when it was read."""
    return None if statuses else task_rows.since(tx, task.task_no)


def _move(
    tx: "Tx",
    run: Run,
    task: Task,
    attempt: Attempt,
    event: str,
    reason: str,
    *,
    at: int | None = None,
    end_class: str = "",
) -> None:
    status = "done" if event == "done" else "failed"
    attempt_rows.move(tx, attempt, status, at=at, end_class=end_class)
    payload = obj(attempt_no=attempt.attempt_no)
    tasks.move(
        tx, task, event, run.leader, thread_no=attempt.thread_no, reason=reason, payload=payload,
        at=at,
    )  # fmt: skip


def gate(tx: "ReadTx", task: Task) -> Json:
    """Return the gate as JSON with what its checks printed, `null` when nothing is required."""
    return store.gate(tx, task.task_no)
