"""claim, renew, release, update, done, fail: what only a holder does."""

import os

from inbox import model
from inbox.cli import kit
from inbox.operations import leases
from inbox.steps import say
from schema.failures import Failure, invalid_input
from schema.json_text import NULL, Json, array, loads, merge, obj
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
        return _replayed(tx, kept)
    if found is not None:
        change: model.Change | None = claims.claim(tx, found, agent, ttl_ms, pools)
    else:
        change = claims.claim_next(tx, agent, pools, ttl_ms)
    if change is None:
        return None
    call.committed = change.event_id
    answer, lease = _claimed(call, tx, change, agent)
    call.once(tx, agent, lambda: merge(answer, lease=lease))
    return merge(answer, lease=_token_added(tx, change, lease))


def _with_lease(call: "Call", tx: "Tx", change: model.Change, agent: str) -> Json:
    """Return what a claim answers, its lease with its token."""
    answer, lease = _claimed(call, tx, change, agent)
    return merge(answer, lease=_token_added(tx, change, lease))


def _token_added(tx: "ReadTx", change: model.Change, lease: Json) -> Json:
    current = leases.require_thread(tx, change.thread_id)
    return leases.with_token(tx, change.thread_id, current.epoch, lease)


def _claimed(call: "Call", tx: "Tx", change: model.Change, agent: str) -> tuple[Json, Json]:
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


def _replayed(tx: "ReadTx", stored: Json) -> Json:
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
            next=[say("claim", agent=thread.assigned_to, next=True)],
        )
    token = leases.with_token(tx, thread.thread_id, thread.epoch, "{}")
    return plain.patched(stored, "$.lease", token)


def renew(
    call: "Call",
    *,
    agent: str,
    thread: str,
    lease_seconds: float | None,
    pid: int | None,
    lease: str | None,
    key: str | None,
) -> None:
    """Renew once, or until a process ends."""
    from inbox.operations import work
    from inbox.store import leases as lease_rows
    from inbox.store import messages

    ttl_ms = model.lease_ms(lease_seconds) if lease_seconds is not None else None

    def _renewed(tx: "Tx", change: model.Change) -> Json:
        current = leases.require_thread(tx, thread).lease
        asked = current is not None and messages.stop_asked(
            tx, change.thread_no, current.claim_event, agent
        )
        document = lease_rows.document(tx, change.thread_no)
        return call.changed(tx, change, lease=document, cancel_requested=asked)

    def _change(tx: "Tx", found: model.Thread) -> Json:
        change = work.renew(tx, found, agent, lease, ttl_ms)
        call.committed = change.event_id
        return _renewed(tx, change)

    values = {"agent": agent, "thread": thread, "lease": lease, "ttl_ms": ttl_ms}
    answer = call.at_once("renew", _renewed, **values)
    if answer is None:
        with call.db.write() as tx:
            found = leases.require_thread(tx, thread)
            answer = call.once(tx, agent, lambda: _change(tx, found))
    if pid is not None:
        from inbox.workflows import renewal

        renewed = renewal.while_process(call.db, thread, agent, lease, pid)
        answer = merge(answer, process_ended=True, renewals=renewed)
    call.say(answer, call.committed)


def release(
    call: "Call",
    *,
    agent: str,
    thread: str,
    reason: str,
    not_before: float | None,
    lease: str | None,
    key: str | None,
) -> None:
    """Give the thread back."""
    from inbox.operations import work

    with call.db.write() as tx:
        found = leases.require_thread(tx, thread)

        def _change() -> Json:
            wait_ms = round((not_before or 0) * 1000)
            change = work.release(tx, found, agent, lease, reason, wait_ms)
            call.committed = change.event_id
            return call.changed(tx, change)

        answer = call.once(tx, agent, _change)
    call.say(answer, call.committed)


def update(
    call: "Call",
    *,
    agent: str,
    thread: str,
    status: str,
    summary: str | None,
    body: str | None,
    payload: str | None,
    artifacts: tuple[model.Artifact, ...],
    lease: str | None,
    key: str | None,
) -> None:
    """Report progress, or ask a question."""
    from inbox.operations import work

    draft = model.draft(summary, body, payload, artifacts)
    call.keep(artifacts)
    values = {"agent": agent, "thread": thread, "lease": lease, "status": status, "draft": draft}
    answer = call.at_once("update", call.changed, **values)
    if answer is None:
        with call.db.write() as tx:
            found = leases.require_thread(tx, thread)

            def _change() -> Json:
                change = work.update(tx, found, agent, lease, status, draft)
                call.committed = change.event_id
                return call.changed(tx, change)

            answer = call.once(tx, agent, _change)
    call.say(answer, call.committed)


def done(
    call: "Call",
    *,
    agent: str,
    thread: str,
    summary: str | None,
    body: str | None,
    payload: str | None,
    artifacts: tuple[model.Artifact, ...],
    lease: str | None,
    key: str | None,
    take_next: bool,
    pools: tuple[str, ...],
    validate: bool,
) -> None:
    """Deliver the result."""
    if validate:
        from inbox import expected_result

        with call.db.read() as tx:
            expects = leases.require_thread(tx, thread).expects
        if expects is not None:
            expected_result.require_valid(expects, payload if payload is not None else body)
    draft = model.draft(summary, body, payload, artifacts)
    if not call.db.is_file:
        from inbox.workflows import delivery

        delivery.bring(call.db, thread)
    _finish(call, "done", agent, thread, draft, lease, None, _offers(take_next, pools))


def fail(
    call: "Call",
    *,
    agent: str,
    thread: str,
    summary: str | None,
    body: str | None,
    payload: str | None,
    artifacts: tuple[model.Artifact, ...],
    lease: str | None,
    key: str | None,
    take_next: bool,
    pools: tuple[str, ...],
    retryable: bool,
    permanent: bool,
) -> None:
    """Give up."""
    if retryable and permanent:
        raise invalid_input("--retryable and --permanent cannot be combined", reason="flag")
    draft = model.draft(summary, body, payload, artifacts)
    verdict = True if retryable else False if permanent else None
    _finish(call, "fail", agent, thread, draft, lease, verdict, _offers(take_next, pools))


def _offers(take_next: bool, pools: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the pools to take the next thread from, None where none is to be taken."""
    if pools and not take_next:
        raise invalid_input("--pool goes with --next", reason="flag")
    if take_next and os.environ.get("ORCH_TURN"):
        raise invalid_input(
            "--next is not for a turn of orch work: this worktree is for this thread alone",
            reason="flag",
            hint="report without --next; orch work starts the next thread in its own place",
        )
    return pools if take_next else None


def _finish(
    call: "Call",
    verb: str,
    agent: str,
    thread: str,
    draft: model.MessageDraft,
    token: str | None,
    retryable: bool | None,
    offers: tuple[str, ...] | None,
) -> None:
    """Close the thread once: a token makes repeating the same command a replay.

    With `offers` the next thread is claimed in the same transaction, if there is one.
    """
    from inbox.operations import work

    call.keep(draft.artifacts)
    answer = _finish_at_once(call, verb, agent, thread, draft, token, retryable, offers)
    if answer is not None:
        call.say(answer, call.committed)
        return
    with call.db.write() as tx:
        found = leases.require_thread(tx, thread)
        epoch = leases.token_epoch(tx, found, token) if token is not None else None
        by_epoch = None if epoch is None else f"{thread}\n{epoch}"

        def _change() -> Json:
            change = work.finish(tx, found, verb, agent, token, draft, retryable)
            call.committed = change.event_id
            answer = call.changed(tx, change)
            return (
                answer if offers is None else merge(answer, claimed=_next(call, tx, agent, offers))
            )

        answer = call.once(tx, agent, _change, also=by_epoch)
        if offers is not None:
            answer = _still_claimed(tx, answer)
    call.say(answer, call.committed)


def _finish_at_once(
    call: "Call",
    verb: str,
    agent: str,
    thread: str,
    draft: model.MessageDraft,
    token: str | None,
    retryable: bool | None,
    offers: tuple[str, ...] | None,
) -> Json | None:
    """Do what `_finish` does where a server does it in one round trip."""
    if offers is not None and token is None and not call.key:
        return None  # Were its answer lost, nobody would know of the thread that was taken.
    return call.at_once(
        "finish",
        call.changed,
        agent=agent,
        thread=thread,
        lease=token,
        target={"done": "done", "fail": "failed"}[verb],
        verdict=None if retryable is None else "retryable" if retryable else "permanent",
        pools=None if offers is None else list(offers),
        ttl_ms=model.lease_ms(None),
        draft=draft,
    )


def _next(call: "Call", tx: "Tx", agent: str, pools: tuple[str, ...]) -> Json:
    """Claim what is next; return the answer of that claim as it may be stored, or null."""
    from inbox.operations import claims

    change = claims.claim_next(tx, agent, pools, model.lease_ms(None))
    if change is None:
        return NULL
    answer, lease = _claimed(call, tx, change, agent)
    return merge(answer, lease=lease)


def _still_claimed(tx: "ReadTx", answer: Json) -> Json:
    """Return the answer of done or fail with the token of what was claimed after it.

    A replay whose claim is over gives nothing to work on, and says so.
    """
    claimed = loads(answer)["claimed"]
    if claimed is None:
        return answer
    from inbox.cli import plain

    thread = leases.require_thread(tx, claimed["thread"]["thread_id"])
    epoch = claimed["lease"]["epoch"]
    if thread.epoch != epoch or thread.lease is None:
        return merge(plain.replaced(answer, "$.claimed", NULL), superseded=True)
    token = leases.with_token(tx, thread.thread_id, epoch, "{}")
    return plain.patched(answer, "$.claimed.lease", token)
