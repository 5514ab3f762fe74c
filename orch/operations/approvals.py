"""Verdicts on what is to land: recorded, told, and never by whom the work belongs to."""

from orch.operations import entries
from orch.store import approvals as store
from orch.store import entries as entry_rows
from orch.store.entries import Entry
from schema import events
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

OVER = (*entries.FINAL, "landed", "landing")


def give(
    tx: "Tx", entry: Entry, digest: str, *, kind: str, verdict: str, by: str, note: str
) -> int:
    """Record a verdict on an entry's head under the present policy; return the event's id.

    A reject holds the entry until somebody releases it. Raises: refused/approval_required for
    the owner of the work, invalid_state/terminal when it is over.
    """
    if entry.status in OVER:
        raise Failure(
            "invalid_state",
            "terminal",
            f"{entry.entry_id} ({entry.name}) is {entry.status}: nothing is to be approved",
            hint=f"orch queue show {entry.entry_id}",
        )
    refuse_owner(tx, entry, by)
    event_id = events.record(
        tx,
        "approval_given",
        by,
        run_id=entry.run_id,
        task_id=entry.task_id,
        summary=f"{verdict} by {kind} {by}" + (f": {note}" if note else ""),
        payload=obj(
            entry_id=entry.entry_id,
            kind=kind,
            verdict=verdict,
            head_commit=entry.head_commit,
            policy_digest=digest,
            note=note or None,
        ),
    )
    store.insert(
        tx,
        run_id=entry.run_id,
        task_no=entry.task_no,
        head_commit=entry.head_commit,
        policy_digest=digest,
        kind=kind,
        verdict=verdict,
        given_by=by,
        note=note,
        event_id=event_id,
    )
    if verdict == "reject" and entry.status not in ("held", "quarantined"):
        entries.hold(tx, entry, by, f"rejected by {by}" + (f": {note}" if note else ""))
    return tx.last_event_id


def refuse_owner(tx: "ReadTx", entry: Entry, by: str) -> None:
    """Raise refused/approval_required for whoever worked on the task."""
    if entry.task_no is None or by not in entry_rows.owners(tx, entry.task_no):
        return
    raise Failure(
        "refused",
        "approval_required",
        f"{by} worked on {entry.name}: nobody approves their own work",
        hint=f"somebody else: orch queue approve {entry.entry_id} --as NAME",
    )
