"""How people name an entry (ent_5, R/T, or a bare task), and how one is shown."""

import json

from orch.cli import names
from orch.operations import entries, runs
from orch.queue import owed
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store import tasks as task_rows
from orch.store.entries import ON_ITS_WAY, Entry
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

    Explained = dict[int, tuple[int | None, str, Json, str]]

_PREFIX = "ent_"


def require(tx: "ReadTx", name: str | None, run: str | None, *, of_work: bool = False) -> Entry:
    """Return the entry that is named; by its task, the newest one.

    `of_work`: the newest that brings the task's work, not one that takes it back. Raises:
    invalid_input, not_found (entry, run, task).
    """
    if name is None:
        raise invalid_input(
            "missing ENTRY: which one?", reason="flag", hint="ent_5, or its task: R/T"
        )
    digits = name.removeprefix(_PREFIX)
    if name.startswith(_PREFIX) and digits.isascii() and digits.isdigit() and len(digits) < 18:
        found = entries.require(tx, int(digits))
        if run is not None and found.run_id != run:
            runs.require(tx, run)
            raise not_found("entry", f"{name} in run {run}", hint=f"it is of run {found.run_id}")
        return found
    _, task = names.require_task(tx, run, name, None)
    newest = entries.require_of_task(tx, task)
    if of_work and newest.kind != "task":
        return next(e for e in store.of_task(tx, task.task_no) if e.kind == "task")
    return newest


def document(tx: "ReadTx", entry: Entry, now: "Explained") -> Json:
    """Return the published JSON of an entry, with what a look at git just showed."""
    seen = now.get(entry.entry_no)
    if seen is None:
        return store.document(tx, entry.entry_no)
    place, why, approvals, risk = seen
    return store.document_seen(tx, entry.entry_no, place, why, approvals, risk)


def of_queue(tx: "ReadTx", queue_no: int) -> dict[str, object]:
    """Return the published shape of a queue."""
    queue = queue_rows.get(tx, queue_no)
    return {
        "target": queue.branch,
        "repo_path": queue.repo_path,
        "hold_reason": queue.hold_reason or None,
        "window": queue.window,
        "runner_pid": queue.runner_pid,
        "open": len(store.open_of_queue(tx, queue_no)),
    }


def some_run(tx: "ReadTx", queue_no: int) -> str:
    """Return a run that is in a queue: its news is told there."""
    found = store.open_of_queue(tx, queue_no) or store.chosen(tx, None, queue_no, None)
    return str(found[0].run_id)


def error(failure: Failure) -> dict[str, object]:
    """Return a refusal as it stands in a list."""
    return {
        "code": failure.code,
        "reason": failure.reason,
        "message": failure.message,
        "hint": failure.hint,
    }


def rules(tx: "ReadTx", entry: Entry) -> list[str]:
    """Return in words which rules of the policy an entry meets."""
    from orch import config
    from orch.workflows import queue_gate, queue_snapshot

    try:
        settings = config.load(entry.repo_path)
    except Failure as failure:
        if failure.code != "invalid_input":
            raise
        return [f"nothing is approved while {failure.message}"]
    waived = not queue_snapshot.checks_of(tx, settings, entry)
    verdict = queue_gate.weigh(tx, settings, entry, waived=waived, resolved=False)
    return [f"because of {why}" for why in verdict.why]


def next_command(tx: "ReadTx", entry: Entry) -> str:
    """Return the exact command that moves an entry, or what comes after it, on."""
    run = entry.run_id
    if entry.status == "verified":
        return after_landing(run, entry.target.removeprefix("refs/heads/"))
    if entry.status == "awaiting_approval" and not awaited(entry):
        return f"orch queue run --run {run}"
    if entry.kind != "task" and entry.status in ("conflict", "failed"):
        return f"orch queue retry {entry.entry_id}"  # It has no worker to do it again.
    again = is_done_again(tx, entry)
    command = owed.command(run, entry.entry_id, str(entry.status), reworked=again)
    return command or f"orch queue list --run {run}"


def first_command(tx: "ReadTx", listed: list[Entry], run: str | None) -> str:
    """Return what moves a list of entries on: the runner, else the first that waits for people."""
    open_ones = [entry for entry in listed if entry.status not in entries.FINAL]
    if any(entry.status in ON_ITS_WAY and not waits_for_people(entry) for entry in open_ones):
        return "orch queue run" + (f" --run {run}" if run else "")
    if open_ones:
        return next_command(tx, open_ones[0])
    return f"orch status --run {run}" if run else "orch queue add R/T"


def awaited(entry: Entry) -> list[str]:
    """Return whose approval an entry lacks, in words."""
    found: list[str] = json.loads(entry.approvals)["missing"]
    return found


def waits_for_people(entry: Entry) -> bool:
    """Say whether only an approval moves an entry on."""
    return entry.status == "awaiting_approval" and bool(awaited(entry))


def after_landing(run: str, branch: str) -> str:
    """Return what follows once a run's work is on a branch: its own one, or a user's."""
    if branch == f"orch-integration/{run}":
        return f"orch integrate --run {run}"
    return f"orch cleanup --run {run} --all-completed"


def is_done_again(tx: "ReadTx", entry: Entry) -> bool:
    """Say whether an entry's task is being worked on again."""
    return entry.task_no is not None and task_rows.by_no(tx, entry.task_no).status != "done"
