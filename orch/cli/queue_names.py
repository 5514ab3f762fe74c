"""How people name an entry (ent_5, R/T, or a bare task), and how one is shown."""

from orch.cli import names
from orch.operations import entries
from orch.store import entries as store
from orch.store import landings
from orch.store import queues as queue_rows
from orch.store.entries import Entry
from schema.failures import Failure, invalid_input
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
        return entries.require(tx, int(digits))
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

    settings = config.load(entry.repo_path)
    waived = not queue_snapshot.checks_of(tx, settings, entry)
    verdict = queue_gate.weigh(tx, settings, entry, waived=waived, resolved=False)
    return [f"because of {why}" for why in verdict.why]


def next_command(entry: Entry, *, reworked: bool = False) -> str:
    """Return the exact command that moves an entry on; "" when there is none."""
    if entry.status == "verified":
        return f"orch integrate --run {entry.run_id}"
    return landings.owed(entry.run_id, entry.entry_id, str(entry.status), reworked=reworked)
