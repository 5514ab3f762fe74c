"""Plain views of the plan commands: what a plan changes, and how its work can go."""

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
_MARKS = {"added": "+", "updated": "~", "kept": "="}
_MOST_FIELDS = 8


def _counts(answer: "Answer") -> str:
    kinds = [kind for (kind,) in plain.columns(answer.get("changes"), "change")]
    return ", ".join(
        f"{kinds.count(kind)} {kind}"
        for kind in ("added", "updated", "kept", "unchanged")
        if kind in kinds
    )


def _changes(answer: "Answer") -> list[str]:
    lines = []
    for i, (task, kind, reason) in enumerate(
        plain.columns(answer.get("changes"), "task_id change reason")
    ):
        if kind == "unchanged":
            continue
        tail = f" as it is: {reason}" if reason else ""
        lines.append(f"{_MARKS[str(kind)]} {kind} {task}{tail}")
        fields = plain.columns(answer["changes"][i].get("fields") or [], "field old new")
        for field, old, new in fields[:_MOST_FIELDS]:
            lines.append(f"    {field}: {_value(old)} -> {_value(new)}")
        if len(fields) > _MOST_FIELDS:
            lines.append(f"    {len(fields) - _MOST_FIELDS} more: --json")
    return lines


def _value(value: object) -> str:
    return "nothing" if value in (None, "") else plain.line(value, 60)


def figures(answer: "Answer") -> list[str]:
    """Return what the order of the work comes to, in two lines."""
    tasks, minutes, critical, at_once, share, least = plain.values(
        answer,
        "figures.tasks figures.minutes figures.critical_minutes figures.at_once "
        "figures.share figures.least_minutes",
    )
    path = " -> ".join(map(str, answer["figures"]["critical_path"]))
    if not path:
        return ["nothing is left to do"]
    assert isinstance(share, (int, float))
    return [
        f"critical path: {plain.line(path, 400)}, {many(critical, 'minute')}",
        f"at the same time: {at_once} of {many(tasks, 'task')} ({share:.0%}); "
        f"{many(minutes, 'minute')} of work in {least} with a worker for each",
    ]


def _text(answer: "Answer", head: str) -> str:
    """Return the whole answer, cut to what a listing may have."""
    lines, tail = _changes(answer), figures(answer)
    size = 3000
    shown: list[str] = []
    for line in lines:
        size -= len(line.encode()) + 1
        if size < 0:
            shown.append(f"{many(len(lines) - len(shown), 'more line')}: --json")
            break
        shown.append(line)
    return "\n".join([head, *shown, *tail])


def _named(answer: "Answer") -> tuple[str, str, str]:
    path, run, tasks = plain.values(answer, "path run_id tasks")
    noun = many(tasks, "task")
    return plain.line(path, 200), str(run or ""), noun


def check(answer: "Answer") -> str:
    """A plan without a fault, and what it would change."""
    path, run, tasks = _named(answer)
    counts = _counts(answer)
    tail = f" for run {run}: {counts}" if run else ""
    return _text(answer, f"{path} is sound, {tasks}{tail}")


def apply(answer: "Answer") -> str:
    """What a plan changed, or would change."""
    path, run, tasks = _named(answer)
    dry, replayed = plain.values(answer, "dry_run replayed")
    if dry:
        head = f"nothing was changed; {path}, {tasks}, would mean for run {run}: {_counts(answer)}"
        return _text(answer, head)
    again = " (replayed: it had been done before)" if replayed else ""
    head = f"applied {path}, {tasks}, to run {run}{again}: {_counts(answer)}"
    return _text(answer, head)


def lint(answer: "Answer") -> str:
    """A plan that no rule refuses, with the warnings."""
    path, _, tasks = _named(answer)
    lines = [f"{path}: {tasks}, no rule refuses it"]
    found = plain.columns(answer.get("findings"), "line rule task_id message")
    for number, rule, task, message in found[:20]:
        lines.append(f"warning: line {number}: {rule} ({task}): {plain.line(message, 300)}")
    if len(found) > 20:
        lines.append(f"{len(found) - 20} more: --json")
    return "\n".join([*lines, *figures(answer)])


def export(answer: "Answer") -> str:
    """The plan itself, or where it was written."""
    path, text, run, tasks, request = plain.values(answer, "path text run_id tasks request_id")
    if path is None:
        return str(text)
    what = f"request {request}" if request else f"run {run}"
    return f"wrote {many(tasks, 'task')} of {what} to {plain.line(path, 200)}"


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "check": check,
    "apply": apply,
    "lint": lint,
    "export": export,
}
