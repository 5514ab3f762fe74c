"""Standing of an entry, read from the store, and what comes next for it or for several."""

from orch import run_end
from orch.cli import beside_driver
from orch.operations import attempts, entries, runs, tasks
from orch.steps import entry as steps
from orch.steps.entry import EntryStanding
from orch.steps.model import say
from orch.steps.run import queue_all, status_of
from orch.store import ends
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store import runs as run_rows
from orch.store import tasks as task_rows
from orch.store.entries import ON_ITS_WAY, Entry
from schema.json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Task
    from schema.steps import Step
    from schema.transaction import Database, ReadTx


def of(tx: "ReadTx", entry: Entry) -> EntryStanding:
    """Return where an entry stands."""
    is_task = entry.kind == "task"
    task = task_rows.by_no(tx, entry.task_no) if entry.task_no is not None and is_task else None
    run = run_rows.find(tx, entry.run_id)
    newer = ""
    if task is not None:
        known = store.of_task(tx, entry.task_number)
        newer = next((e.entry_id for e in known if e.entry_no > entry.entry_no), "")
    return EntryStanding(
        entry.entry_id,
        entry.run_id,
        str(entry.status),
        task=task.name if task is not None else "",
        task_status=task.status if task is not None else "",
        branch=entry.target.removeprefix("refs/heads/"),
        missing=awaited(entry),
        newer=newer,
        is_held=bool(queue_rows.get(tx, entry.queue_no).hold_reason),
        is_closed=run is not None and run.closed_at is not None,
        is_replaced=task is not None and _is_replaced(tx, entry, task),
        is_taken_back=task is not None and _is_taken_back(tx, entry, task),
    )


def _is_replaced(tx: "ReadTx", entry: Entry, task: "Task") -> bool:
    newest = attempts.latest(tx, task)
    return newest is not None and newest.attempt_key != entry.attempt_key


def _is_taken_back(tx: "ReadTx", entry: Entry, task: "Task") -> bool:
    newest = attempts.latest(tx, task)
    if newest is None or task.status != "done":
        return False
    return store.reverted_by(tx, entry.queue_no, task.task_no, newest.attempt_key) is not None


def step(tx: "ReadTx", entry: Entry) -> "Step":
    """Return the command that moves an entry, or what comes after it, on."""
    return beside_driver.instead(tx, steps.of_entry(of(tx, entry)), entry.run_id)


def first_step(tx: "ReadTx", listed: list[Entry], run: str | None) -> "Step":
    """Return what moves a list of entries on: the runner, else the first that waits for people."""
    open_ones = [entry for entry in listed if entry.status not in entries.FINAL]
    held = [e for e in open_ones if queue_rows.get(tx, e.queue_no).hold_reason]
    if held and len(held) == len(open_ones):
        return step(tx, held[0])
    if any(entry.status in ON_ITS_WAY and not waits_for_people(entry) for entry in open_ones):
        return beside_driver.instead(tx, steps.run_queue(run))
    if open_ones:
        return step(tx, open_ones[0])
    for entry in listed:
        stands = of(tx, entry)
        if entry.status == "cancelled" and not (stands.newer or stands.is_closed):
            return steps.of_entry(stands)
    return status_of(run) if run else say("queue add", "R/T").because("nothing is queued")


def of_task(tx: "ReadTx", run_id: str, task_id: str) -> "Step | None":
    """Return what follows for the newest entry of a task; None when it was never queued."""
    known = store.of_task(tx, tasks.require(tx, run_id, task_id).task_no)
    return step(tx, known[0]) if known else None


def of_run(tx: "ReadTx", run_id: str) -> "Step | None":
    """Return what the open entries of a run want; None when it has none."""
    found = [store.get(tx, number) for number in ends.open_entries(tx, run_id)]
    return first_step(tx, found, run_id) if found else None


def way_to_land(db: "Database", run_id: str) -> "Step":
    """Return what brings a run nearer to its target when nothing of it can land now."""
    with db.read() as tx:
        run = runs.require(tx, run_id)
    if run.closed_at is None and run_end.unqueued(db, run):
        return queue_all(run_id)
    with db.read() as tx:
        step = of_run(tx, run_id) if run.closed_at is None else None
    return step or status_of(run_id)


def awaited(entry: Entry) -> list[str]:
    """Return whose approval an entry lacks, in words."""
    found: list[str] = loads(entry.approvals)["missing"]
    return found


def approval(entry: Entry) -> "Step":
    """Return the command that brings what an entry lacks."""
    task = entry.name if entry.kind == "task" else ""
    return steps.approval(entry.entry_id, task, awaited(entry))


def waits_for_people(entry: Entry) -> bool:
    """Say whether only an approval moves an entry on."""
    return entry.status in ("queued", "awaiting_approval") and bool(awaited(entry))


def is_done_again(tx: "ReadTx", entry: Entry) -> bool:
    """Say whether an entry's task is being worked on again."""
    return entry.task_no is not None and task_rows.by_no(tx, entry.task_no).status != "done"
