"""Lease rules: who may act on a thread, so that two workers are impossible (protocol 4)."""

from inbox.model import TERMINAL, Lease, Thread
from inbox.steps import say
from inbox.store import leases as store
from inbox.store import threads
from schema import ids
from schema.failures import Failure
from schema.json_text import Json, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx


def require_thread(tx: "ReadTx", thread_id: str) -> Thread:
    """Return the thread. Raises: not_found with near ids."""
    return threads.get(tx, thread_id)


def require_open(thread: Thread) -> None:
    """Raise invalid_state/terminal if nothing can happen to the thread any more."""
    if thread.status in TERMINAL:
        raise Failure(
            "invalid_state",
            "terminal",
            f"thread {thread.thread_id} is {thread.status}: nothing can change it",
            next=[say("show", thread=thread.thread_id).because("read it")],
        )


def token_epoch(tx: "ReadTx", thread: Thread, token: str) -> int | None:
    """Return the epoch an authentic token names, None for a forged or foreign one."""
    try:
        epoch = ids.token_epoch(token)
    except Failure:
        return None
    if epoch <= thread.epoch and token == ids.lease_token(
        store.secret(tx), thread.thread_id, epoch
    ):
        return epoch
    return None


def require_holder(
    tx: "ReadTx", thread: Thread, agent: str, token: str | None
) -> tuple[Lease, bool]:
    """Return (the agent's active lease, whether it is late): expiry does not fence, a claim does.

    Guarantees I4. Raises, in this order: invalid_state (terminal, no_lease), lease_conflict
    (bad_token, superseded, held).
    """
    require_open(thread)
    lease = thread.lease
    if lease is None:
        raise Failure(
            "invalid_state",
            "no_lease",
            f"thread {thread.thread_id} is {thread.status}: {agent} holds no lease on it",
            hint="claim it first",
            next=[say("claim", agent=agent, thread=thread.thread_id)],
        )
    epoch = None if token is None else token_epoch(tx, thread, token)
    if token is not None and epoch is None:
        raise Failure(
            "lease_conflict",
            "bad_token",
            f"the lease token is not one of thread {thread.thread_id}",
            hint="use data.lease.token from your claim; stop working if you have none",
        )
    left = lease.remaining_ms(tx.now)
    if epoch is not None and epoch < lease.epoch:
        raise _superseded(thread, lease, agent)
    if lease.holder == agent:
        return lease, left <= 0
    if store.held_before(tx, thread.thread_no, agent):
        raise _superseded(thread, lease, agent)
    if left <= 0:
        raise Failure(
            "invalid_state",
            "no_lease",
            f"{agent} holds no lease on thread {thread.thread_id} ({lease.holder}'s ran out)",
            hint="take it over",
            next=[say("claim", agent=agent, thread=thread.thread_id)],
        )
    raise held(thread, lease, left, agent)


def held(thread: Thread, lease: Lease, left_ms: int, agent: str) -> Failure:
    """Return the refusal of one who comes second: do not start."""
    seconds = -(-left_ms // 1000)
    return Failure(
        "lease_conflict",
        "held",
        f"thread {thread.thread_id} is held by {lease.holder} for {seconds} more seconds: "
        "do not start",
        hint="take other work",
        next=[say("claim", agent=agent, next=True)],
        details={"holder": lease.holder, "epoch": lease.epoch, "remaining_seconds": seconds},
    )


def _superseded(thread: Thread, lease: Lease, agent: str) -> Failure:
    return Failure(
        "lease_conflict",
        "superseded",
        f"thread {thread.thread_id} was claimed again, by {lease.holder}: stop working on it",
        hint="nothing was written; take other work",
        next=[say("claim", agent=agent, next=True)],
        details={"holder": lease.holder, "epoch": lease.epoch},
    )


def refresh(tx: "Tx", thread: Thread, lease: Lease, ttl_ms: int | None = None) -> bool:
    """Renew silently: no message, no event, nobody woken; False when it has ended (`touch`)."""
    return store.extend(tx, thread.thread_no, lease, ttl_ms or lease.ttl_ms)


def prove_life(tx: "Tx", thread_id: str, agent: str, token: str | None) -> Lease:
    """Renew silently, in a `touch` too: who is overtaken there looks again.

    Raises: as require_holder.
    """
    while True:
        thread = require_thread(tx, thread_id)
        lease, _ = require_holder(tx, thread, agent, token)
        if refresh(tx, thread, lease):
            return lease


def with_token(tx: "ReadTx", thread_id: str, epoch: int, lease: str) -> Json:
    """Return a lease document with its token, computed and never stored."""
    return merge(lease, token=ids.lease_token(store.secret(tx), thread_id, epoch))
