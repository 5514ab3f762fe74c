"""Plain views of the commands about machines."""

from inbox.cli import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _state(status: object, silent: object, here: object) -> str:
    if status == "lost":
        return "lost"
    if here:
        return "this one"
    return f"silent for {silent} s" if int(str(silent)) else "there"


def _list(answer: "Answer") -> str:
    rows = plain.columns(
        answer.get("machines"), "name status silent_seconds is_here seen_at at_work"
    )
    body = [
        [name, _state(status, silent, here), seen, ", ".join(map(str, at_work or ())) or "-"]
        for name, status, silent, here, seen, at_work in rows
    ]
    head = f"{len(body)} machine{'s' * (len(body) != 1)}"
    return plain.listing(head, ("MACHINE", "STATE", "SEEN", "AT WORK"), body, "with --json")


def _lost(answer: "Answer") -> str:
    name, reason = plain.values(answer, "machine.name machine.reason")
    back = answer.get("given_back") or []
    said = f": {plain.line(reason, 200)}" if reason else ""
    again = " (replayed: it had been done before)" if answer.get("replayed") else ""
    lines = [f"machine {name} is lost{said}{again}"]
    lines += [f"given back: {plain.line(task, 200)}" for task in back]
    return "\n".join(lines)


def _push(answer: "Answer") -> str:
    run, task, branch, head = plain.values(answer, "run_id task_id branch_name head_commit")
    return f"pushed {run}/{task}: the remote has {str(head)[:12]} on {branch}"


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "machine list": _list,
    "machine lost": _lost,
    "push": _push,
}
