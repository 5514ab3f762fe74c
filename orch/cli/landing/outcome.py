"""Refusal of a run of queues in which nothing landed: the one that says what helps."""

from orch.cli.landing import approvals, standing
from orch.landing import land, open_queue
from orch.landing.runner import QueueOutcome
from orch.steps.entry import release_queue
from orch.steps.model import read, say
from orch.store import entries as store
from orch.store import tasks as task_rows
from orch.store.entries import Entry
from schema.failures import Failure
from schema.steps import Step, command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, ReadTx

_PROGRESS = (
    "failed",
    "conflict",
    "quarantined",
    "superseded",
    "landed_externally",
    "cancelled",
    "awaiting_forge",
)


def waiting(tx: "ReadTx", entry: Entry) -> dict[str, object]:
    """Return an open entry as what it waits for, with the command that helps."""
    again = done_again(tx, entry)
    why = entry.reason or entry.why
    if again:
        why = f"{again}: {why}"
    return {
        "entry_id": entry.entry_id,
        "name": entry.name,
        "status": entry.status,
        "why": why,
        "command": command(standing.step(tx, entry)),
    }


def done_again(tx: "ReadTx", entry: Entry) -> str:
    """Return in words which attempt does a stopped entry's work again, "" when none does."""
    if entry.status not in ("conflict", "failed") or not standing.is_done_again(tx, entry):
        return ""
    return f"it is done again as attempt {task_rows.by_no(tx, entry.task_number).latest_attempt_no}"


def refusal(
    db: "Database", outcomes: list[QueueOutcome], again: Step, only: int | None = None
) -> Failure | None:
    """Return why nothing landed, None when something did or an entry came to an end.

    In this order: nothing is queued, a checkout stands in the way, people must approve, the queue
    is held, checks could not run, nothing can move.
    """
    if only is None and any(outcome.landed for outcome in outcomes):
        return None
    for outcome in outcomes:
        if outcome.blockers:
            return land.dirty(open_queue.open_queue(db, outcome.queue), outcome.blockers)
    found: list[Entry] = []
    ended: list[Entry] = []
    with db.read() as tx:
        for outcome in outcomes:
            found += store.open_of_queue(tx, outcome.queue.queue_no)
            ended += [e for n in outcome.changed if (e := store.get(tx, n)).status in _PROGRESS]
        told = {entry.entry_no: waiting(tx, entry) for entry in found}
    if only is not None:
        found = [entry for entry in found if entry.entry_no == only] or found
        ended = []
    if not found:
        return None if ended else _empty(db, outcomes, again)
    unapproved = [e for e in found if e.status == "awaiting_approval"]
    if unapproved:
        came = [f"{e.entry_id} ({e.name}) is {e.status}: {e.reason}" for e in ended]
        return approvals.refusal(unapproved, came)
    for outcome in outcomes:
        if outcome.hold_reason:
            return _held(outcome)
    return None if ended else _stuck(found, told, again)


def _empty(db: "Database", outcomes: list[QueueOutcome], again: Step) -> Failure:
    names = ", ".join(outcome.queue.branch for outcome in outcomes)
    step = say("queue add", "R/T")
    if "--run" in again.argv:
        step = standing.way_to_land(db, again.argv[again.argv.index("--run") + 1])
    return Failure(
        "no_matching_work",
        "empty",
        f"nothing is queued for {names}" if names else "nothing is queued",
        hint="put finished work in" if step.argv[1:3] == ("queue", "add") else "",
        next=[step],
    )


def _held(outcome: QueueOutcome) -> Failure:
    queue = outcome.queue
    red = outcome.seen is not None and outcome.seen.snapshot.hold_tree
    hint = f"mend {queue.branch}: the queue goes on by itself once it moved" if red else ""
    return Failure(
        "invalid_state",
        "not_ready",
        f"the queue of {queue.branch} is held: {outcome.hold_reason}",
        hint=hint + "; if it was the machine" if red else "",
        next=[release_queue(queue.branch)],
        details={"target": queue.branch, "reason": outcome.hold_reason},
    )


def _stuck(found: list[Entry], told: dict[int, dict[str, object]], again: Step) -> Failure:
    words = "; ".join(
        f"{e.entry_id} ({e.name}) is {e.status}"
        + (f": {why}" if (why := told[e.entry_no]["why"]) else "")
        for e in found[:5]
    )
    first = next((e for e in found if e.status not in ("queued", "building", "testing")), found[0])
    step = str(told[first.entry_no]["command"])
    return Failure(
        "invalid_state",
        "not_ready",
        f"nothing can land now: {words}",
        hint="once that is fixed" if step else "look",
        next=read(step) if step else [Step((*again.argv, "--explain"), "look")],
        details={"waiting": [told[e.entry_no] for e in found[:200]]},
    )
