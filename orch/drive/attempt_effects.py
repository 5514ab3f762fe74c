"""Attempts that a driver begins, the checks and the reviews that it has run."""

from orch.dispatch import batch
from orch.dispatch.request import DispatchRequest
from orch.drive import retry_notes
from orch.drive.hands import Hands
from orch.drive.planner.model import Begin, TaskFacts, Verify
from orch.landing import open_queue
from orch.operations import driving, retries, tasks
from orch.store import attempts as attempt_rows
from orch.store import drives as drive_rows
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import tasks as task_rows
from schema import crash_points
from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from inbox.model import Change
    from schema.transaction import Database, Tx

_MOST_SIDE_BY_SIDE = 4
_TOLD_WHY = ("crashed", "timeout", "failed")  # What the end said of itself says more.
SILENT = "review_silent"  # The kind of a refusal: its reviewer gave no verdict.


def begin(hands: Hands, wanted: "Sequence[tuple[TaskFacts, Begin]]") -> None:
    """Begin attempts: decided in order, their worktrees made side by side."""
    requests: dict[str, DispatchRequest] = {}
    by_id = {task.task_id: (task, step) for task, step in wanted}
    for task, step in wanted:
        try:
            requests[task.task_id] = _request(hands, task, step)
        except Failure as failure:
            hands.refused(task, failure)

    def _answer(request: DispatchRequest, tx: "Tx", change: "Change") -> Json:
        task, step = by_id[request.task_id]
        drive_rows.drop_refusal(tx, task.task_no)
        payload = obj(step=step.event, cause=step.cause or None)
        driving.tell(tx, request.run_id, "drive_step", _begun(task, step), payload, request.task_id)
        return obj(task_id=request.task_id)

    with hands.db.read() as tx:
        since = tx.now.wall_ms  # What lands from here on is in no base of these.
    made, skipped = batch.dispatch_all(
        hands.db, list(requests.values()), [None] * len(requests), _MOST_SIDE_BY_SIDE, _answer,
        lambda: None,
    )  # fmt: skip
    refused = dict(skipped)
    for task_id in requests:
        task, step = by_id[task_id]
        if task_id in refused:
            hands.refused(task, refused[task_id], since)
        else:
            hands.say(task_id, "begin", _begun(task, step))
    hands.did += len(made)


def _request(hands: Hands, task: TaskFacts, step: Begin) -> DispatchRequest:
    """Return the dispatch that a step means; what it starts from is asked in git now."""
    request = DispatchRequest(hands.run_id, task.task_id, step.event)
    request.to, request.mode = step.to, step.mode
    policy = hands.watch.policy
    request.automatic = retries.Automatic(step.cause, policy.retry, policy.overtakes)
    with hands.db.read() as tx:
        row = task_rows.by_no(tx, task.task_no)
        before = attempt_rows.find(tx, row.task_no, row.latest_attempt_no)
        if step.cause and before is not None:
            request.note = retry_notes.note(tx, before, step.cause) or None
    if step.event == "reassign":
        request.reason = f"its worker is {task.live}"
    if step.event == "dispatch" and hands.watch.policy.checks and row.required_checks == "[]":
        with hands.db.write() as tx:
            tasks.require_checks(tx, row, hands.watch.policy.checks, driving.ACTOR)
    if step.start == "branch" and before is not None and before.branch_name:
        request.base_ref = before.branch_name
    if step.start == "target" and step.entry_no:
        _start_on_target(hands, request, step.entry_no)
    return request


def _start_on_target(hands: Hands, request: DispatchRequest, entry_no: int) -> None:
    """Let an attempt begin where its queue's target is now, told what did not merge."""
    from orch.landing import rework

    with hands.db.read() as tx:
        entry = entry_rows.get(tx, entry_no)
        queue = queue_rows.get(tx, entry.queue_no)
    opened = open_queue.open_queue(hands.db, queue)
    request.base_ref = opened.look()
    request.note = rework.note(hands.db, opened, entry, request.note)


def _begun(task: TaskFacts, step: Begin) -> str:
    """Return a begun attempt in words."""
    to = f"to {step.to}" if step.to else ""
    if not step.cause:
        return f"dispatched {to}".strip()
    start = {"branch": ", from its branch", "target": ", on the target"}.get(step.start, "")
    found = f" ({task.last_line[:80]})" if step.cause in _TOLD_WHY else ""
    number = f"{task.spent + 1} of {task.max_attempts}"
    return f"{step.event} {number} {to}: {step.cause}{found}{start}"


def verify(hands: Hands, task: TaskFacts, step: Verify) -> None:
    """Run a task's checks in a lane."""
    from orch.checks import verify as checking

    run_id, known = hands.run_id, set(hands.watch.settings.checks)

    def _job(db: "Database") -> str:
        crash_points.reach("drive.verify_begun")
        only = checking.runnable(db, run_id, task.task_id, known)
        checking.verify(db, run_id, task.task_id, only, 2, lambda: None, again=step.again)
        crash_points.reach("drive.verified")
        with db.read() as tx:
            return tasks.require(tx, run_id, task.task_id).status

    def _done(status: str, error: Failure | None) -> None:
        hands.watch.verifying.discard(task.task_no)
        if error is not None:
            hands.refused(task, error)
            return
        hands.forgive(task)
        hands.did += 1
        words = {"done": "checks passed", "failed": "a check failed"}
        hands.say(task.task_id, "verify", words.get(status, "a check could not run"))

    hands.watch.verifying.add(task.task_no)
    hands.lane("verify", (run_id, task.task_no), _job, _done)


def review(hands: Hands, task: TaskFacts) -> None:
    """Have what a task's landing lacks reviewed, in a lane."""
    ask = hands.ask_review
    assert ask is not None
    run_id = hands.run_id
    program = hands.program if task.reviewer == "command" else ()

    def _done(said: str, error: Failure | None) -> None:
        hands.watch.reviewing.discard(task.task_no)
        if error is not None and error.reason == "approval_required":
            hands.keep_refusal(task, SILENT, error.message)
            return
        if error is not None:
            hands.refused(task, error)
            return
        hands.forgive(task)
        hands.did += 1
        hands.say(task.task_id, "review", said)

    hands.watch.reviewing.add(task.task_no)
    what = "a council" if task.review_kind == "council" else "a review"
    hands.say(task.task_id, "review", f"{what} is asked of {task.reviewer}")
    hands.lane(
        "review", (run_id, task.task_no),
        lambda db: ask(db, run_id, task.task_id, task.review_kind, task.reviewer, program), _done,
    )  # fmt: skip
    crash_points.reach("drive.review_asked")
