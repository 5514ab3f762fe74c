"""Views of a wait's news: who needs you, each with its command; then what ended."""

from inbox.cli import plain
from orch.cli.board import screen
from orch.reports.style import columns
from orch.steps.urgency import of_need
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 3700  # An agent's budget for one answer is 4 kB.
_MOST_OF_A_TEXT = 160
_ENDS = ("landed", "done", "cancelled")


def view(known: "dict[str, Any]") -> str:
    """Return the news as one answer of plain mode."""
    needs = [one for one in known["news"] if one["command"]]
    ends = [one for one in known["news"] if not one["command"]]
    colour, lines, cut = screen.has_colour(), [_head(known, needs, ends)], 0
    for one in needs:
        lines += [screen.paint(line, colour=colour) for line in _need(one)]
    lines += [_ended(kind, ends) for kind in _ENDS if any(one["kind"] == kind for one in ends)]
    lines += [f"run {one['run_id']}: nothing more can run" for one in ends
              if one["kind"] == "run_done"]  # fmt: skip
    while len("\n".join(lines).encode()) > _MOST_BYTES:
        lines.pop()
        cut += 1
    lines += [f"… {many(cut, 'more line')}: the same with --again --json"] if cut else []
    if known["still_waiting"]:
        lines.append(f"{known['still_waiting']} more that you were told of: orch wait --again")
    return "\n".join(lines)


def _head(known: "dict[str, Any]", needs: "list[Any]", ends: "list[Any]") -> str:
    parts = []
    if needs:
        parts.append(f"{many(len(needs), 'needs', 'need')} you")
    for kind in _ENDS:
        count = sum(one["kind"] == kind for one in ends)
        parts += [f"{count} {kind}"] if count else []
    parts += ["a run is over"] if any(one["kind"] == "run_done" for one in ends) else []
    if ends:
        parts[-1] += f" since {min(one['since'] for one in ends)[11:16]}"
    told = any(one["again"] for one in known["news"])
    return ", ".join(parts) + (" (again: told before, or cut off)" if told else "")


def _need(one: "dict[str, Any]") -> "list[list[tuple[str, str]]]":
    sign, colour, words = of_need(one["kind"])
    name = f"{one['run_id']}/{one['task_id']}" if one["task_id"] else f"run {one['run_id']}"
    text = plain.line(one["text"], _MOST_OF_A_TEXT)
    told = f" {words}: {text}" if text else f" {words}"
    head = [(colour, f"{sign} "), ("bold", name), ("", told)]
    command = [("dim", "$ "), ("cyan", str(one["command"]))]
    wide = sum(columns(text) for _, text in head)
    if wide + columns(str(one["command"])) < 96:
        return [[*head, ("", " " * max(2, 44 - wide)), *command]]
    return [head, [("", "    "), *command]]


def _ended(kind: str, ends: "list[Any]") -> str:
    names = [f"{one['run_id']}/{one['task_id']}" for one in ends if one["kind"] == kind]
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"{of_need(kind)[0]} {kind}: {', '.join(names[-8:])}{more}"
