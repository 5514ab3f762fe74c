"""Next steps after each command of `inbox`: its answer, read as steps."""

from inbox.steps import say
from schema.steps import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def _init(_answer: "Answer") -> "list[Step]":
    step = say("send", from_="YOU", to="AGENT", subject="TEXT")
    return [step.because("the store is empty until somebody is asked something")]


def _send(answer: "Answer") -> "list[Step]":
    thread, sender = answer["thread"]["thread_id"], answer["message"]["from_agent"]
    return [say("wait-reply", thread=thread, agent=sender).because("wait for what comes of it")]


def _fetch(answer: "Answer") -> "list[Step]":
    first = answer["threads"][0]
    if first["status"] == "pending":
        return [say("claim", agent="YOU", thread=first["thread_id"]).because("it waits for you")]
    return [say("show", thread=first["thread_id"]).because("read it")]


def _list(answer: "Answer") -> "list[Step]":
    threads = answer["threads"]
    if answer["truncated"]:
        return [say("list", limit=2 * len(threads)).because("there are more")]
    return [say("show", thread=threads[0]["thread_id"]).because("read it")] if threads else []


def _claim(answer: "Answer") -> "list[Step]":
    thread, lease = answer["thread"], answer["lease"]
    mine = {
        "agent": thread["assigned_to"],
        "thread": thread["thread_id"],
        "lease": lease.get("token"),
    }
    return [
        say("done", **mine, summary="TEXT").because("when the work is done"),
        say("renew", **mine).because("to keep it longer"),
        say("update", **mine, status="blocked", body="QUESTION").because("to ask"),
    ]


def _renew(answer: "Answer") -> "list[Step]":
    if answer.get("cancel_requested"):
        thread = answer["thread"]["thread_id"]
        return [say("show", thread=thread).because("you are asked to stop")]
    return [_deliver(answer)]


def _deliver(answer: "Answer") -> "Step":
    thread = answer["thread"]
    mine = {"agent": thread["assigned_to"], "thread": thread["thread_id"]}
    return say("done", **mine, summary="TEXT").because("when the work is done")


def _take(agent: str) -> "Step":
    return say("claim", agent=agent, next=True).because("take the next work")


def _release(answer: "Answer") -> "list[Step]":
    return [_take(answer["message"]["from_agent"])]


def _update(answer: "Answer") -> "list[Step]":
    thread = answer["thread"]
    if thread["status"] == "blocked":
        mine = {"agent": thread["assigned_to"], "thread": thread["thread_id"]}
        return [say("wait-reply", **mine).because("wait for the answer")]
    return [_deliver(answer)]


def _reply(answer: "Answer") -> "list[Step]":
    thread, sender = answer["thread"], answer["message"]["from_agent"]
    if sender == thread["assigned_to"] and thread["status"] != "pending":
        return [_deliver(answer)]
    step = say("wait-reply", thread=thread["thread_id"], agent=sender)
    return [step.because("wait for what comes of it")]


def _finished(answer: "Answer") -> "list[Step]":
    if answer.get("claimed"):
        return _claim(answer["claimed"])
    return [_take(answer["thread"]["assigned_to"])]


def _shown(answer: "Answer") -> "list[Step]":
    return [say("show", thread=answer["thread"]["thread_id"]).because("read it")]


def _show(answer: "Answer") -> "list[Step]":
    thread, after = answer["thread"], answer.get("next_after")
    name, status, to = thread["thread_id"], thread["status"], thread["assigned_to"]
    if after:
        return [say("show", thread=name, after_message=after).because("there is more")]
    if status == "pending":
        who = "YOU" if to.startswith("@") else to
        return [say("claim", agent=who, thread=name).because("nobody works on it")]
    if status == "blocked":
        step = say("reply", from_="YOU", thread=name, body="ANSWER")
        return [step.because("its worker waits for an answer")]
    if status in ("claimed", "in_progress"):
        return [say("wait-reply", thread=name, agent="YOU").because("it is worked on")]
    return []


def _ack(answer: "Answer") -> "list[Step]":
    return [say("fetch", agent=answer["agent"], unread=True).because("see whether more came")]


def _watch(answer: "Answer") -> "list[Step]":
    return [*_shown(answer), *_resumed(answer)]


def _resumed(answer: "Answer") -> "list[Step]":
    """Return how the wait goes on; its words are published as `resume`."""
    from schema.steps import read

    return [read(answer["resume"], "look").because("wait on")]


def _wait_reply(answer: "Answer") -> "list[Step]":
    thread, message = answer["thread"], answer["message"]
    name, holder = thread["thread_id"], thread["assigned_to"]
    if message["kind"] == "control":
        return [say("show", thread=name).because("somebody steers it")]
    if message["to_agent"] == holder and message["kind"] == "answer":
        step = say("update", agent=holder, thread=name, status="in_progress", summary="TEXT")
        return [step.because("go on working")]
    return _resumed(answer)


def _search(answer: "Answer") -> "list[Step]":
    return [say("show", thread=answer["messages"][0]["thread_id"]).because("read it")]


def _artifact_list(answer: "Answer") -> "list[Step]":
    kept = [one["artifact_id"] for one in answer["artifacts"] if one["copied"]][:1]
    return [
        say("artifact get", name, out="FILE").because("its bytes are kept") for name in kept[:1]
    ]


def _doctor(answer: "Answer") -> "list[Step]":
    return [read(line) for check in answer["checks"] for line in check["commands"]]


NEXT: "dict[str, Callable[[Answer], list[Step]]]" = {
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
    "cancel": _shown,
    "list": _list,
    "show": _show,
    "ack": _ack,
    "watch": _watch,
    "wait-reply": _wait_reply,
    "search": _search,
    "artifact list": _artifact_list,
    "doctor": _doctor,
}


def settle(_call: object, steps: "Sequence[Step]") -> "Sequence[Step]":
    """Return the steps as they are: nobody on the bus gives them by itself."""
    return steps
