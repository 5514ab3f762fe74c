"""renew, release, update, done, fail: what only a holder does."""

import os

from inbox import model
from inbox.operations import leases
from schema.failures import invalid_input
from schema.json_text import NULL, Json, loads, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.transaction import ReadTx, Tx


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
    if verb == "done" and not call.db.is_file:
        from inbox.workflows import delivery

        delivery.bring(call.db, thread)
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
    from inbox.cli.claims import claimed
    from inbox.operations import claims

    change = claims.claim_next(tx, agent, pools, model.lease_ms(None))
    if change is None:
        return NULL
    answer, lease = claimed(call, tx, change, agent)
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
