"""Steps of a holder: renew, release, update, done, fail.

Each checks that the lease is the caller's (leases.require_holder, I4), changes the thread, and
appends one event with its message, all in the caller's transaction.
"""

from inbox import model
from inbox.machines import THREAD
from inbox.model import Change
from inbox.operations import leases
from inbox.store import leases as lease_rows
from inbox.store import messages
from inbox.store import threads as store
from schema.json_text import obj
from schema.transaction import Commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import MessageDraft, Thread
    from schema.transaction import Tx


def renew(tx: "Tx", thread: "Thread", agent: str, token: str | None, ttl_ms: int | None) -> Change:
    """Give the lease its full length again and say so in the thread."""
    lease, late = leases.require_holder(tx, thread, agent, token)
    ttl_ms = ttl_ms or lease.ttl_ms
    seconds = ttl_ms // 1000 if ttl_ms % 1000 == 0 else ttl_ms / 1000
    leases.refresh(tx, thread, lease, ttl_ms)
    event_id = store.record(tx, thread, "thread_renew", agent, thread.status, thread.assigned_to)
    store.touch(tx, thread.thread_no, event_id)
    messages.insert(
        tx,
        event_id,
        thread.thread_no,
        "event",
        agent,
        thread.created_by,
        model.MessageDraft("lease renewed", payload=obj(lease_seconds=seconds)),
    )
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def release(
    tx: "Tx", thread: "Thread", agent: str, token: str | None, reason: str, not_before_ms: int
) -> Change:
    """Give the thread back: pending again, for its addressee; no lost lease is counted."""
    _, late = leases.require_holder(tx, thread, agent, token)
    target = THREAD.next(thread.status, "release")
    not_before = tx.now.wall_ms + not_before_ms if not_before_ms > 0 else 0
    tx.ring("agent=" + thread.addressed_to)
    event_id = store.record(tx, thread, "thread_release", agent, target, thread.addressed_to)
    store.move(
        tx, thread, target, event_id, assigned_to=thread.addressed_to, not_before_at=not_before
    )
    lease_rows.end(tx, thread.thread_no, "release")
    messages.insert(
        tx,
        event_id,
        thread.thread_no,
        "event",
        agent,
        thread.created_by,
        model.MessageDraft("thread released", reason),
    )
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def update(
    tx: "Tx", thread: "Thread", agent: str, token: str | None, status: str, draft: "MessageDraft"
) -> Change:
    """Report progress, or ask a question and be blocked until the holder updates again."""
    lease, late = leases.require_holder(tx, thread, agent, token)
    target = THREAD.next(thread.status, "update", status)
    event_id = store.record(tx, thread, "thread_update", agent, target, thread.assigned_to)
    store.move(tx, thread, target, event_id)
    leases.refresh(tx, thread, lease)
    kind = "question" if status == "blocked" else "progress"
    messages.insert(tx, event_id, thread.thread_no, kind, agent, thread.created_by, draft)
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def finish(
    tx: "Tx",
    thread: "Thread",
    verb: str,
    agent: str,
    token: str | None,
    draft: "MessageDraft",
    retryable: bool | None = None,
) -> Change:
    """Deliver the result (`verb` is done or fail): terminal, the lease released.

    The last holder of a cancelled thread is refused, and what it brought is kept as
    `thread_late_result`. Raises: what require_holder does.
    """
    if thread.status == "cancelled":
        last = lease_rows.last_holder(tx, thread.thread_no)
        if last is not None and last[0] == agent and _token_fits(tx, thread, token, last[1]):
            raise _late_result(tx, thread, verb, agent, draft, retryable)
    _, late = leases.require_holder(tx, thread, agent, token)
    target = THREAD.next(thread.status, verb)
    payload = obj(late=late) if retryable is None else obj(late=late, retryable=retryable)
    event_id = store.record(tx, thread, "thread_result", agent, target, thread.assigned_to, payload)
    reason = None if retryable is None else "retryable" if retryable else "permanent"
    store.move(tx, thread, target, event_id, reason=reason)
    lease_rows.end(tx, thread.thread_no, verb)
    messages.insert(tx, event_id, thread.thread_no, "result", agent, thread.created_by, draft)
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def _token_fits(tx: "Tx", thread: "Thread", token: str | None, epoch: int) -> bool:
    return token is None or leases.token_epoch(tx, thread, token) == epoch


def _late_result(
    tx: "Tx",
    thread: "Thread",
    verb: str,
    agent: str,
    draft: "MessageDraft",
    retryable: bool | None,
) -> Commit:
    """Keep what a superseded holder brought; return the refusal (the one that writes)."""
    event_id = messages.find_late_result(tx, thread.thread_no, agent, draft)
    if event_id is None:
        event_id = store.record(
            tx,
            thread,
            "thread_late_result",
            agent,
            thread.status,
            thread.assigned_to,
            obj(verb=verb, retryable=retryable),
        )
        store.touch(tx, thread.thread_no, event_id)
        messages.insert(tx, event_id, thread.thread_no, "result", agent, thread.created_by, draft)
    return Commit(
        "invalid_state",
        "superseded",
        f"thread {thread.thread_id} was cancelled; your result is kept as msg_{event_id}",
        hint="stop working on it; its creator can still take what you brought",
        details={"event_id": event_id},
    )
