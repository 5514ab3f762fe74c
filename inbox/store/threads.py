"""Rows of `thread`, and its events: a change of a state repeats the old state in its WHERE."""

from inbox.model import Thread
from inbox.steps import say
from schema import events, queries
from schema.failures import not_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.json_text import Json
    from schema.transaction import ReadTx, Row, Tx

_SQL = queries.load(__file__)


def find(tx: "ReadTx", thread_id: str) -> Thread | None:
    """Return the thread with its active lease, or None."""
    return Thread.maybe(tx, _SQL["thread_find"], thread_id=thread_id)


def get(tx: "ReadTx", thread_id: str) -> Thread:
    """Return the thread. Raises: not_found with near ids."""
    thread = find(tx, thread_id)
    if thread is None:
        close = near(tx, thread_id)
        raise not_found("thread", thread_id, near=close, next=[] if close else [say("list")])
    return thread


def near(tx: "ReadTx", thread_id: str) -> list[str]:
    """Return a few ids that look like `thread_id`."""
    from difflib import get_close_matches

    names = [row[0] for row in tx.many(_SQL["thread_recent_ids"])]
    return get_close_matches(thread_id, names, 3, 0.6)


def next_no(tx: "ReadTx", thread_id: str) -> tuple[int, bool]:
    """Return (the next thread number, whether `thread_id` is taken)."""
    number, taken = tx.one(_SQL["thread_next_no"], thread_id=thread_id)
    return number, bool(taken)


def insert(tx: "Tx", event_id: int, values: dict[str, object]) -> None:
    """Add a pending thread whose first event is `event_id`."""
    tx.execute(_SQL["thread_insert"], event_id=event_id, **values)


def claim(tx: "Tx", thread: Thread, event_id: int, agent: str, lost: int) -> None:
    """Give the thread to `agent` under the next epoch; `lost` leases were lost before it."""
    tx.one(
        _SQL["thread_claim"],
        thread_no=thread.thread_no,
        source=thread.status,
        epoch=thread.epoch,
        event_id=event_id,
        agent=agent,
        lost=lost,
    )


def move(
    tx: "Tx",
    thread: Thread,
    target: str,
    event_id: int,
    *,
    assigned_to: str | None = None,
    reason: str | None = None,
    not_before_at: int | None = None,
) -> None:
    """Move the thread from the status it was read with to `target`."""
    tx.one(
        _SQL["thread_move"],
        thread_no=thread.thread_no,
        source=thread.status,
        epoch=thread.epoch,
        target=target,
        event_id=event_id,
        assigned_to=assigned_to,
        reason=reason,
        not_before_at=not_before_at,
    )


def touch(tx: "Tx", thread_no: int, event_id: int) -> None:
    """Record the newest message of a thread whose status stays."""
    tx.execute(_SQL["thread_touch"], thread_no=thread_no, event_id=event_id)


def record(
    tx: "Tx",
    thread: Thread,
    event_type: str,
    actor: str,
    status: str,
    assigned_to: str,
    payload: str = "{}",
) -> int:
    """Append the event of a change; the thread's waiters are rung after the commit."""
    tx.ring("thread=" + thread.thread_id)
    return events.record(
        tx,
        event_type,
        actor,
        thread_no=thread.thread_no,
        run_id=thread.run_id,
        task_id=thread.task_id,
        status=status,
        assigned_to=assigned_to,
        payload=payload,
    )


def document(tx: "ReadTx", thread_no: int) -> "Json":
    """Return the published JSON of one thread."""
    return tx.json(_SQL["thread_document"], thread_no=thread_no)


def offered(tx: "ReadTx", agent: str, addressees: "Json") -> str | None:
    """Return the thread that a claim of the next one would meet now, None for none.

    The addressees' pending ones and those whose lease ran out: by priority, then by age.
    """
    pending = tx.maybe(_SQL["thread_claimable"], addressees=addressees)
    offers = [pending, _lapsed(tx, agent, addressees)]
    found = sorted((-row[1], row[2], row[0]) for row in offers if row is not None)
    return found[0][2] if found else None


def _lapsed(tx: "ReadTx", agent: str, addressees: "Json") -> "Row | None":
    return tx.maybe(
        _SQL["thread_lapsed"],
        addressees=addressees,
        agent=agent,
        domain=tx.now.domain,
        boot=tx.now.boot_ms,
    )


def next_release(tx: "ReadTx", agent: str, addressees: "Json") -> int | None:
    """Return the ms until time alone makes a thread of theirs claimable, None for never."""
    row = tx.one(
        _SQL["thread_next_release"],
        addressees=addressees,
        agent=agent,
        domain=tx.now.domain,
        boot=tx.now.boot_ms,
    )
    soonest = [value for value in row if value is not None]
    return min(soonest) if soonest else None
