"""The way of finished work: queued, landed, brought on, tidied up, and the run closed."""

from orch.drive.hands import REFUSALS, Hands, unless_lost
from orch.drive.planner.model import TaskFacts
from orch.drive.watch import InTheWay
from orch.landing import enqueue as enqueueing
from orch.landing import integrate as integration
from orch.landing import open_queue, runner
from orch.landing.snapshot import Options
from orch.machines import ENTRY
from orch.operations import driving, runs
from orch.store import drives as drive_rows
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.worktrees import tidying
from schema import crash_points
from schema.failures import Failure
from schema.json_text import Json, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orch.landing.runner import QueueOutcome
    from orch.store.entries import Entry
    from schema.transaction import Database, Tx


def enqueue(hands: Hands, wanted: "Sequence[TaskFacts]") -> None:
    """Put the heads of done tasks into their queue."""
    prepared = []
    with hands.db.read() as tx:
        leader = runs.require(tx, hands.run_id).leader
    for task in wanted:
        try:
            options = enqueueing.EnqueueOptions(actor=leader)
            prepared.append(enqueueing.prepare(hands.db, hands.run_id, task.task_id, options))
        except Failure as failure:
            hands.refused(task, failure)
    if not prepared:
        return

    def _answer(tx: "Tx", added: "list[Entry]") -> Json:
        for entry in added:
            drive_rows.drop_refusal(tx, entry.task_number)
        return obj(entries=len(added))

    try:
        enqueueing.confirm(hands.db, prepared, _answer)
    except Failure as failure:
        if failure.code not in REFUSALS:
            raise
        by_id = {task.task_id: task for task in wanted}
        for item in prepared:
            hands.refused(by_id[item.task.task_id], failure)
        return
    crash_points.reach("drive.added")
    for item in prepared:
        target = item.target.removeprefix(open_queue.HEADS)
        hands.say(item.task.task_id, "queue", f"queued for {target}")
    hands.did += len(prepared)


def run_queue(hands: Hands, queue_no: int) -> None:
    """Let a queue do what it can, in a lane of its own."""
    hands.watch.note_queue(hands.db, queue_no)

    def _job(db: "Database") -> "QueueOutcome | None":
        with db.read() as tx:
            queue = queue_rows.get(tx, queue_no)
        options = Options()
        options.sends_back = False  # A place must be free for it: the planner begins it.
        try:
            return runner.run(db, queue, options)
        except Failure as failure:
            if (failure.code, failure.reason) == ("lease_conflict", "held"):
                return None  # Another runner lands it: as good.
            raise

    def _done(outcome: "QueueOutcome | None", error: Failure | None) -> None:
        hands.watch.landing.discard(queue_no)
        if error is not None:
            unless_lost(error)
            hands.say("", "problem", f"the queue cannot go on: {error.message}")
        elif outcome is not None:
            _tell_landing(hands, outcome)
            hands.watch.in_the_way.pop(queue_no, None)
            if outcome.blockers:
                hands.watch.in_the_way[queue_no] = InTheWay(outcome.blockers)

    if hands.lane("queue", queue_no, _job, _done):
        hands.watch.landing.add(queue_no)


def _tell_landing(hands: Hands, outcome: "QueueOutcome") -> None:
    """Tell what a run of a queue came to for this run."""
    with hands.db.read() as tx:
        changed = [entry_rows.get(tx, number) for number in outcome.changed]
    found = [entry for entry in changed if entry.status == "landed_externally"]
    for entry in (*outcome.landed, *found):
        hands.did += 1
        if entry.run_id == hands.run_id:
            hands.landed.append(entry.name)
            how = f"landed on {entry.target.removeprefix(open_queue.HEADS)}"
            hands.say(entry.task_id or "", "land", how)
    for entry in changed:
        if entry.run_id == hands.run_id and entry.status in ENTRY.stopped:
            hands.say(entry.task_id or "", "land", f"{entry.status}: {entry.reason}")
    for text in outcome.problems:
        hands.say("", "problem", text)


def integrate(hands: Hands, branch: str) -> None:
    """Bring the run's target into a branch, in a lane."""
    run_id = hands.run_id

    def _done(said: str, error: Failure | None) -> None:
        hands.watch.is_integrating = False
        if error is not None:
            unless_lost(error)
            hands.watch.integrate_text = error.message
            hands.say("", "problem", error.message)
            return
        hands.did += 1
        hands.say("", "integrate", said)

    hands.watch.is_integrating = True
    hands.lane("integrate", run_id, lambda db: integration.bring(db, run_id, branch), _done)


def cleanup(hands: Hands) -> None:
    """Remove the worktrees of what landed, by proof, in a lane."""
    run_id = hands.run_id

    def _done(found: "tuple[int, int] | None", error: Failure | None) -> None:
        if error is not None:
            unless_lost(error)
            hands.say("", "problem", f"worktrees stay: {error.message}")
        cleaned, landed = found or (0, None)
        hands.watch.note_cleaned(landed)
        hands.did += cleaned
        if cleaned:
            hands.say("", "cleanup", f"{many(cleaned, 'worktree')} of landed work removed")

    hands.watch.is_cleaning = True
    hands.lane("cleanup", run_id, lambda db: tidying.remove_landed(db, run_id), _done)


def close(hands: Hands) -> None:
    """Close the run."""
    with hands.db.write() as tx:
        runs.close(tx, runs.require_open(tx, hands.run_id), driving.ACTOR)
    hands.did += 1
    hands.say("", "close", "the run is closed")
