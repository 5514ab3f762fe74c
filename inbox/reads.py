"""Published JSON of threads, messages and events, for commands that show. Nothing here writes."""

from inbox.store import messages
from schema import events, queries
from schema.json_text import NULL, Json, array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Thread
    from schema.transaction import ReadTx, Row

_SQL = queries.load(__file__)


def fetch(
    tx: "ReadTx",
    agent: str | None,
    pools: tuple[str, ...],
    statuses: tuple[str, ...],
    limit: int,
    unread_only: bool,
) -> tuple[Json, int]:
    """Return (threads newest change first, how many); each with `unread` for the agent.

    With an agent: what is assigned to it, and the pending threads of its pools.
    """
    values: dict[str, object] = {"reader": agent, "statuses": array(statuses), "limit": limit}
    if agent is None and not pools:
        rows = tx.many(_SQL["fetch_all"], **values)
    else:
        wanted = offers(agent, pools, statuses)
        only = int(unread_only)
        del values["statuses"]
        rows = tx.many(_SQL["fetch_assigned"], offers=wanted, unread_only=only, **values)
    return array([_with_unread(row, agent) for row in rows]), len(rows)


def offers(agent: str | None, pools: tuple[str, ...], statuses: tuple[str, ...]) -> Json:
    """Return whose threads of which status are asked for: [[assignee, status], …]."""
    own = [[agent, status] for status in statuses if agent is not None]
    return array(own + [[pool, "pending"] for pool in pools if "pending" in statuses])


def _with_unread(row: "Row", agent: str | None) -> Json:
    return merge(row[0], unread=row[1] if agent is not None else None)


_DRIVERS = (
    ("agent", "list_of_assignee"),
    ("run", "list_of_run"),
    ("created_by", "list_of_creator"),
    ("statuses", "list_of_status"),
)


def list_threads(
    tx: "ReadTx",
    *,
    agent: str | None,
    created_by: str | None,
    run: str | None,
    statuses: tuple[str, ...] | None,
    limit: int,
    after_event: int,
) -> tuple[Json, bool]:
    """Return (threads newest first, whether there are more)."""
    values: dict[str, object] = {
        "agent": agent,
        "created_by": created_by,
        "run": run,
        "statuses": None if statuses is None else array(statuses),
        "limit": limit + 1,
        "after_event": after_event,
    }
    name = next((query for filter_, query in _DRIVERS if values[filter_] is not None), "list_all")
    rows = tx.many(_SQL[name], **values)
    return array([Json(row[0]) for row in rows[:limit]]), len(rows) > limit


def show(
    tx: "ReadTx", found: "Thread", after: int, limit: int, max_bytes: int | None, agent: str | None
) -> tuple[Json, int]:
    """Return (thread with its messages, the last message shown)."""
    from inbox.store import cursors, leases, threads

    page, last, more = messages.page(tx, found.thread_no, after, limit, max_bytes)
    read = cursors.position(tx, agent, found.thread_no) if agent is not None else None
    answer = obj(
        thread=threads.document(tx, found.thread_no),
        lease=leases.find_document(tx, found.thread_no),
        messages=page,
        truncated=more,
        next_after=f"msg_{last}" if more else None,
        last_read=f"msg_{read}" if read else None,
    )
    return answer, last


def first_event(
    tx: "ReadTx",
    after: int,
    *,
    agent: str | None = None,
    statuses: Json | None = None,
    run: str | None = None,
) -> int | None:
    """Return the first event after `after` of a thread that fits the filters."""
    query = _SQL["event_first_of_run" if run is not None else "event_first"]
    row = tx.maybe(query, after=after, agent=agent, statuses=statuses, run=run)
    return row[0] if row else None


def woken(tx: "ReadTx", event_id: int) -> Json:
    """Return what a watch answers for an event: its thread, its message, itself."""
    row = tx.one(_SQL["event_parts"], event_id=event_id)
    return obj(
        woke=True,
        thread=Json(row[0]) if row[0] else NULL,
        message=Json(row[1]) if row[1] else NULL,
        event=events.document(tx, event_id),
        next_event_id=event_id,
    )


def search(
    tx: "ReadTx", words: str, agent: str | None, thread_no: int | None, limit: int
) -> list[Json]:
    """Return the best matches of an FTS5 expression made by inbox/workflows/search.py."""
    rows = tx.many(
        _SQL["search_ranked"], words=words, agent=agent, thread_no=thread_no, limit=limit
    )
    return [Json(row[0]) for row in rows]
