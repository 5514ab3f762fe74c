"""Rules of a task's beginning: all that a dispatch asks, again under the write lock."""

from orch.dispatch.request import DispatchRequest
from orch.model import Attempt, Run, Task
from orch.operations import attempts, budgets, runs, scheduling, tasks
from orch.steps.model import say
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx


def require(tx: "ReadTx", request: DispatchRequest) -> tuple[Run, Task]:
    """Return run and task if the task may start now: every rule, asked under the caller's lock."""
    run = runs.require_open(tx, request.run_id)
    task = tasks.require(tx, request.run_id, request.task_id)
    if request.delivery is not None:
        request.event = request.delivery.event_for(tx, task)
    if request.event == "dispatch" and task.status != "ready":
        raise scheduling.not_ready(tx, task, scheduling.why_not(tx, run, task))
    if request.event == "retry":
        _require_retryable(tx, task, request)
    if request.event == "reassign" and request.delivery is None:
        _require_reassignable(tx, task)
    if request.event == "rework" and task.status != "done":
        raise scheduling.not_ready(tx, task, f"it is {task.status}, not done")
    timed = request.event == "dispatch"  # What a leader types for one task is meant now.
    busy = scheduling.hindrance(tx, run, task, repository=request.repo_path, timed=timed)
    if busy is not None:
        raise scheduling.not_ready(tx, task, busy)
    budgets.refuse_attempt(tx, run)
    refuse_automatic(tx, run, task, request)
    return run, task


def refuse_automatic(tx: "ReadTx", run: Run, task: Task, request: DispatchRequest) -> None:
    """Refuse what begins by itself beyond the numbers of retries. Raises: invalid_state."""
    if request.automatic is not None:
        from orch.operations import retries

        retries.refuse_automatic(tx, run, task, request.automatic)


def _require_retryable(tx: "ReadTx", task: Task, request: DispatchRequest) -> None:
    if task.status == "failed":
        return
    attempt = attempts.latest(tx, task)
    if task.status == "done" and attempt is not None and _is_unanswered(tx, attempt):
        return
    stale = attempt is not None and attempt.liveness in ("stale", "gone")
    if request.force and stale and task.status in ("running", "blocked"):
        request.event = "reassign"  # The same move, by the same name.
        return
    force = "; it is stale: add --force" if stale else ""
    raise Failure(
        "invalid_state",
        "transition",
        f"task {task.name} is {task.status}, not failed{force}",
        next=[say("task show", run=task.run_id, task=task.task_id)],
    )


def _is_unanswered(tx: "ReadTx", attempt: Attempt) -> bool:
    """Return whether analysis ended with something else than the document it was asked for."""
    from inbox import expected_result
    from inbox.operations import leases
    from inbox.store import messages

    expects = leases.require_thread(tx, attempt.thread_id).expects
    if attempt.execution_mode != "analysis" or expects is None:
        return False
    try:
        expected_result.require_valid(expects, messages.result_text(tx, attempt.thread_no))
    except Failure:
        return True
    return False


def _require_reassignable(tx: "ReadTx", task: Task) -> None:
    attempt = attempts.latest(tx, task)
    stale = attempt is not None and attempt.liveness in ("stale", "gone")
    if task.status in ("blocked", "failed", "dispatched") or (stale and task.status == "running"):
        return
    raise Failure(
        "invalid_state",
        "transition",
        f"task {task.name} is {task.status}: only a blocked, failed or stale one can be reassigned",
        next=[say("task show", run=task.run_id, task=task.task_id)],
    )
