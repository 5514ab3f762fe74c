"""Due news: what a run's log says that its tasks have not heard yet, and whether there is any."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Run
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


class Item(queries.Record):
    """One event of a thread that belongs to the run."""

    event_id: int
    event_type: str
    actor: str
    thread_no: int
    status: str
    assigned_to: str
    reason: str
    at: int


def due(tx: "ReadTx", run: "Run") -> "tuple[bool, bool, bool, bool, bool, bool]":
    """Return what there is to reconcile: (news for tasks, dispatches under way, turns, heads,
    requests being planned, places to be made).

    In a closed run only dispatches count.
    """
    values = {"run_id": run.run_id, "after": run.reconciled_through}
    now = tx.now
    row = tx.one(_SQL["news_due"], **values, domain=now.domain, boot=now.boot_ms)
    told, dispatches, turns, heads, requests, places = map(bool, row)
    if run.closed_at is not None:
        return False, dispatches, False, False, False, False
    return told, dispatches, turns, heads, requests, places


def has_round_two(tx: "ReadTx", run: "Run") -> bool:
    """Return whether the run is a council whose second round has not begun, and may."""
    asked = tx.maybe(_SQL["news_round_two"], run_id=run.run_id) is not None
    return asked and run.closed_at is None


def after(tx: "ReadTx", run_id: str, position: int) -> list[Item]:
    """Return the thread events after the cursor, in order."""
    return Item.many(tx, _SQL["news_of_run"], run_id=run_id, after=position)


def first_of_types(tx: "ReadTx", run_id: str, after: int, types: str) -> "tuple[int, str] | None":
    """Return (event id, task id or '') of the first event of the types (JSON) after `after`."""
    row = tx.maybe(_SQL["event_first_of_types"], run_id=run_id, after=after, types=types)
    return (row[0], row[1]) if row else None


def documents(
    tx: "ReadTx", run_id: str, after: int, types: "str | None", limit: int
) -> "list[tuple[int, str]]":
    """Return (event id, JSON) of the run's events after `after`."""
    rows = tx.many(_SQL["event_page"], run_id=run_id, after=after, types=types, limit=limit)
    return [(row[0], row[1]) for row in rows]


def documents_of_all(tx: "ReadTx", after: int, limit: int) -> "list[tuple[int, str]]":
    """Return (event id, JSON) of the store's events after `after`."""
    rows = tx.many(_SQL["event_page_of_all"], after=after, limit=limit)
    return [(row[0], row[1]) for row in rows]
