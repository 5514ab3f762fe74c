"""claim: take a thread, by its id or the next one, and be told what it is about."""

from inbox import model
from inbox.cli import kit
from inbox.operations import leases
from inbox.steps import say
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, loads, merge, obj
from schema.steps import quoted, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.transaction import ReadTx, Tx

_MESSAGES_WITH_CLAIM = 200


def claim(
    call: "Call",
    *,
    agent: str,
    thread: str | None,
    take_next: bool,
    pools: tuple[str, ...],
    timeout: float | None,
    lease_seconds: float | None,
    key: str | None,
) -> None:
    """Take one thread, by id or the next one."""
    kit.require_one(thread=thread, next=take_next)
    if timeout is not None and not take_next:
        raise invalid_input("--timeout-seconds goes with --next", reason="flag")
    ttl_ms = model.lease_ms(lease_seconds)
    if timeout is None:
        answer = _take(call, agent, thread, pools, ttl_ms)
        if answer is None:
            raise _nothing(agent)
        call.say(answer, call.committed)
        return
    from inbox.workflows import wait_for_work

    call.resume = (
        call.again(f"claim --agent {agent} --next")
        + "".join(f" --pool {pool[1:]}" for pool in pools)
        + (f" --lease-seconds {lease_seconds:g}" if lease_seconds is not None else "")
        + (f" --key {quoted(key)}" if key is not None else "")
        + f" --timeout-seconds {timeout:g}"
    )
    found = wait_for_work.for_work(
        call.db,
        agent,
        pools,
        timeout,
        lambda: _take(call, agent, None, pools, ttl_ms),
        keyed=call.key_for(agent),
    )
    if found is None:
        raise Failure(
            "no_matching_work",
            "timeout",
            f"no work for {agent} within {timeout:g} s",
            hint="wait again",
            next=[read(call.resume, "look")],
            data=obj(woke=False, resume=call.resume),
        )
    call.say(found, call.committed)


def _is_offered(call: "Call", agent: str, pools: tuple[str, ...]) -> bool:
    """Say whether there is something to take; asking costs nobody the write lock."""
    from inbox.store import threads

    with call.db.read() as tx:
        return threads.offered(tx, agent, array([agent, *pools])) is not None


def _nothing(agent: str) -> Failure:
    return Failure(
        "no_matching_work",
        "empty",
        f"no thread is waiting for {agent}",
        hint="wait for one",
        next=[say("claim", agent=agent, next=True, timeout_seconds=100)],
    )


def _take(
    call: "Call", agent: str, thread: str | None, pools: tuple[str, ...], ttl_ms: int
) -> Json | None:
    """Claim once, in a change of its own; None when nothing is offered."""
    values = {"agent": agent, "thread": thread, "pools": list(pools), "ttl_ms": ttl_ms}
    name = "claim_next" if thread is None else "claim"
    answer = call.at_once(name, lambda tx, change: _with_lease(call, tx, change, agent), **values)
    if answer is None:
        if thread is None and not call.key and not _is_offered(call, agent, pools):
            return None
        with call.db.write() as tx:
            answer = _claim_once(call, tx, agent, thread, pools, ttl_ms)
    return answer


def _claim_once(
    call: "Call",
    tx: "Tx",
    agent: str,
    thread_id: str | None,
    pools: tuple[str, ...],
    ttl_ms: int,
) -> Json | None:
    """Return the answer of one claim, or None when nothing is offered."""
    from inbox.operations import claims

    found = leases.require_thread(tx, thread_id) if thread_id is not None else None
    kept = call.kept(tx, agent)
    if kept is not None:
        return _replayed(tx, kept, agent)
    if found is not None:
        change: model.Change | None = claims.claim(tx, found, agent, ttl_ms, pools)
    else:
        change = claims.claim_next(tx, agent, pools, ttl_ms)
    if change is None:
        return None
    call.committed = change.event_id
    answer, lease = claimed(call, tx, change, agent)
    call.once(tx, agent, lambda: merge(answer, lease=lease))
    return merge(answer, lease=_token_added(tx, change, lease))


def _with_lease(call: "Call", tx: "Tx", change: model.Change, agent: str) -> Json:
    """Return what a claim answers, its lease with its token."""
    answer, lease = claimed(call, tx, change, agent)
    return merge(answer, lease=_token_added(tx, change, lease))


def _token_added(tx: "ReadTx", change: model.Change, lease: Json) -> Json:
    current = leases.require_thread(tx, change.thread_id)
    return leases.with_token(tx, change.thread_id, current.epoch, lease)


def claimed(call: "Call", tx: "Tx", change: model.Change, agent: str) -> tuple[Json, Json]:
    """Return what a claim answers but for the lease, and the lease without its token."""
    from inbox.operations import threads
    from inbox.store import leases as lease_rows
    from inbox.store import messages

    page, last, more = messages.page(tx, change.thread_no, 0, _MESSAGES_WITH_CLAIM, None)
    answer = call.changed(
        tx,
        change,
        messages=page,
        **({"truncated": True, "next_after": f"msg_{last}"} if more else {}),
        warnings=threads.note_names(tx, agent),
    )
    return answer, lease_rows.document(tx, change.thread_no)


def _replayed(tx: "ReadTx", stored: Json, agent: str) -> Json:
    """Return a stored claim with its token, if its epoch is still the newest."""
    from inbox.cli import plain

    thread_id, epoch = plain.values(loads(stored), "thread.thread_id lease.epoch")
    thread = leases.require_thread(tx, str(thread_id))
    if thread.epoch != epoch:
        raise Failure(
            "lease_conflict",
            "superseded",
            f"thread {thread_id} was claimed again (epoch {thread.epoch}): stop working on it",
            hint="take other work",
            next=[say("claim", agent=agent, next=True)],
        )
    token = leases.with_token(tx, thread.thread_id, thread.epoch, "{}")
    return plain.patched(stored, "$.lease", token)
