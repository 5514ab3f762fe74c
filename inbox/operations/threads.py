"""What can happen to a thread, one atomic step each.

Every operation checks, changes, and appends one event with its message, all in the caller's
transaction. They return the event's id; answers are made by inbox/reads.py.
"""

from inbox import model
from inbox.machines import THREAD
from inbox.operations import leases
from inbox.store import cursors, messages
from inbox.store import leases as lease_rows
from inbox.store import threads as store
from schema import events, ids
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import array, obj
from schema.transaction import Commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Letter, Thread
    from schema.transaction import Tx


class Change:
    """What an operation did: the thread, the event, and whether the lease had lapsed."""

    __slots__ = ("event_id", "late", "thread_id", "thread_no")

    def __init__(self, thread_no: int, thread_id: str, event_id: int, late: bool = False) -> None:
        self.thread_no = thread_no
        self.thread_id = thread_id
        self.event_id = event_id
        self.late = late


def _post(
    tx: "Tx",
    thread: "Thread",
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


def other_side(thread: "Thread", sender: str) -> str:
    """Return whom a message of `sender` is for when nobody is named.

    Raises: invalid_input for one who is neither creator nor assignee.
    """
    if sender == thread.created_by:
        return str(thread.assigned_to)
    if sender == thread.assigned_to:
        return str(thread.created_by)
    raise invalid_input(
        f"{sender} is neither creator nor assignee of thread {thread.thread_id}: say --to NAME",
        reason="flag",
    )


def send(
    tx: "Tx",
    *,
    sender: str,
    to: str,
    letter: "Letter",
    subject: str,
    kind: str = "task",
    priority: str = "normal",
    thread_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    not_before_ms: int = 0,
    max_claims: int = model.DEFAULT_MAX_CLAIMS,
    expects: str | None = None,
    owned_by_run: bool = False,
) -> Change:
    """Open a new pending thread with its first message.

    An id that the caller chose is adopted; it must be free.
    """
    if thread_id is None:
        thread_id = ids.mint("thr")
        thread_no, taken = store.next_no(tx, thread_id)
        while taken:
            thread_id = ids.mint("thr")
            thread_no, taken = store.next_no(tx, thread_id)
    else:
        thread_no, taken = store.next_no(tx, thread_id)
        assert not taken, thread_id
    tx.ring("thread=" + thread_id)
    tx.ring("agent=" + to)
    event_id = events.record(
        tx,
        "thread_send",
        sender,
        thread_no=thread_no,
        run_id=run_id,
        task_id=task_id,
        status="pending",
        assigned_to=to,
        payload=obj(opened=True, addressed_to=to),
    )
    values = {
        "thread_no": thread_no,
        "thread_id": thread_id,
        "run_id": run_id,
        "task_id": task_id,
        "owned_by_run": int(owned_by_run),
        "subject": subject,
        "summary": letter.summary,
        "priority": model.PRIORITIES.index(priority),
        "created_by": sender,
        "addressed_to": to,
        "max_claims": max_claims,
        "not_before_at": tx.now.wall_ms + not_before_ms if not_before_ms > 0 else 0,
        "expects": expects,
    }
    store.insert(tx, event_id, values)
    messages.insert(tx, event_id, thread_no, kind, sender, to, letter)
    return Change(thread_no, thread_id, event_id)


def append(
    tx: "Tx", thread: "Thread", *, sender: str, to: str | None, kind: str, letter: "Letter"
) -> Change:
    """Add a message to a known open thread; its status stays.

    Raises: invalid_state/terminal, invalid_input when nobody is named and none follows.
    """
    leases.require_open(thread)
    to = to or other_side(thread, sender)
    event_id = _post(tx, thread, "thread_send", sender, thread.status, thread.assigned_to)
    store.touch(tx, thread.thread_no, event_id)
    messages.insert(tx, event_id, thread.thread_no, kind, sender, to, letter)
    if thread.lease is not None and thread.lease.holder == sender:
        leases.refresh(tx, thread, thread.lease)
    return Change(thread.thread_no, thread.thread_id, event_id)


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
    event_id = _post(
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
        model.Letter("thread claimed"),
    )
    return Change(thread.thread_no, thread.thread_id, event_id)


def _require_claimable(thread: "Thread", agent: str, lease: "model.Lease", left: int) -> None:
    """Refuse a claim on a lease that is live, or that a run guards."""
    if left > 0 and lease.holder == agent:
        raise Failure(
            "invalid_state",
            "already_yours",
            f"{agent} holds thread {thread.thread_id} already, for {-(-left // 1000)} more seconds",
            hint=f"go on working; extend it: inbox renew --agent {agent} --thread {thread.thread_id}",
        )
    if left > 0:
        raise leases.held(thread, lease, left)
    if thread.owned_by_run and lease.holder != agent:
        raise Failure(
            "invalid_state",
            "owned_by_run",
            f"thread {thread.thread_id} belongs to run {thread.run_id} task {thread.task_id}: "
            f"only {lease.holder} may take it up again",
            hint=f"orch reassign --run {thread.run_id} --task {thread.task_id} --to {agent}",
        )


def _require_offered(tx: "Tx", thread: "Thread", agent: str, pools: "tuple[str, ...]") -> None:
    """Refuse a pending thread that is not for `agent` yet, or at all."""
    mine = thread.addressed_to == agent or thread.addressed_to in pools
    if thread.owned_by_run and thread.epoch > 0 and not mine:
        raise Failure(
            "invalid_state",
            "owned_by_run",
            f"thread {thread.thread_id} belongs to run {thread.run_id} and was given back: "
            f"only {thread.addressed_to} may claim it",
            hint=f"orch reassign --run {thread.run_id} --task {thread.task_id} --to {agent}",
        )
    wait = thread.not_before_at - tx.now.wall_ms
    if wait > 0:
        raise Failure(
            "invalid_state",
            "not_yet",
            f"thread {thread.thread_id} may not start for another {-(-wait // 1000)} seconds",
            hint="take other work: inbox claim --next",
        )


def _abandon(tx: "Tx", thread: "Thread", agent: str, lost: int) -> Commit:
    """Write `failed` for a thread that lost too many leases; return the refusal."""
    target = THREAD.next(thread.status, "abandon")
    event_id = _post(
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
        model.Letter("abandoned", f"{lost} leases were lost; the limit is {thread.max_claims}"),
    )
    return Commit(
        "invalid_state",
        "abandoned",
        f"thread {thread.thread_id} lost {lost} leases and is failed now: do not start",
        hint="its creator has been told; take other work: inbox claim --next",
    )


def claim_next(tx: "Tx", agent: str, pools: "tuple[str, ...]", ttl_ms: int) -> Change | None:
    """Claim the best thread addressed to `agent` or its pools: priority, then age.

    Threads found abandoned on the way are written `failed`, and the search goes on.
    """
    addressees = array([agent, *pools])
    while True:
        offers = [store.claimable(tx, addressees), store.lapsed(tx, agent, addressees)]
        found = sorted((-o[1], o[2], o[0]) for o in offers if o is not None)
        if not found:
            return None
        thread = leases.require_thread(tx, found[0][2])
        try:
            return claim(tx, thread, agent, ttl_ms, pools)
        except Commit:
            continue


def renew(tx: "Tx", thread: "Thread", agent: str, token: str | None, ttl_ms: int | None) -> Change:
    """Give the lease its full length again and say so in the thread."""
    lease, late = leases.require_holder(tx, thread, agent, token)
    ttl_ms = ttl_ms or lease.ttl_ms
    seconds = ttl_ms // 1000 if ttl_ms % 1000 == 0 else ttl_ms / 1000
    leases.refresh(tx, thread, lease, ttl_ms)
    event_id = _post(tx, thread, "thread_renew", agent, thread.status, thread.assigned_to)
    store.touch(tx, thread.thread_no, event_id)
    messages.insert(
        tx,
        event_id,
        thread.thread_no,
        "event",
        agent,
        thread.created_by,
        model.Letter("lease renewed", payload=obj(lease_seconds=seconds)),
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
    event_id = _post(tx, thread, "thread_release", agent, target, thread.addressed_to)
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
        model.Letter("thread released", reason),
    )
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def update(
    tx: "Tx", thread: "Thread", agent: str, token: str | None, status: str, letter: "Letter"
) -> Change:
    """Report progress, or ask a question and be blocked until the holder updates again."""
    lease, late = leases.require_holder(tx, thread, agent, token)
    target = THREAD.next(thread.status, "update", status)
    event_id = _post(tx, thread, "thread_update", agent, target, thread.assigned_to)
    store.move(tx, thread, target, event_id)
    leases.refresh(tx, thread, lease)
    kind = "question" if status == "blocked" else "progress"
    messages.insert(tx, event_id, thread.thread_no, kind, agent, thread.created_by, letter)
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def reply(
    tx: "Tx",
    thread: "Thread",
    *,
    sender: str,
    to: str | None,
    kind: str,
    letter: "Letter",
    token: str | None = None,
    reply_to: int | None = None,
) -> Change:
    """Add an answer; the status stays. A holder's reply renews its lease."""
    leases.require_open(thread)
    if token is not None:
        leases.require_holder(tx, thread, sender, token)
    to = to or other_side(thread, sender)
    if reply_to is not None and not messages.find_in_thread(tx, thread.thread_no, reply_to):
        raise not_found(
            "message", f"msg_{reply_to}", hint=f"inbox show --thread {thread.thread_id}"
        )
    event_id = _post(tx, thread, "thread_reply", sender, thread.status, thread.assigned_to)
    store.touch(tx, thread.thread_no, event_id)
    messages.insert(tx, event_id, thread.thread_no, kind, sender, to, letter, reply_to)
    if thread.lease is not None and thread.lease.holder == sender:
        leases.refresh(tx, thread, thread.lease)
    return Change(thread.thread_no, thread.thread_id, event_id)


def finish(
    tx: "Tx",
    thread: "Thread",
    verb: str,
    agent: str,
    token: str | None,
    letter: "Letter",
    retryable: bool | None = None,
) -> Change:
    """Deliver the result (`verb` is done or fail): terminal, the lease released.

    The last holder of a cancelled thread is refused, and what it brought is kept as
    `thread_late_result`. Raises: what require_holder does.
    """
    if thread.status == "cancelled":
        last = lease_rows.last_holder(tx, thread.thread_no)
        if last is not None and last[0] == agent and _token_fits(tx, thread, token, last[1]):
            raise _late_result(tx, thread, verb, agent, letter, retryable)
    _, late = leases.require_holder(tx, thread, agent, token)
    target = THREAD.next(thread.status, verb)
    payload = obj(late=late) if retryable is None else obj(late=late, retryable=retryable)
    event_id = _post(tx, thread, "thread_result", agent, target, thread.assigned_to, payload)
    reason = None if retryable is None else "retryable" if retryable else "permanent"
    store.move(tx, thread, target, event_id, reason=reason)
    lease_rows.end(tx, thread.thread_no, verb)
    messages.insert(tx, event_id, thread.thread_no, "result", agent, thread.created_by, letter)
    return Change(thread.thread_no, thread.thread_id, event_id, late)


def _token_fits(tx: "Tx", thread: "Thread", token: str | None, epoch: int) -> bool:
    return token is None or leases.token_epoch(tx, thread, token) == epoch


def _late_result(
    tx: "Tx", thread: "Thread", verb: str, agent: str, letter: "Letter", retryable: bool | None
) -> Commit:
    """Keep what a superseded holder brought; return the refusal (the one that writes)."""
    event_id = messages.find_late_result(tx, thread.thread_no, agent, letter)
    if event_id is None:
        event_id = _post(
            tx,
            thread,
            "thread_late_result",
            agent,
            thread.status,
            thread.assigned_to,
            obj(verb=verb, retryable=retryable),
        )
        store.touch(tx, thread.thread_no, event_id)
        messages.insert(tx, event_id, thread.thread_no, "result", agent, thread.created_by, letter)
    return Commit(
        "invalid_state",
        "superseded",
        f"thread {thread.thread_id} was cancelled; your result is kept as msg_{event_id}",
        hint="stop working on it; its creator can still take what you brought",
        details={"event_id": event_id},
    )


def cancel(
    tx: "Tx",
    thread: "Thread",
    agent: str,
    reason: str,
    artifacts: "tuple[model.Artifact, ...]" = (),
) -> Change:
    """Call the thread off. Raises: invalid_state/terminal."""
    leases.require_open(thread)
    target = THREAD.next(thread.status, "cancel")
    to = thread.assigned_to if thread.assigned_to != agent else thread.created_by
    event_id = _post(tx, thread, "thread_cancel", agent, target, thread.assigned_to)
    store.move(tx, thread, target, event_id, reason=reason)
    lease_rows.end(tx, thread.thread_no, "cancel")
    letter = model.Letter(reason, reason, artifacts=artifacts)
    messages.insert(tx, event_id, thread.thread_no, "control", agent, to, letter)
    return Change(thread.thread_no, thread.thread_id, event_id)


def note_names(tx: "Tx", *names: str | None) -> list[str]:
    """Remember the names of a command; return a warning for each that only differs in case."""
    warnings = []
    for name in names:
        if name is None:
            continue
        known = cursors.note_agent(tx, name)
        if known is not None:
            warnings.append(f"{name} differs only in case from {known}; they are two agents")
    return warnings
