"""Claims: a thread is taken, by its id or the next one, by one holder at a time (I3).

A claim raises the epoch, which fences every earlier holder off. Expiry is judged here, inside
the claim; there is no sweeper.
"""

from inbox import model
from inbox.machines import THREAD
from inbox.model import Change
from inbox.operations import leases
from inbox.steps import say
from inbox.store import leases as lease_rows
from inbox.store import messages
from inbox.store import threads as store
from schema.failures import Failure
from schema.json_text import array, obj
from schema.steps import Step
from schema.transaction import Commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Thread
    from schema.transaction import Tx

CLAIMED = "thread claimed"  # The message that a claim leaves.


def claim(
    tx: "Tx", thread: "Thread", agent: str, ttl_ms: int, pools: "tuple[str, ...]" = ()
) -> Change:
    """Give the thread to `agent` under a new epoch (I3).

    Raises: lease_conflict/held; invalid_state (terminal, already_yours, owned_by_run,
    not_yet, abandoned - the last one writes `failed` and commits).
    """
    lease = thread.lease
    lost = thread.lost_leases
    if lease is not None:
        left = lease.remaining_ms(tx.now)
        _require_claimable(thread, agent, lease, left)
        lost += 1
        if thread.max_claims and lost >= thread.max_claims:
            raise _abandon(tx, thread, agent, lost)
    else:
        leases.require_open(thread)
        _require_offered(tx, thread, agent, pools)
    epoch = thread.epoch + 1
    THREAD.next(thread.status, "claim")
    event_id = store.record(
        tx,
        thread,
        "thread_claim",
        agent,
        "claimed",
        agent,
        obj(epoch=epoch, holder=agent, lost_leases=lost),
    )
    store.claim(tx, thread, event_id, agent, lost)
    if lease is not None:
        lease_rows.end(tx, thread.thread_no, "claim")
    lease_rows.start(tx, thread.thread_no, epoch, agent, ttl_ms, event_id)
    messages.insert(
        tx,
        event_id,
        thread.thread_no,
        "event",
        agent,
        thread.created_by,
        model.MessageDraft(CLAIMED),
    )
    return Change(thread.thread_no, thread.thread_id, event_id)


def _require_claimable(thread: "Thread", agent: str, lease: "model.Lease", left: int) -> None:
    """Refuse a claim on a lease that is live, or that a run guards."""
    if left > 0 and lease.holder == agent:
        raise Failure(
            "invalid_state",
            "already_yours",
            f"{agent} holds thread {thread.thread_id} already, for {-(-left // 1000)} more seconds",
            hint="go on working; extend it",
            next=[say("renew", agent=agent, thread=thread.thread_id)],
        )
    if left > 0:
        raise leases.held(thread, lease, left, agent)
    if thread.owned_by_run and lease.holder != agent:
        raise Failure(
            "invalid_state",
            "owned_by_run",
            f"thread {thread.thread_id} belongs to run {thread.run_id} task {thread.task_id}: "
            f"only {lease.holder} may take it up again",
            next=[_reassign(thread, agent)],
        )


def _reassign(thread: "Thread", agent: str) -> Step:
    """Return how a run's leader gives the thread to another: a command of `orch`."""
    where = ("--run", str(thread.run_id), "--task", str(thread.task_id))
    return Step(("orch", "reassign", *where, "--to", agent), who="person")


def _require_offered(tx: "Tx", thread: "Thread", agent: str, pools: "tuple[str, ...]") -> None:
    """Refuse a pending thread that is not for `agent` yet, or at all."""
    mine = thread.addressed_to == agent or thread.addressed_to in pools
    if thread.owned_by_run and thread.epoch > 0 and not mine:
        raise Failure(
            "invalid_state",
            "owned_by_run",
            f"thread {thread.thread_id} belongs to run {thread.run_id} and was given back: "
            f"only {thread.addressed_to} may claim it",
            next=[_reassign(thread, agent)],
        )
    wait = thread.not_before_at - tx.now.wall_ms
    if wait > 0:
        raise Failure(
            "invalid_state",
            "not_yet",
            f"thread {thread.thread_id} may not start for another {-(-wait // 1000)} seconds",
            hint="take other work",
            next=[say("claim", agent=agent, next=True)],
        )


def _abandon(tx: "Tx", thread: "Thread", agent: str, lost: int) -> Commit:
    """Write `failed` for a thread that lost too many leases; return the refusal."""
    target = THREAD.next(thread.status, "abandon")
    event_id = store.record(
        tx, thread, "thread_abandoned", agent, target, thread.assigned_to, obj(lost_leases=lost)
    )
    store.move(tx, thread, target, event_id, reason="abandoned")
    lease_rows.end(tx, thread.thread_no, "abandon")
    messages.insert(
        tx,
        event_id,
        thread.thread_no,
        "control",
        agent,
        thread.created_by,
        model.MessageDraft(
            "abandoned", f"its lease was lost {lost} times; the limit is {thread.max_claims}"
        ),
    )
    return Commit(
        "invalid_state",
        "abandoned",
        f"thread {thread.thread_id} is failed now, its lease was lost {lost} times: do not start",
        hint="its creator has been told; take other work",
        next=[say("claim", agent=agent, next=True)],
    )


def claim_next(tx: "Tx", agent: str, pools: "tuple[str, ...]", ttl_ms: int) -> Change | None:
    """Claim the best thread addressed to `agent` or its pools: priority, then age.

    Threads found abandoned on the way are written `failed`, and the search goes on.
    """
    addressees = array([agent, *pools])
    while True:
        thread_id = store.offered(tx, agent, addressees)
        if thread_id is None:
            return None
        thread = leases.require_thread(tx, thread_id)
        try:
            return claim(tx, thread, agent, ttl_ms, pools)
        except Commit:
            continue
