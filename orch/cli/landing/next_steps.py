"""What comes next for an entry, for a list of them, after a landing: the exact command."""

import json

from orch.model import integration_branch
from orch.operations import attempts, entries
from orch.steps import owed
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store import runs as run_rows
from orch.store import tasks as task_rows
from orch.store.entries import ON_ITS_WAY, Entry

# Statuses that their reason explains: what a pass would say of them adds nothing.
TOLD_BY_REASON = ("conflict", "failed", "held", "quarantined", "awaiting_approval")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx


def command(tx: "ReadTx", entry: Entry) -> str:
    """Return the command that moves an entry, or what comes after it, on."""
    run = entry.run_id
    if entry.status in ON_ITS_WAY and queue_rows.get(tx, entry.queue_no).hold_reason:
        return f"orch queue release --target {entry.target.removeprefix('refs/heads/')}"
    if entry.status == "verified":
        return after_landing(run, entry.target.removeprefix("refs/heads/"))
    if entry.status in ("cancelled", "superseded") and entry.kind == "task":
        return _anew(tx, entry)
    if entry.status == "awaiting_approval":
        return approval(entry) if awaited(entry) else f"orch queue run --run {run}"
    if entry.status in ("conflict", "failed"):
        if entry.kind != "task":
            return f"orch queue retry {entry.entry_id}"  # It has no worker to do it again.
        if _is_closed(tx, entry):
            return f"orch queue cancel {entry.entry_id} --reason TEXT"
    again = is_done_again(tx, entry)
    found = owed.command(run, entry.entry_id, str(entry.status), reworked=again)
    return found or f"orch queue list --run {run}"


def _anew(tx: "ReadTx", entry: Entry) -> str:
    """Return how the work of an entry that is out of its queue lands after all."""
    task = task_rows.by_no(tx, entry.task_number)
    newer = [e for e in store.of_task(tx, entry.task_number) if e.entry_no > entry.entry_no]
    if newer:
        return f"orch queue show {newer[0].entry_id}"
    if _is_closed(tx, entry):
        return f"orch queue list --run {entry.run_id}"
    if task.status != "done":
        return f"orch wait --run {entry.run_id}"
    newest = attempts.latest(tx, task)
    assert newest is not None
    if store.reverted_by(tx, entry.queue_no, task.task_no, newest.attempt_key) is not None:
        return f"orch queue retry {entry.name} --rework --body TEXT"
    return f"orch queue add {entry.name} --target {entry.target.removeprefix('refs/heads/')}"


def _is_closed(tx: "ReadTx", entry: Entry) -> bool:
    run = run_rows.find(tx, entry.run_id)
    return run is not None and run.closed_at is not None


def first_command(tx: "ReadTx", listed: list[Entry], run: str | None) -> str:
    """Return what moves a list of entries on: the runner, else the first that waits for people."""
    open_ones = [entry for entry in listed if entry.status not in entries.FINAL]
    held = [e for e in open_ones if queue_rows.get(tx, e.queue_no).hold_reason]
    if held and len(held) == len(open_ones):
        return command(tx, held[0])
    if any(entry.status in ON_ITS_WAY and not waits_for_people(entry) for entry in open_ones):
        return "orch queue run" + (f" --run {run}" if run else "")
    if open_ones:
        return command(tx, open_ones[0])
    return f"orch status --run {run}" if run else "orch queue add R/T"


def awaited(entry: Entry) -> list[str]:
    """Return whose approval an entry lacks, in words."""
    found: list[str] = json.loads(entry.approvals)["missing"]
    return found


def approval(entry: Entry) -> str:
    """Return the command that brings what an entry lacks."""
    task = entry.name if entry.kind == "task" else ""
    return owed.approval(entry.entry_id, task, awaited(entry))


def waits_for_people(entry: Entry) -> bool:
    """Say whether only an approval moves an entry on."""
    return entry.status == "awaiting_approval" and bool(awaited(entry))


def after_landing(run: str, branch: str) -> str:
    """Return what follows once a run's work is on a branch: its own one, or a user's."""
    if branch == integration_branch(run):
        return f"orch integrate --run {run}"
    return f"orch cleanup --run {run} --all-completed"


def is_done_again(tx: "ReadTx", entry: Entry) -> bool:
    """Say whether an entry's task is being worked on again."""
    return entry.task_no is not None and task_rows.by_no(tx, entry.task_number).status != "done"
