"""Rework: work that did not merge goes back to its owner, as an attempt that knows both intents.

Only where attempts are left, the run is open, orch.toml says `conflict = "rework"` and nobody works
on the task already; else the entry waits for a person, with the commands that help.
"""

from orch.dispatch import dispatch
from orch.dispatch.request import DispatchRequest
from orch.git import refs
from orch.landing import open_queue, rework_brief
from orch.landing.open_queue import OpenQueue
from orch.landing.runner_lease import RunnerLease
from orch.model import Task
from orch.operations import attempts, runs
from orch.steps.model import say
from orch.store import attempts as attempt_rows
from orch.store import entries as entry_rows
from orch.store import tasks as task_rows
from orch.store.entries import Entry
from schema import crash_points, keys
from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Change
    from schema.transaction import Database, Tx

_REFUSALS = ("invalid_state", "refused", "not_found", "git_error", "invalid_input")


def after_pass(lease: RunnerLease, opened: OpenQueue, numbers: list[int]) -> list[str]:
    """Send back what conflicted in this pass; return in words what could not be."""
    problems: list[str] = []
    if opened.settings.queue.conflict != "rework":
        return problems
    for number in numbers:
        with lease.db.read() as tx:
            entry = entry_rows.get(tx, number)
        if entry.status != "conflict" or entry.kind != "task":
            continue
        try:
            send_back(lease.db, opened, entry, to=None, body=None)
        except Failure as failure:
            if failure.code not in _REFUSALS:
                raise
            problems.append(f"{entry.entry_id} ({entry.name}) waits for you: {failure.message}")
        crash_points.reach("queue.sent_back")
    return problems


def send_back(
    db: "Database",
    opened: OpenQueue,
    entry: Entry,
    *,
    to: str | None,
    body: str | None,
    key: "keys.Key | None" = None,
) -> Json:
    """Start a new attempt at an entry's task on top of the target; return its answer.

    Raises: invalid_state (attempts spent, task under way), and what a dispatch raises.
    """
    with db.read() as tx:
        runs.require_open(tx, entry.run_id)
        task = task_rows.by_no(tx, entry.task_number)
        newest = attempts.latest(tx, task)
        spent = attempt_rows.worked(tx, task.task_no)
    _require_left(task, spent, entry, forced=to is not None or body is not None)
    if newest is None or newest.attempt_key != entry.attempt_key:
        raise Failure(
            "invalid_state",
            "superseded",
            f"{task.name} has a newer attempt than {entry.entry_id}",
            next=[say("task show", task.name)],
        )
    request = DispatchRequest(entry.run_id, task.task_id, "rework")
    request.base_ref = opened.look()
    request.to = to
    request.note = note(db, opened, entry, body)

    def _answer(tx: "Tx", change: "Change") -> Json:
        from orch import reads

        document, attempt = reads.with_attempt(tx, task.task_no)
        return obj(
            entry=entry_rows.document(tx, entry.entry_no),
            task=document,
            attempt=attempt,
            event_id=tx.last_event_id,
        )

    return dispatch.start(db, request, _answer, key)


def _require_left(task: Task, spent: int, entry: Entry, *, forced: bool) -> None:
    """Raise invalid_state/transition when attempts are spent, unless a person insists."""
    if spent < task.max_attempts or forced:
        return
    raise Failure(
        "invalid_state",
        "transition",
        f"attempts of {task.name} are spent ({spent} of {task.max_attempts})",
        hint="one more, anyway",
        next=[say("queue retry", entry.entry_id, rework=True, body="TEXT")],
    )


def note(db: "Database", opened: OpenQueue, entry: Entry, body: str | None) -> str:
    """Return what whoever does an entry's work again is told: both intents, then `body`."""
    with db.read() as tx:
        branch = entry_rows.branch_of(tx, entry)
    if branch and not refs.read_ref(opened.repo, open_queue.HEADS + branch):
        branch = ""
    text = rework_brief.text(db, entry, branch, opened.tip)
    return f"{text}\n\n{body}" if body else text
