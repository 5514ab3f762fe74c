"""One plain view for each command of `inbox`: first what happened, last what to do next."""

import sys

from inbox.cli import plain
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    View = Callable[[Json], str]


def find(program: str, words: str) -> "View":
    """Return the view of a command; every command has one (tests/house/test_tables.py)."""
    module = f"{program}.cli.views"
    __import__(module)
    views: dict[str, View] = sys.modules[module].VIEWS
    return views[words]


def _thread(answer: Json) -> tuple[str, str, str, str]:
    found = plain.fields(
        answer, "$.thread.thread_id", "$.thread.status", "$.thread.assigned_to", "$.thread.subject"
    )
    return tuple(plain.line(value, 70) for value in found)  # type: ignore[return-value]


def _replayed(answer: Json) -> str:
    return " (replayed: it had been done before)" if plain.fields(answer, "$.replayed")[0] else ""


def _late(answer: Json) -> str:
    return (
        " (late: your lease had run out, nobody else had claimed)"
        if plain.fields(answer, "$.late")[0]
        else ""
    )


def _init(answer: Json) -> str:
    path, created = plain.fields(answer, "$.db_path", "$.created")
    what = "created" if created else "found"
    return f"{what} the store {path}\nnext: inbox send --from YOU --to AGENT --subject TEXT"


def _send(answer: Json) -> str:
    thread_id, status, to, _ = _thread(answer)
    (message,) = plain.fields(answer, "$.message.message_id")
    return (
        f"sent {message} to {to} in thread {thread_id} ({status}){_replayed(answer)}\n"
        f"next: inbox wait-reply --thread {thread_id}"
    )


def _fetch(answer: Json) -> str:
    body = plain.rows(
        answer,
        "$.threads",
        "$.thread_id",
        "$.status",
        "$.priority",
        "$.unread",
        "$.created_by",
        "$.subject",
    )
    text = plain.listing(
        f"{len(body)} threads",
        ("THREAD", "STATUS", "PRIORITY", "UNREAD", "FROM", "SUBJECT"),
        body,
        "inbox fetch --limit N",
    )
    return f"{text}\nnext: inbox claim --agent YOU --thread {body[0][0]}"


def _list(answer: Json) -> str:
    body = plain.rows(
        answer, "$.threads", "$.thread_id", "$.status", "$.assigned_to", "$.updated_at", "$.subject"
    )
    text = plain.listing(
        f"{len(body)} threads",
        ("THREAD", "STATUS", "ASSIGNED TO", "UPDATED", "SUBJECT"),
        body,
        "inbox list --limit N --status …",
    )
    (truncated,) = plain.fields(answer, "$.truncated")
    return f"{text}\nthere are more: inbox list --limit {2 * len(body)}" if truncated else text


def _claim(answer: Json) -> str:
    thread_id, _, holder, subject = _thread(answer)
    seconds, token, epoch = plain.fields(
        answer, "$.lease.ttl_seconds", "$.lease.token", "$.lease.epoch"
    )
    return "\n".join(
        (
            f"claimed thread {thread_id} for {holder}, {seconds} s (epoch {epoch}){_replayed(answer)}: "
            f"{subject}",
            f"lease: {token}",
            _messages(answer),
            f"next: do the work, then inbox done --agent {holder} --thread {thread_id} "
            f"--lease {token} --summary TEXT",
            f"stuck? inbox update --agent {holder} --thread {thread_id} --status blocked --body QUESTION",
        )
    )


def _messages(answer: Json) -> str:
    parts = []
    columns = (
        "$.message_id",
        "$.kind",
        "$.from_agent",
        "$.to_agent",
        "$.summary",
        "$.body",
        "$.payload_json",
        "$.created_at",
        "$.artifacts",
    )
    for message_id, kind, sender, to, summary, body, payload, at, artifacts in plain.rows(
        answer, "$.messages", *columns
    ):
        parts.append(f"{message_id} {kind} {sender} -> {to} {at}")
        text = str(summary)
        if body and body != summary:
            text += f"\n{body}"
        if payload != "{}":
            text += f"\npayload: {payload}"
        for path, name in plain.rows(Json(artifacts), "$", "$.path", "$.artifact_id"):
            text += f"\nartifact: {name} {path}"
        parts.append(plain.quoted(text, str(sender), message_id))
    return "\n".join(parts)


def _renew(answer: Json) -> str:
    thread_id, _, holder, _ = _thread(answer)
    seconds, until, asked = plain.fields(
        answer, "$.lease.ttl_seconds", "$.lease.expires_at", "$.cancel_requested"
    )
    text = f"renewed thread {thread_id} for {holder}, {seconds} s, until {until}{_late(answer)}"
    if asked:
        text += f"\nyou are asked to stop: inbox show --thread {thread_id}"
    return text + _replayed(answer)


def _release(answer: Json) -> str:
    thread_id, status, to, _ = _thread(answer)
    return f"released thread {thread_id}: {status} for {to} again{_replayed(answer)}\nnext: inbox claim --next --agent YOU"


def _update(answer: Json) -> str:
    thread_id, status, holder, _ = _thread(answer)
    text = f"thread {thread_id} is {status}{_late(answer)}{_replayed(answer)}"
    if status == "blocked":
        text += f"\nnext: inbox wait-reply --thread {thread_id} --agent {holder}"
    return text


def _reply(answer: Json) -> str:
    thread_id, status, _, _ = _thread(answer)
    message, to = plain.fields(answer, "$.message.message_id", "$.message.to_agent")
    return f"replied {message} to {to} in thread {thread_id} ({status}){_replayed(answer)}"


def _finished(answer: Json) -> str:
    thread_id, status, holder, _ = _thread(answer)
    return (
        f"thread {thread_id} is {status}; your lease is released{_late(answer)}{_replayed(answer)}\n"
        f"next: inbox claim --next --agent {holder}"
    )


def _cancel(answer: Json) -> str:
    thread_id, status, _, _ = _thread(answer)
    return f"thread {thread_id} is {status}{_replayed(answer)}"


def _show(answer: Json) -> str:
    thread_id, status, assigned, subject = _thread(answer)
    holder, left, after, run, task = plain.fields(
        answer,
        "$.lease.holder",
        "$.lease.remaining_seconds",
        "$.next_after",
        "$.thread.run_id",
        "$.thread.task_id",
    )
    head = f"thread {thread_id} {status}, assigned to {assigned}: {subject}"
    if run:
        head += f"\nrun {run} task {task}"
    if holder:
        head += f"\nheld by {holder}, {float(str(left)):.0f} s left"
    text = f"{head}\n{_messages(answer)}"
    if after:
        text += f"\nmore: inbox show --thread {thread_id} --after-message {after}"
    return text


def _ack(answer: Json) -> str:
    thread_id, agent, last, moved = plain.fields(
        answer, "$.thread_id", "$.agent", "$.last_read", "$.moved"
    )
    note = "" if moved else " (it was there already, or further)"
    return f"{agent} has read thread {thread_id} through {last}{note}"


def _watch(answer: Json) -> str:
    event, kind, actor, thread_id, status, resume = plain.fields(
        answer,
        "$.event.event_id",
        "$.event.event_type",
        "$.event.actor",
        "$.thread.thread_id",
        "$.event.status",
        "$.resume",
    )
    return (
        f"event {event} {kind} by {actor}: thread {thread_id} is {status}\n"
        f"read it: inbox show --thread {thread_id}\nnext: {resume}"
    )


def _wait_reply(answer: Json) -> str:
    thread_id, status, _, _ = _thread(answer)
    message, sender, summary, body, kind = plain.fields(
        answer,
        "$.message.message_id",
        "$.message.from_agent",
        "$.message.summary",
        "$.message.body",
        "$.message.kind",
    )
    text = str(summary) if not body or body == summary else f"{summary}\n{body}"
    return f"{kind} {message} from {sender} in thread {thread_id} ({status})\n" + plain.quoted(
        text, str(sender), message
    )


def _search(answer: Json) -> str:
    body = plain.rows(
        answer,
        "$.messages",
        "$.message_id",
        "$.thread_id",
        "$.from_agent",
        "$.subject",
        "$.summary",
    )
    return plain.listing(
        f"{len(body)} messages",
        ("MESSAGE", "THREAD", "FROM", "SUBJECT", "SUMMARY"),
        body,
        "inbox search --limit N",
    )


def _artifact_list(answer: Json) -> str:
    body = plain.rows(
        answer, "$.artifacts", "$.artifact_id", "$.kind", "$.size", "$.copied", "$.path"
    )
    return plain.listing(
        f"{len(body)} artifacts",
        ("ARTIFACT", "KIND", "BYTES", "KEPT", "PATH"),
        body,
        "inbox artifact list --json",
    )


def _artifact_get(answer: Json) -> str:
    name, path, size = plain.fields(answer, "$.artifact_id", "$.out", "$.size")
    return f"wrote {name} to {path}, {size} bytes, checked against its sha256"


def _doctor(answer: Json) -> str:
    body = plain.rows(answer, "$.checks", "$.name", "$.status", "$.detail")
    bad = sum(row[1] == "problem" for row in body)
    lines = [f"doctor: {bad} problems" if bad else "doctor: all is well"]
    lines += [f"{status:8} {name}: {plain.line(detail, 400)}" for name, status, detail in body]
    hints = plain.rows(answer, "$.checks", "$.hint")
    lines += [f"next: {plain.line(hint, 400)}" for (hint,) in hints if hint]
    return "\n".join(lines)


def _backup(answer: Json) -> str:
    path, size, last = plain.fields(answer, "$.path", "$.size", "$.high_event_id")
    return f"backed up to {path}, {size} bytes, verified, through event {last}"


def _text(answer: Json) -> str:
    return str(plain.fields(answer, "$.text")[0])


VIEWS: "dict[str, View]" = {
    "init": _init,
    "send": _send,
    "fetch": _fetch,
    "claim": _claim,
    "renew": _renew,
    "release": _release,
    "update": _update,
    "reply": _reply,
    "done": _finished,
    "fail": _finished,
    "cancel": _cancel,
    "list": _list,
    "show": _show,
    "ack": _ack,
    "watch": _watch,
    "wait-reply": _wait_reply,
    "search": _search,
    "artifact list": _artifact_list,
    "artifact get": _artifact_get,
    "doctor": _doctor,
    "backup": _backup,
    "schema": _text,
    "prime": _text,
    "completion": _text,
}
