"""The append-only event log: every change is one row here, and every wait wakes on these.

Guarantees: ids are 1, 2, 3 … without a gap and never reused (I8); the file's triggers
refuse UPDATE and DELETE. Adding an event type? Name it `<noun>_<verb people type>`.
"""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.json_text import Json
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def record(
    tx: "Tx",
    event_type: str,
    actor: str,
    *,
    thread_no: int | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    status: str | None = None,
    assigned_to: str | None = None,
    summary: str | None = None,
    payload: str = "{}",
) -> int:
    """Append one event and return its id; the waiters on its run are rung after the commit."""
    if run_id is not None:
        tx.ring("run=" + run_id)
    tx.ring("any")
    event_id: int = tx.value(
        _SQL["event_record"],
        event_type=event_type,
        actor=actor,
        thread_no=thread_no,
        run_id=run_id,
        task_id=task_id,
        status=status,
        assigned_to=assigned_to,
        summary=summary,
        payload=payload,
        tx_id=tx.tx_id,
    )
    tx.last_event_id = event_id
    return event_id


def last_id(tx: "ReadTx") -> int:
    """Return the newest event id, 0 in an empty store."""
    found: int = tx.value(_SQL["event_last"])
    return found


def document(tx: "ReadTx", event_id: int) -> "Json":
    """Return the published JSON of one event."""
    return tx.json(_SQL["event_document"], event_id=event_id)


def was_committed(tx: "ReadTx", event_id: int, tx_id: int) -> bool:
    """Say whether the transaction `tx_id` is in the log: the answer to a failed COMMIT."""
    return tx.maybe(_SQL["event_of_transaction"], event_id=event_id, tx_id=tx_id) is not None
