"""Prompt of an agent process: how to report, its task, what was written since.

Built by the tool from messages of the thread; the creator's and leader's words are orders, and
every other message is quoted as data.
"""

from inbox import reporting
from inbox.steps import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.operations.work import HeldThread
    from orch.store.places import Place
    from orch.store.turns import Turn

_MOST_HISTORY = 64_000
_MOST_MESSAGE = 16_000

_HOW = f"""\
How to report (INBOX_AGENT, INBOX_THREAD and INBOX_LEASE are set: you type no ids):
- progress: {reporting.PROGRESS}
- a question: {reporting.QUESTION}
  then: {say("wait-reply", timeout_seconds=90).line}
  (No answer yet? Run the command it prints. Or end here: you are started again with the answer.)
- finished: {reporting.DONE}
- you cannot do it: {reporting.FAIL}
Report exactly once, as the last thing you do. Work that is not reported may count as not done."""


class Message:
    """One message of the thread, as its published JSON says."""

    __slots__ = ("body", "event_id", "kind", "sender", "summary")

    def __init__(self, document: dict[str, object]) -> None:
        self.event_id = int(str(document["event_id"]))
        self.kind = str(document["kind"])
        self.sender = str(document["from_agent"])
        self.summary = str(document["summary"])
        self.body = str(document["body"])


def first(held: "HeldThread", messages: list[Message], commits: str) -> str:
    """Return the prompt of a first turn."""
    parts = [_who(held), _HOW, *_place(held, commits), _task(held, messages)]
    parts += _history(held, [m for m in messages[1:] if m.kind not in ("event", "control")])
    return "\n\n".join(parts) + "\n"


def again(held: "HeldThread", messages: list[Message], commits: str, before: "Turn") -> str:
    """Return the prompt of a further turn that cannot resume the session: the whole story."""
    ended = (
        f"You, or another agent in this place, worked on this before: turn {before.turn_no} "
        f"ended as {before.outcome or 'interrupted'}. What it left is there: look before you begin."
    )
    parts = [_who(held), _HOW, *_place(held, commits), ended, _task(held, messages)]
    parts += _history(held, [m for m in messages[1:] if m.kind != "event"])
    return "\n\n".join(parts) + "\n"


def resumed(held: "HeldThread", messages: list[Message], before: "Turn") -> str:
    """Return the prompt of a turn that goes on in the client's own session."""
    new = [
        m for m in messages
        if m.event_id > before.told_through and m.sender != held.agent and m.kind != "event"
    ]  # fmt: skip
    parts = _history(held, new) or ["Nothing new was written; continue where you stopped."]
    parts.append("Go on with your task, and report with inbox done (or inbox fail) at the end.")
    return "\n\n".join(parts) + "\n"


def _who(held: "HeldThread") -> str:
    task = held.attempt
    what = f"task {held.name}, attempt {task.attempt_no}, " if task is not None else ""
    return (
        f"You are the agent {held.agent}. This work is yours alone: {what}thread {held.thread_id}."
    )


def _place(held: "HeldThread", commits: str) -> list[str]:
    attempt = held.attempt
    if attempt is None or not attempt.worktree_path:
        said = [_apart(held.place)] if held.place is not None else []
        expects = "The result has to fit a schema: use inbox done --validate --payload-json JSON."
        return [*said, expects] if held.expects else said
    where = f"You work in {attempt.worktree_path} on branch {attempt.branch_name}."
    if commits == "runner":
        return [
            where + " Do not commit: what you change there is committed for you when you report."
        ]
    return [where + " Commit there before you report; what is not committed does not count."]


def _apart(place: "Place") -> str:
    return (
        f"You work in {place.place_path}, a place of your own: what you change there does not "
        f"count. Files that you hand in go to {place.out_path} ($ORCH_OUT)."
    )


def _task(held: "HeldThread", messages: list[Message]) -> str:
    order = next((m for m in messages if m.kind == "task"), messages[0] if messages else None)
    body = (order.body or order.summary) if order is not None else ""
    return f"The task: {held.subject}\n\n{body}"


def _history(held: "HeldThread", messages: list[Message]) -> list[str]:
    """Return what was written since, the newest kept when it is too much."""
    shown: list[str] = []
    room = _MOST_HISTORY
    for message in reversed(messages):
        text = message.body or message.summary
        if message.body and message.summary and message.summary not in message.body:
            text = f"{message.summary}\n{message.body}"
        who = "you wrote" if message.sender == held.agent else f"{message.sender} wrote"
        lines = "\n".join("| " + line for line in text[:_MOST_MESSAGE].split("\n"))
        entry = f"{who} ({message.kind}):\n{lines}"
        room -= len(entry)
        if room < 0:
            more = say("show").line
            shown.append(f"(what was written before is left out: {more})")
            break
        shown.append(entry)
    return list(reversed(shown))
