"""Rows of `message` and `artifact`: append-only; a message's id is its event's id."""

from inbox.steps import say
from schema import queries
from schema.failures import not_found
from schema.json_text import Json, array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import MessageDraft, Thread
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def insert(
    tx: "Tx",
    event_id: int,
    thread_no: int,
    kind: str,
    sender: str,
    to: str,
    draft: "MessageDraft",
    reply_to: int | None = None,
) -> None:
    """Add the message of an event, with its artifacts."""
    tx.execute(
        _SQL["message_insert"],
        event_id=event_id,
        thread_no=thread_no,
        kind=kind,
        from_agent=sender,
        to_agent=to,
        summary=draft.summary,
        body=draft.body,
        payload=draft.payload,
        reply_to=reply_to,
    )
    for ordinal, artifact in enumerate(draft.artifacts):
        tx.execute(
            _SQL["artifact_insert"],
            event_id=event_id,
            ordinal=ordinal,
            path=artifact.path,
            kind=artifact.kind,
            metadata=artifact.metadata,
            size=artifact.size,
            sha256=artifact.sha256,
            copied=int(artifact.copied),
        )


def document(tx: "ReadTx", event_id: int) -> Json:
    """Return the published JSON of one message."""
    return tx.json(_SQL["message_document"], event_id=event_id)


def page(
    tx: "ReadTx", thread_no: int, after: int, limit: int, max_bytes: int | None
) -> tuple[Json, int, bool]:
    """Return (messages oldest first, id of the last one or `after`, whether more follow).

    At least one message is returned if there is one, however large it is.
    """
    rows = tx.many(_SQL["message_page"], thread_no=thread_no, after=after, limit=limit + 1)
    chosen: list[Json] = []
    used = 0
    for event_id, text in rows[:limit]:
        used += len(text.encode()) if max_bytes is not None else 0
        if chosen and max_bytes is not None and used > max_bytes:
            return array(chosen), after, True
        chosen.append(Json(text))
        after = event_id
    return array(chosen), after, len(rows) > limit


def find_in_thread(tx: "ReadTx", thread_no: int, event_id: int) -> bool:
    """Say whether the message belongs to the thread."""
    return tx.maybe(_SQL["message_in_thread"], thread_no=thread_no, event_id=event_id) is not None


def is_any(tx: "ReadTx", event_id: int) -> bool:
    """Say whether any thread holds the message."""
    return tx.maybe(_SQL["message_any"], event_id=event_id) is not None


def require_in_thread(tx: "ReadTx", thread: "Thread", event_id: int) -> None:
    """Raise not_found/message unless the message is one of the thread's."""
    if not find_in_thread(tx, thread.thread_no, event_id):
        show = say("show", thread=thread.thread_id)
        raise not_found("message", f"msg_{event_id}", next=[show])


def first_match(
    tx: "ReadTx", thread_no: int, after: int, kinds: Json, not_from: str | None
) -> "tuple[int, str] | None":
    """Return (event id, addressee) of the first message after `after` of one of the kinds."""
    row = tx.maybe(
        _SQL["message_first_match"],
        thread_no=thread_no,
        after=after,
        kinds=kinds,
        not_from=not_from,
    )
    return (row[0], row[1]) if row else None


def last_from(tx: "ReadTx", thread_no: int, agent: str) -> int:
    """Return the id of the agent's newest message in the thread, 0 without one."""
    found: int = tx.value(_SQL["message_last_from"], thread_no=thread_no, agent=agent)
    return found


def stop_asked(tx: "ReadTx", thread_no: int, since: int, agent: str) -> bool:
    """Say whether a control message for the holder came after its claim."""
    return (
        tx.maybe(_SQL["message_control_since"], thread_no=thread_no, since=since, agent=agent)
        is not None
    )


def find_late_result(tx: "ReadTx", thread_no: int, agent: str, draft: "MessageDraft") -> int | None:
    """Return the id of the same late result if the agent has handed it in before."""
    row = tx.maybe(
        _SQL["message_late_result"],
        thread_no=thread_no,
        agent=agent,
        summary=draft.summary,
        body=draft.body,
        payload=draft.payload,
    )
    return row[0] if row else None


def last_words(tx: "ReadTx", thread_no: int) -> list[str]:
    """Return summary and body of the newest result, control or question message of a thread."""
    row = tx.maybe(_SQL["message_last_words"], thread_no=thread_no)
    if row is None:
        return []
    summary, body = row
    return [summary] if not body or body == summary else [summary, body]


def result_text(tx: "ReadTx", thread_no: int) -> str:
    """Return the body of the newest result message of a thread, else its payload; '' for none."""
    row = tx.maybe(_SQL["message_result"], thread_no=thread_no)
    return row[0] if row else ""
