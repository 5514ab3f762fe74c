"""land: what is finished is queued and the queue is run, in one command."""

from orch.cli import task_names
from orch.cli.landing import entries as queueing
from orch.cli.landing import outcome as queue_ends
from orch.cli.landing import run as queue_run
from orch.landing import enqueue, open_queue, runner
from orch.landing.snapshot import Options
from orch.machines import IN_TARGET
from orch.operations import attempts, entries, runs, tasks
from orch.reconcile import reconcile
from orch.steps.model import say
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store.entries import Entry
from schema.failures import Failure
from schema.json_text import Json, obj
from schema.steps import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.store.queues import Queue
    from schema.steps import Step
    from schema.transaction import Tx


def land(
    call: "Call",
    *,
    name: str | None,
    run: str | None,
    target: str | None,
    jobs: int | None,
    key: str | None,
) -> None:
    """Land a task's work, or all finished work of a run; what landed already counts as done."""
    with call.db.read() as tx:
        kept = call.kept(tx, entries.ACTOR)
        run_id, task_id = task_names.run_or_task(tx, run, name)
    if kept is not None:
        call.say(kept)
        return
    again = say("land", f"{run_id}/{task_id}" if task_id else run_id, target=target)
    call.resume = joined(again.at(call.place))
    reconcile(call.db, run_id, call.note)
    queued, skipped = _queued(call, run_id, task_id, target)
    entry = _entry_of(call, run_id, task_id, target) if task_id else None
    queues = _queues(call, run_id, entry, target)
    if entry is not None and entry.status in IN_TARGET:
        before = runner.QueueOutcome(queues[0])
        before.landed.append(entry)
        call.say(_said(call, run_id, [before], [], [], already=entry.entry_id))
        return
    outcomes = [runner.run(call.db, queue, Options(None, jobs)) for queue in queues]
    answer = _said(call, run_id, outcomes, queued, skipped)
    refusal = _refusal(call, outcomes, again, entry)
    if refusal is not None:
        refusal.data = answer
        raise refusal
    call.say(queue_run.keep(call, answer))


def _queued(
    call: "Call", run_id: str, task_id: str | None, target: str | None
) -> "tuple[list[Entry], list[dict[str, object]]]":
    """Queue what is finished and was not queued; of a run also say what was left out."""
    with call.db.read() as tx:
        leader = runs.require_open(tx, run_id).leader
    skipped: list[dict[str, object]] = []
    if task_id is not None:
        if _entry_of(call, run_id, task_id, target) is not None:
            return [], []
        chosen = [(run_id, task_id)]
    else:
        try:
            chosen, skipped = queueing.unlanded(call, run_id)
        except Failure as failure:
            if failure.code != "no_matching_work":
                raise
            return [], []
    options = enqueue.EnqueueOptions(target, None, None, leader)
    try:
        prepared, more = queueing.prepare_all(call, chosen, options, everything=task_id is None)
    except Failure:
        if task_id is not None or not _has_open(call, run_id):
            raise
        return [], skipped  # What waits already is run all the same.
    added: list[Entry] = []

    def _answer(_tx: "Tx", found: list[Entry]) -> Json:
        added.extend(found)
        return obj()

    enqueue.confirm(call.db, prepared, _answer)
    return added, skipped + more


def _entry_of(call: "Call", run_id: str, task_id: str, target: str | None) -> Entry | None:
    """Return the entry of a task's newest attempt that is open or landed, None for none."""
    with call.db.read() as tx:
        task = tasks.require(tx, run_id, task_id)
        newest = attempts.latest(tx, task)
        if newest is None:
            return None
        for entry in store.of_task(tx, task.task_no):
            branch = entry.target.removeprefix(open_queue.HEADS)
            if entry.kind != "task" or entry.attempt_key != newest.attempt_key:
                continue
            if target not in (None, branch) or entry.status in ("cancelled", "superseded"):
                continue
            return entry
    return None


def _has_open(call: "Call", run_id: str) -> bool:
    from orch.store import ends

    with call.db.read() as tx:
        return bool(ends.open_entries(tx, run_id))


def _queues(call: "Call", run_id: str, entry: Entry | None, target: str | None) -> "list[Queue]":
    if entry is None:
        return open_queue.queues_of(call.db, run_id, target, None)
    with call.db.read() as tx:
        return [queue_rows.get(tx, entry.queue_no)]


def _refusal(
    call: "Call", outcomes: list[runner.QueueOutcome], again: "Step", entry: Entry | None
) -> Failure | None:
    """Return why it did not land: of a task, whatever became of others."""
    if entry is None:
        return queue_ends.refusal(call.db, outcomes, again)
    with call.db.read() as tx:
        if store.get(tx, entry.entry_no).status in IN_TARGET:
            return None
    return queue_ends.refusal(call.db, outcomes, again, only=entry.entry_no)


def _said(
    call: "Call",
    run_id: str,
    outcomes: list[runner.QueueOutcome],
    queued: list[Entry],
    skipped: "list[dict[str, object]]",
    already: str | None = None,
) -> Json:
    names = [entry.entry_id for entry in queued]
    more = {"queued": names, "skipped": skipped, "already": already}
    return queue_run.answer(call, run_id, outcomes, more)
