"""One plain view for each command of `inbox`: first what happened, last what to do next."""

import sys

from inbox.cli import plain
from inbox.steps import say
from schema.json_text import dumps
from schema.steps import command
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
    View = Callable[[Answer], str]


def find(package: str, words: str) -> "View":
    """Return the view of a command from the package that runs it; every command has one
    (tests/house/test_tables.py).
    """
    module = f"{package}.cli.views"
    __import__(module)
    views: dict[str, View] = sys.modules[module].VIEWS
    return views[words]


def _thread(answer: "Answer") -> tuple[str, str, str]:
    """Return (thread id, status, assignee): names that were checked, fit for a headline."""
    found = plain.values(answer, "thread.thread_id thread.status thread.assigned_to")
    return tuple(plain.line(value, 70) for value in found)  # type: ignore[return-value]


def _number(body: "list[Any]", noun: str) -> str:
    return f"{len(body)} {noun}" + ("" if len(body) == 1 else "s")


def _replayed(answer: "Answer") -> str:
    return " (replayed: it had been done before)" if answer.get("replayed") else ""


def _late(answer: "Answer") -> str:
    return " (late: your lease had run out, nobody else had claimed)" if answer.get("late") else ""


def _init(answer: "Answer") -> str:
    path, created = plain.values(answer, "db_path created")
    return f"{'created' if created else 'found'} the store {plain.line(path, 4096)}"


def _send(answer: "Answer") -> str:
    thread_id, status, _ = _thread(answer)
    message, to = plain.values(answer, "message.message_id message.to_agent")
    return f"sent {message} to {to} in thread {thread_id} ({status}){_replayed(answer)}"


def _fetch(answer: "Answer") -> str:
    body = plain.columns(
        answer.get("threads"), "thread_id status priority unread created_by subject"
    )
    return plain.listing(
        _number(body, "thread"),
        ("THREAD", "STATUS", "PRIORITY", "UNREAD", "FROM", "SUBJECT"),
        body,
        "the same with --json",
    )


def _list(answer: "Answer") -> str:
    body = plain.columns(answer.get("threads"), "thread_id status assigned_to updated_at subject")
    return plain.listing(
        _number(body, "thread"),
        ("THREAD", "STATUS", "ASSIGNED TO", "UPDATED", "SUBJECT"),
        [(*row[:3], plain.ago(row[3]), row[4]) for row in body],
        "the same with --json",
    )


def _claim(answer: "Answer") -> str:
    thread_id, _, holder = _thread(answer)
    seconds, token, epoch, after = plain.values(
        answer, "lease.ttl_seconds lease.token lease.epoch next_after"
    )
    rest = command(say("show", thread=thread_id, after_message=after))
    more = f"\nmore: {rest}" if after else ""
    return (
        f"claimed thread {thread_id} for {holder}, {seconds} s (epoch {epoch}){_replayed(answer)}\n"
        f"lease: {token}\n{_subject(answer)}{_messages(answer)}{more}"
    )


def _subject(answer: "Answer") -> str:
    """Return the thread's subject as peers' text, '' where its first message says the same."""
    subject, summary, creator, thread_id = plain.values(
        answer, "thread.subject messages.0.summary thread.created_by thread.thread_id"
    )
    if subject == summary:
        return ""
    return plain.quoted(f"subject: {subject}", str(creator), thread_id) + "\n"


def _messages(answer: "Answer") -> str:
    parts = []
    for one in answer.get("messages") or ():
        name, kind, sender, to = plain.values(one, "message_id kind from_agent to_agent")
        parts.append(f"{name} {kind} {sender} -> {to} {one['created_at']}")
        parts.append(plain.quoted(_words(one), sender, name))
    return "\n".join(parts)


def _renew(answer: "Answer") -> str:
    thread_id, _, holder = _thread(answer)
    seconds, until, asked = plain.values(
        answer, "lease.ttl_seconds lease.expires_at cancel_requested"
    )
    ended = answer.get("process_ended")
    text = f"renewed thread {thread_id} for {holder}, {seconds} s, until {until}{_late(answer)}"
    text += _replayed(answer)
    if ended:
        text += "\nthe process has ended: the lease is no longer renewed"
    if asked:
        return f"{text}\nyou are asked to stop"
    return text


def _release(answer: "Answer") -> str:
    thread_id, status, to = _thread(answer)
    return f"released thread {thread_id}: {status} for {to} again{_late(answer)}{_replayed(answer)}"


def _update(answer: "Answer") -> str:
    thread_id, status, _ = _thread(answer)
    return f"thread {thread_id} is {status}{_late(answer)}{_replayed(answer)}"


def _reply(answer: "Answer") -> str:
    thread_id, status, _ = _thread(answer)
    message, to = plain.values(answer, "message.message_id message.to_agent")
    return f"replied {message} to {to} in thread {thread_id} ({status}){_replayed(answer)}"


def _finished(answer: "Answer") -> str:
    thread_id, status, _ = _thread(answer)
    text = f"thread {thread_id} is {status}; your lease is over{_late(answer)}{_replayed(answer)}"
    if "claimed" not in answer:
        return text
    if answer.get("claimed") is not None:
        return f"{text}\n{_claim(answer['claimed'])}"
    over = "the thread that was claimed then is over" if answer.get("superseded") else ""
    return f"{text}\n{over or 'nothing more is waiting for you'}"


def _cancel(answer: "Answer") -> str:
    thread_id, status, _ = _thread(answer)
    to = plain.at(answer, "message.to_agent")
    return f"thread {thread_id} is {status}; {to} has been told{_replayed(answer)}"


def _show(answer: "Answer") -> str:
    thread_id, status, assigned = _thread(answer)
    holder, left, run, task = plain.values(
        answer, "lease.holder lease.remaining_seconds thread.run_id thread.task_id"
    )
    head = f"thread {thread_id} {status}, assigned to {assigned}"
    if run:
        head += f"\nrun {run}" + (f" task {task}" if task else "")
    if holder:
        head += f"\nheld by {holder}, {float(str(left)):.0f} s left"
    return f"{head}\n{_subject(answer)}{_messages(answer)}".rstrip("\n")


def _ack(answer: "Answer") -> str:
    thread_id, agent, last, moved = plain.values(answer, "thread_id agent last_read moved")
    note = "" if moved else " (it was there already, or further)"
    return f"{agent} has read thread {thread_id} through {last}{note}{_replayed(answer)}"


def _watch(answer: "Answer") -> str:
    event, kind, actor, thread_id, status = plain.values(
        answer, "event.event_id event.event_type event.actor thread.thread_id event.status"
    )
    return f"event {event} {kind} by {actor}: thread {thread_id} was {status}"


def _wait_reply(answer: "Answer") -> str:
    thread_id, status, _ = _thread(answer)
    message, sender, kind = plain.values(
        answer, "message.message_id message.from_agent message.kind"
    )
    head = f"{kind} {message} from {sender} in thread {thread_id} ({status})"
    return f"{head}\n{plain.quoted(_words(answer['message']), str(sender), message)}"


def _words(message: "Answer") -> str:
    """Return everything a message says, for quoting."""
    summary, body, payload = plain.values(message, "summary body payload_json")
    text = str(summary)
    if body and body != summary:
        text += f"\n{body}"
    if payload:
        text += f"\npayload: {dumps(payload)}"
    for name, file in plain.columns(message["artifacts"], "artifact_id path"):
        text += f"\nartifact: {name} {file}"
    return text


def _search(answer: "Answer") -> str:
    body = plain.columns(answer.get("messages"), "message_id thread_id from_agent subject summary")
    return plain.listing(
        _number(body, "message"),
        ("MESSAGE", "THREAD", "FROM", "SUBJECT", "SUMMARY"),
        body,
        "the same with --json",
    )


def _artifact_list(answer: "Answer") -> str:
    body = plain.columns(answer.get("artifacts"), "artifact_id kind size copied path")
    return plain.listing(
        _number(body, "artifact"),
        ("ARTIFACT", "KIND", "BYTES", "KEPT", "PATH"),
        body,
        "the same with --json",
    )


def _artifact_get(answer: "Answer") -> str:
    name, path, size = plain.values(answer, "artifact_id out size")
    return f"wrote {name} to {plain.line(path, 4096)}, {size} bytes, checked against its sha256"


def _doctor(answer: "Answer") -> str:
    body = plain.columns(answer.get("checks"), "name status detail")
    bad = sum(row[1] == "problem" for row in body)
    odd = sum(row[1] == "warning" for row in body)
    lines = [
        f"doctor: {many(bad, 'problem')}, {many(odd, 'warning')}"
        if bad + odd
        else "doctor: all is well"
    ]
    lines += [f"{status:8} {name}: {plain.line(detail, 400)}" for name, status, detail in body]
    hints = plain.columns(answer.get("checks"), "hint")
    lines += [f"hint: {plain.line(hint, 400)}" for (hint,) in hints if hint]
    return "\n".join(lines)


def _backup(answer: "Answer") -> str:
    path, size, last = plain.values(answer, "path size high_event_id")
    return f"backed up to {plain.line(path, 4096)}, {size} bytes, verified, through event {last}"


def _text(answer: "Answer") -> str:
    return str(answer.get("text"))


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
    "hook": _text,
    "mcp": _text,
    "completion": _text,
}
