"""send, reply, cancel, fetch, list, show, ack: parse, one transaction, answer."""

from inbox.cli.grammar import STATUSES
from inbox.steps import say
from schema import events, ids
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call
    from inbox.model import Artifact, Change, MessageDraft, Thread
    from schema.transaction import ReadTx, Tx


def send(
    call: "Call",
    *,
    sender: str,
    to: str | None,
    subject: str | None,
    summary: str | None,
    body: str | None,
    payload: str | None,
    priority: str,
    kind: str,
    thread: str | None,
    run: str | None,
    task: str | None,
    artifacts: "tuple[Artifact, ...]",
    key: str | None,
    not_before: float | None,
    max_claims: int | None,
    expects: str | None,
) -> None:
    """Open a thread, or add to an open one."""
    from inbox import model
    from inbox.operations import threads

    opening = {
        "kind": kind,
        "priority": priority,
        "thread_id": thread,
        "run_id": run,
        "task_id": task,
        "not_before_ms": round((not_before or 0) * 1000),
        "max_claims": model.DEFAULT_MAX_CLAIMS if max_claims is None else max_claims,
        "expects": _read_schema(call, expects),
    }
    if thread is None:
        _require_opening(to, subject)
    only_new = (not_before, max_claims, expects) != (None, None, None)
    draft = model.draft(summary, body, payload, artifacts, subject or "")
    call.keep(artifacts)
    named = _agent_in(to)

    def _answered(tx: "Tx", change: "Change") -> Json:
        call.committed = change.event_id
        warnings = threads.note_names(tx, sender, named)
        return call.changed(tx, change, warnings=warnings)

    values: dict[str, object] = {"sender": sender, "to": to, "subject": subject, "named": named}
    values |= {"draft": draft, "only_new": int(only_new), "minted": ids.mint("thr")}
    answer = call.at_once("send", _answered, **values, **opening)
    if answer is None:
        with call.db.write() as tx:

            def _change() -> Json:
                change = _send(tx, sender, to, subject, draft, only_new, opening)
                return _answered(tx, change)

            answer = call.once(tx, sender, _change)
    call.say(answer, call.committed)


def _send(
    tx: "Tx",
    sender: str,
    to: str | None,
    subject: str | None,
    draft: "MessageDraft",
    only_new: bool,
    opening: "dict[str, Any]",
) -> "Change":
    """Open the thread of `opening`, or add to it where it is there. Raises: invalid_input."""
    from inbox.operations import threads
    from inbox.store import threads as store

    wanted = opening["thread_id"]
    known = store.find(tx, wanted) if wanted is not None else None
    if known is None:
        addressee, topic = _require_opening(to, subject)
        return threads.send(tx, sender=sender, to=addressee, draft=draft, subject=topic, **opening)
    if only_new:
        raise invalid_input(
            "--not-before, --max-claims and --expects are for a new thread", reason="flag"
        )
    return threads.append(tx, known, sender=sender, to=to, kind=opening["kind"], draft=draft)


def _read_schema(call: "Call", path: str | None) -> str | None:
    """Return the schema that --expects names; a key compares its text, not its path."""
    if path is None:
        return None
    from inbox.cli import expectations

    text = call.bound["expects"] = expectations.read_schema(path)
    return text


def _agent_in(to: str | None) -> str | None:
    return None if to is None or to.startswith("@") else to


def _require_opening(to: str | None, subject: str | None) -> tuple[str, str]:
    """Return addressee and subject of a new thread. Raises: invalid_input."""
    if to is None:
        raise invalid_input("missing --to: a new thread needs an addressee", reason="flag")
    if not subject:
        raise invalid_input("missing --subject: a new thread needs one", reason="flag")
    return to, subject


def reply(
    call: "Call",
    *,
    sender: str,
    to: str | None,
    thread: str,
    summary: str | None,
    body: str | None,
    payload: str | None,
    kind: str,
    to_message: int | None,
    artifacts: "tuple[Artifact, ...]",
    lease: str | None,
    key: str | None,
) -> None:
    """Answer in an open thread."""
    from inbox import model
    from inbox.operations import leases
    from inbox.operations import threads as operations

    draft = model.draft(summary, body, payload, artifacts)
    if not (draft.summary or payload or artifacts):
        raise invalid_input(
            "nothing to say: give --body, --body-file, --summary or a payload", reason="flag"
        )
    call.keep(artifacts)
    named = _agent_in(to)

    def _answered(tx: "Tx", change: "Change") -> Json:
        call.committed = change.event_id
        warnings = operations.note_names(tx, sender, named)
        return call.changed(tx, change, warnings=warnings)

    values: dict[str, object] = {"sender": sender, "to": to, "thread": thread, "kind": kind}
    values |= {"lease": lease, "reply_to": to_message, "named": named, "draft": draft}
    answer = call.at_once("reply", _answered, **values)
    if answer is None:
        with call.db.write() as tx:
            found = leases.require_thread(tx, thread)

            def _change() -> Json:
                change = operations.reply(
                    tx,
                    found,
                    sender=sender,
                    to=to,
                    kind=kind,
                    draft=draft,
                    token=lease,
                    reply_to=to_message,
                )
                return _answered(tx, change)

            answer = call.once(tx, sender, _change)
    call.say(answer, call.committed)


def cancel(
    call: "Call",
    *,
    agent: str,
    thread: str,
    reason: str,
    artifacts: "tuple[Artifact, ...]",
    key: str | None,
) -> None:
    """Call an open thread off."""
    from inbox.operations import leases
    from inbox.operations import threads as operations

    call.keep(artifacts)
    with call.db.write() as tx:
        found = leases.require_thread(tx, thread)

        def _change() -> Json:
            change = operations.cancel(tx, found, agent, reason, artifacts)
            call.committed = change.event_id
            warnings = operations.note_names(tx, agent)
            return call.changed(tx, change, warnings=warnings)

        answer = call.once(tx, agent, _change)
    call.say(answer, call.committed)


def fetch(
    call: "Call",
    *,
    agent: str | None,
    pools: tuple[str, ...],
    status: tuple[str, ...] | None,
    limit: int,
    unread: bool,
) -> None:
    """See what there is; nothing is moved."""
    from inbox import reads

    if unread and agent is None:
        raise invalid_input("--unread needs an --agent: whose cursor?", reason="flag")
    statuses = status or STATUSES
    if (agent is not None or pools) and not call.db.is_file:
        from inbox.cli import hot

        offers = reads.offers(agent, pools, statuses)
        threads, count, newest = hot.fetch(call.db, agent, offers, limit, unread)
    else:
        with call.db.read() as tx:
            threads, count = reads.fetch(tx, agent, pools, statuses, limit, unread)
            newest = events.last_id(tx)
    if not count:
        who = agent or "anybody"
        raise Failure(
            "no_matching_work",
            "empty",
            f"no thread for {who} fits",
            hint="wait for one",
            next=[say("watch", after_event=newest, agent=agent)],
            details={"high_event_id": newest},
        )
    call.say(obj(threads=threads, high_event_id=newest))


def list_threads(
    call: "Call",
    *,
    status: tuple[str, ...] | None,
    agent: str | None,
    created_by: str | None,
    run: str | None,
    limit: int,
    after_event: int | None,
) -> None:
    """List threads, newest first."""
    from inbox import reads

    with call.db.read() as tx:
        threads, more = reads.list_threads(
            tx,
            agent=agent,
            created_by=created_by,
            run=run,
            statuses=status,
            limit=limit,
            after_event=after_event or 0,
        )
        newest = events.last_id(tx)
    call.say(obj(threads=threads, truncated=more, high_event_id=newest))


def show(
    call: "Call",
    *,
    agent: str | None,
    thread: str,
    mark_read: bool,
    after_message: int | None,
    limit: int | None,
    max_bytes: int | None,
    key: str | None,
) -> None:
    """Read a thread; with --mark-read the cursor moves to the last message shown."""
    from inbox import reads
    from inbox.store import threads as store

    if mark_read and agent is None:
        raise invalid_input("--mark-read needs an --agent: whose cursor?", reason="flag")
    after, most = after_message or 0, limit or 1_000_000
    with call.db.read() as tx:
        found = store.get(tx, thread)
        _require_start(tx, found, after_message)
        answer, last = reads.show(tx, found, after, most, max_bytes, agent)
    if mark_read and agent is not None and last != after:  # Never past what was shown.
        from inbox.store import cursors

        with call.db.touch() as tx:
            cursors.advance(tx, agent, found.thread_no, last)
    call.say(answer)


def _require_start(tx: "ReadTx", thread: "Thread", after_message: int | None) -> None:
    """Refuse to go on after a message that the thread does not hold."""
    if after_message is not None:
        from inbox.store import messages

        messages.require_in_thread(tx, thread, after_message)


def ack(call: "Call", *, agent: str, thread: str, through: int, key: str | None) -> None:
    """Move the read cursor forward; never past the last message, never back."""
    from inbox.store import cursors
    from inbox.store import threads as store

    with call.db.write() if key else call.db.touch() as tx:
        found = store.get(tx, thread)

        def _change() -> Json:
            _require_shown(tx, found, agent, through)
            moved = cursors.advance(tx, agent, found.thread_no, through)
            return obj(
                thread_id=thread,
                agent=agent,
                last_read=f"msg_{cursors.position(tx, agent, found.thread_no)}",
                moved=moved,
                event_id=events.last_id(tx),
            )

        answer = call.once(tx, agent, _change)
    call.say(answer)


def _require_shown(tx: "ReadTx", thread: "Thread", agent: str, through: int) -> None:
    """Refuse to acknowledge what the thread does not hold."""
    from inbox.store import messages

    newest = f"msg_{thread.last_message}"
    last = say("ack", agent=agent, thread=thread.thread_id, through=newest)
    if through > thread.last_message and not messages.is_any(tx, through):
        raise invalid_input(
            f"msg_{through} is beyond the last message of {thread.thread_id}, {newest}", next=[last]
        )
    if not messages.find_in_thread(tx, thread.thread_no, through):
        raise not_found("message", f"msg_{through}", hint="its last one", next=[last])
