"""Plain views of diff and open."""

from inbox.cli import plain
from orch.cli.board import screen
from orch.steps.model import say
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
_COLOURS = (("+++", "1"), ("---", "1"), ("diff ", "1"), ("@@", "36"), ("+", "32"), ("-", "31"))
_WIDEST_BAR = 30


def _diff(answer: "Answer") -> str:
    parts = []
    colour = screen.has_colour()
    paths = (
        "run_id task_id attempt_no base_commit head_commit added removed files dirty_files text "
        "truncated"
    )
    for run, task, number, base, head, added, removed, files, dirty, text, is_cut in plain.columns(
        answer.get("diffs"), paths
    ):
        named = plain.columns(files, "path added removed")
        if base == head:  # It may have written a lot: `open` names the place.
            seen = say("open", f"{run}/{task}").line
            parts.append(
                f"{run}/{task} attempt {number}: nothing is committed yet on top of "
                f"{str(base)[:12]}; where it works: {seen}"
            )
            parts += [f"beside it {dirty} uncommitted files"] if dirty else []
            continue
        parts.append(
            f"{run}/{task} attempt {number}: {str(base)[:12]} to {str(head)[:12]}, "
            f"{many(len(named), 'file')}, +{added} -{removed}"
        )
        if dirty:
            parts.append(f"beside it {dirty} uncommitted files")
        parts += _stat(named) if not text else [_painted(plain.visible(str(text)), colour=colour)]
        if is_cut:
            parts.append("… the rest is left out here")
    return "\n".join(parts)


def _stat(files: "list[list[Any]]") -> list[str]:
    wide = max((len(str(path)) for path, _, _ in files), default=0)
    lines = []
    for path, added, removed in files:
        more, less = int(str(added)), int(str(removed))
        scale = min(1.0, _WIDEST_BAR / max(1, more + less))
        bar = "+" * round(more * scale) + "-" * round(less * scale)
        lines.append(f"  {plain.line(path, 200).ljust(wide)} | {more + less:5} {bar}".rstrip())
    return lines


def _painted(text: str, *, colour: bool) -> str:
    text = text.rstrip("\n")
    return "\n".join(map(_line, text.split("\n"))) if colour else text


def _line(line: str) -> str:
    code = next((code for head, code in _COLOURS if line.startswith(head)), "")
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def _open(answer: "Answer") -> str:
    run, task, number, who, path, branch, resume, running = plain.values(
        answer, "run_id task_id attempt_no assigned_to path branch_name resume running"
    )
    on = f" on {branch}" if branch else ""
    lines = [f"{run}/{task} attempt {number} by {who}{on}: {plain.visible(str(path))}"]
    if running:
        lines.append("its agent is at work there: look, change nothing")
    if resume:
        lines += ["its client's session:", f"    $ {resume}"]
    return "\n".join(lines)


VIEWS: "dict[str, Callable[[Answer], str]]" = {"diff": _diff, "open": _open}
