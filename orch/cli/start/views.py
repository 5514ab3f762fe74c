"""Views of a start: the run and its tasks, then what its driver came to."""

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]

_STATES = {
    "new": "run {run}: {tasks}",
    "same": "run {run} goes on: {tasks}",
    "changed": "run {run} takes the change: {tasks}",
    "planning": "run {run}: an engineer makes a plan of it",
    "over": "run {run} had all of this, and is closed",
}


def lines(answer: "Answer") -> list[str]:
    """Return what a start began, line by line."""
    run, state, total, harness = plain.values(answer, "run.run_id state run.counts.total harness")
    count = many(total, "task")
    found = [_STATES[str(state)].format(run=run, tasks=count)]
    if harness and state != "over":
        found[0] += f", {harness} works"
    counts: dict[object, int] = {}
    for (kind,) in plain.columns(answer.get("changes"), "change"):
        counts[kind] = counts.get(kind, 0) + 1
    if state == "changed":
        told = ", ".join(f"{n} {kind}" for kind, n in counts.items())
        found.append(f"tasks of the plan: {told}")
    path, written = plain.values(answer, "config.path config.written")
    if written:
        found.append(f"wrote {path}: commit it when it suits you")
    return found


def _start(answer: "Answer") -> str:
    drive, state, end = plain.values(answer, "drive state run.end")
    if drive is None:
        found = lines(answer)
        if state != "over" and end == "finished":
            found.append("it is finished: nothing is left to do")
        return "\n".join(found)
    if state == "planning":
        where = plain.values(answer, "drive.pid drive.log_path")
        return "\n".join([*lines(answer), "pid {}, log {}".format(*where)])
    from orch.cli.drive import views

    return "\n".join([*lines(answer), views.VIEWS["drive"](drive)])


VIEWS: "dict[str, Callable[[Answer], str]]" = {"start": _start}
