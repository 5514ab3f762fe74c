"""Names of an entry, as people type them (ent_5, R/T, or a bare task), and how one is shown."""

from orch import process_identity
from orch.cli import task_names
from orch.landing import required_checks
from orch.operations import entries, runs
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store.entries import Entry
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from schema.transaction import ReadTx

    Explained = dict[int, tuple[int | None, str, Json, str]]

PREFIX = "ent_"


def require(tx: "ReadTx", name: str | None, run: str | None, *, of_work: bool = False) -> Entry:
    """Return the entry that is named; by its task, the newest one.

    `of_work`: the newest that brings the task's work, not one that takes it back. Raises:
    invalid_input, not_found (entry, run, task).
    """
    if name is None:
        raise invalid_input(
            "missing ENTRY: which one?", reason="flag", hint="ent_5, or its task: R/T"
        )
    digits = name.removeprefix(PREFIX)
    if name.startswith(PREFIX) and digits.isascii() and digits.isdigit() and len(digits) < 18:
        found = entries.require(tx, int(digits))
        if run is not None and found.run_id != run:
            runs.require(tx, run)
            raise not_found("entry", f"{name} in run {run}", hint=f"it is of run {found.run_id}")
        return found
    _, task = task_names.require_task(tx, run, name, None)
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


def refreshed(entry: Entry, now: "Explained") -> Entry:
    """Return the entry with the approvals that a look just showed."""
    seen = now.get(entry.entry_no)
    if seen is not None:
        entry.approvals = seen[2]
    return entry


def of_queue(tx: "ReadTx", queue_no: int) -> dict[str, object]:
    """Return the published shape of a queue."""
    queue = queue_rows.get(tx, queue_no)
    runner = queue.runner_pid
    if queue.runner is not None and process_identity.is_gone(*queue.runner):
        runner = None  # It was killed.
    return {
        "target": queue.branch,
        "repo_path": queue.repo_path,
        "hold_reason": queue.hold_reason or None,
        "window": queue.window,
        "runner_pid": runner,
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
        "hint": failure.advice,
    }


def rules(tx: "ReadTx", entry: Entry, settings: "Config | str") -> list[str]:
    """Return in words which rules of the policy an entry meets, or why none can be read."""
    from orch.landing import approval_gate

    if isinstance(settings, str):
        return [f"nothing is approved while {settings}"]
    waived = not required_checks.of_entry(tx, settings, entry)
    verdict = approval_gate.evaluate(tx, settings, entry, waived=waived, resolved=False)
    return [f"because of {why}" for why in verdict.why]
