"""send, reply, cancel, fetch, list, show, ack: parse, one transaction, answer."""

from inbox import model, reads
from inbox.operations import leases
from inbox.operations import threads as operations
from inbox.store import cursors
from inbox.store import threads as store
from schema import events, keys
from schema.failures import Failure, invalid_input
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.kit import Call
    from schema.transaction import Tx

_STATUSES = ("pending", "claimed", "in_progress", "blocked", "done", "failed", "cancelled")


def letter_of(
    summary: str | None,
    body: str | None,
    payload: str | None,
    artifacts: tuple[model.Artifact, ...],
    default: str = "",
) -> model.Letter:
    """Return what was written; the summary defaults to the body's first line."""
    if summary is None:
        summary = default or (body or "").strip().partition("\n")[0][:120]
    return model.Letter(summary, body or "", payload or "{}", artifacts)


def keep_artifacts(call: "Call", artifacts: tuple[model.Artifact, ...]) -> None:
    """Copy what is to be copied before the transaction begins."""
    if any(artifact.copied for artifact in artifacts):
        from inbox.cli import files

        files.keep(call.db.path, artifacts)


def with_warnings(warnings: list[str]) -> dict[str, object]:
    """Return the `warnings` member of an answer, nothing when there are none."""
    return {"warnings": warnings} if warnings else {}


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
    artifacts: tuple[model.Artifact, ...],
    key: str | None,
    not_before: float | None,
    max_claims: int | None,
    expects: str | None,
) -> None:
    """Open a thread, or add to an open one."""
    if expects is not None:
        from inbox.cli import expectations

        expects = expectations.read_schema(expects)
    if thread is None:
        _require_opening(to, subject)
    letter = letter_of(summary, body, payload, artifacts, subject or "")
    keep_artifacts(call, artifacts)
    scope = call.key_for(sender)
    with call.db.write() as tx:
        answer = keys.find(tx, scope)
        if answer is None:
            known = store.find(tx, thread) if thread is not None else None
            if known is not None:
                if not_before or max_claims is not None or expects is not None:
                    raise invalid_input(
                        "--not-before, --max-claims and --expects are for a new thread",
                        reason="flag",
                    )
                change = operations.append(
                    tx, known, sender=sender, to=to, kind=kind, letter=letter
                )
            else:
                addressee, topic = _require_opening(to, subject)
                change = operations.send(
                    tx,
                    sender=sender,
                    to=addressee,
                    letter=letter,
                    subject=topic,
                    kind=kind,
                    priority=priority,
                    thread_id=thread,
                    run_id=run,
                    task_id=task,
                    not_before_ms=round((not_before or 0) * 1000),
                    max_claims=model.DEFAULT_MAX_CLAIMS if max_claims is None else max_claims,
                    expects=expects,
                )
            call.committed = change.event_id
            more = with_warnings(operations.note_names(tx, sender, _agent_in(to)))
            answer = keys.store(tx, scope, reads.changed(tx, change, **more))
    call.say(answer, call.committed)


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
    artifacts: tuple[model.Artifact, ...],
    lease: str | None,
    key: str | None,
) -> None:
    """Answer in an open thread."""
    letter = letter_of(summary, body, payload, artifacts)
    if not (letter.summary or payload or artifacts):
        raise invalid_input(
            "nothing to say: give --body, --body-file, --summary or a payload", reason="flag"
        )
    keep_artifacts(call, artifacts)
    scope = call.key_for(sender)
    with call.db.write() as tx:
        found = leases.require_thread(tx, thread)
        answer = keys.find(tx, scope)
        if answer is None:
            change = operations.reply(
                tx,
                found,
                sender=sender,
                to=to,
                kind=kind,
                letter=letter,
                token=lease,
                reply_to=to_message,
            )
            call.committed = change.event_id
            more = with_warnings(operations.note_names(tx, sender))
            answer = keys.store(tx, scope, reads.changed(tx, change, **more))
    call.say(answer, call.committed)


def cancel(
    call: "Call",
    *,
    agent: str,
    thread: str,
    reason: str,
    artifacts: tuple[model.Artifact, ...],
    key: str | None,
) -> None:
    """Call an open thread off."""
    keep_artifacts(call, artifacts)
    scope = call.key_for(agent)
    with call.db.write() as tx:
        found = leases.require_thread(tx, thread)
        answer = keys.find(tx, scope)
        if answer is None:
            change = operations.cancel(tx, found, agent, reason, artifacts)
            call.committed = change.event_id
            more = with_warnings(operations.note_names(tx, agent))
            answer = keys.store(tx, scope, reads.changed(tx, change, **more))
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
    if unread and agent is None:
        raise invalid_input("--unread needs an --agent: whose cursor?", reason="flag")
    with call.db.read() as tx:
        threads, count = reads.fetch(tx, agent, pools, status or _STATUSES, limit, unread)
        newest = events.last_id(tx)
    if not count:
        who = agent or "anybody"
        raise Failure(
            "no_matching_work",
            "empty",
            f"no thread for {who} fits",
            hint=f"wait for one: inbox watch --after-event {newest}"
            + (f" --agent {agent}" if agent else ""),
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
    if mark_read and agent is None:
        raise invalid_input("--mark-read needs an --agent: whose cursor?", reason="flag")
    after, most = after_message or 0, limit or 1_000_000
    if not mark_read or agent is None:
        with call.db.read() as tx:
            found = leases.require_thread(tx, thread)
            answer, _ = reads.show(tx, found, after, most, max_bytes, agent)
    else:
        with call.db.write() as tx:
            found = leases.require_thread(tx, thread)
            answer, last = reads.show(tx, found, after, most, max_bytes, agent)
            _advance(tx, agent, found, last)
    call.say(answer)


def _advance(tx: "Tx", agent: str, thread: model.Thread, through: int) -> None:
    if 0 < through <= thread.last_message:
        cursors.advance(tx, agent, thread.thread_no, through)


def ack(call: "Call", *, agent: str, thread: str, through: int, key: str | None) -> None:
    """Move the read cursor forward; never past the last message, never back."""
    scope = call.key_for(agent)
    with call.db.write() as tx:
        found = leases.require_thread(tx, thread)
        answer = keys.find(tx, scope)
        if answer is None:
            if through > found.last_message:
                raise invalid_input(
                    f"msg_{through} is beyond the last message of {thread}, msg_{found.last_message}",
                    hint=f"inbox ack --agent {agent} --thread {thread} "
                    f"--through msg_{found.last_message}",
                )
            moved = cursors.advance(tx, agent, found.thread_no, through)
            answer = keys.store(
                tx,
                scope,
                obj(
                    thread_id=thread,
                    agent=agent,
                    last_read=f"msg_{cursors.position(tx, agent, found.thread_no)}",
                    moved=moved,
                    event_id=events.last_id(tx),
                ),
            )
    call.say(answer)
