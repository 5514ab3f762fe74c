"""Views of the board: needs first, each with its command; then what runs."""

from inbox.cli import plain
from orch.cli.board import screen
from orch.reports.style import STATUSES, columns
from orch.steps.urgency import of_need
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.cli.board.screen import Words

    Answer = dict[str, Any]
_ENDS = {"land": "to be landed", "integrate": "to be integrated", "finished": "finished"}
_MOST_OF_A_TEXT = 300
_MOST_BYTES = 3700  # An agent's budget for one answer is 4 kB.


def view(answer: "Answer") -> str:
    """Return the board as one answer of plain mode."""
    colour = screen.has_colour()
    wide = screen.size()[0] if screen.is_terminal() else 0
    shown = [screen.paint(line, colour=colour, wide=wide) for line in _shown(answer)]
    cut = 0
    while len("\n".join(shown).encode()) > _MOST_BYTES:
        shown.pop()
        cut += 1
    more = [f"… {many(cut, 'more line')}: the same with --run, or --json"] if cut else []
    return "\n".join([*shown, *more])


def _shown(answer: "Answer") -> "list[Words]":
    found = _heading(answer)
    found += _needs(answer)
    found += _at_work(answer)
    found += _again(answer)
    found += _ready(answer)
    return found + _done(answer)


def _heading(answer: "Answer") -> "list[Words]":
    rows = plain.columns(
        answer.get("runs"), "run_id status counts.done counts.total goal end seconds_left cost_usd"
    )
    needs = len(plain.columns(answer.get("needs"), "kind")) + _more(answer, "needs")
    at = answer.get("at")
    what = f"{needs} waiting for you" if needs else "nothing needs you"
    found: list[Words] = [
        [("bold", f"{len(rows)} run{'' if len(rows) == 1 else 's'}, {what}"),
         ("dim", f"  {str(at)[11:19]} UTC")]
    ]  # fmt: skip
    wide = max((columns(str(row[0])) for row in rows), default=0)
    for run, status, done, total, goal, end, left, cost in rows:
        ended = "" if end == "open" else f", {_ENDS[str(end)]}"
        found.append(
            [("bold", f"{run!s:{wide}}  "), (_colour(status), f"{status}{ended}"),
             ("", f"  {done} of {total} done{_beside(left, cost)}  "), ("dim", plain.line(goal))]
        )  # fmt: skip
    return found


def _beside(left: object, cost: object) -> str:
    """Return about how long a run takes yet, and what it cost."""
    told = "" if left is None else f", about {-(-int(str(left)) // 60)} min left"
    return told + (f", ${float(str(cost)):.2f}" if cost else "")


def _again(answer: "Answer") -> "list[Words]":
    found = _section(answer, "AGAIN", "again")
    for run, task, reason, number, most, due in plain.columns(
        answer.get("again"), "run_id task_id reason attempt_no max_attempts due"
    ):
        when = f"at {str(due)[11:19]} UTC" if due else "soon"
        words = plain.line(f"attempt {number} of {most}: {reason}")
        found.append([("yellow", "↻ "), ("", f"{run}/{task}  begun again {when}"),
                      ("dim", f"  {words}")])  # fmt: skip
    return found


def _colour(status: object) -> str:
    return screen.OF_STATUS.get(str(status), "")


def _more(answer: "Answer", part: str) -> int:
    return int(answer["more"][part])


def _section(answer: "Answer", title: str, part: str) -> "list[Words]":
    count = len(answer[part])
    more = _more(answer, part)
    tail = f"  {count} of {count + more}: --limit N shows more" if more else ""
    return [[], [("bold", f"{title} ({count + more})"), ("dim", tail)]] if count else []


def _name(run: object, task: object) -> str:
    return f"{run}/{task}" if task else f"run {run}"


def _needs(answer: "Answer") -> "list[Words]":
    found = _section(answer, "NEEDS YOU", "needs")
    for run, task, kind, who, since, text, line in plain.columns(
        answer.get("needs"), "run_id task_id kind who since text command"
    ):
        sign, colour, words = of_need(str(kind))
        told = f"{who} {words}" if kind == "question" else words
        found.append([(colour, f"{sign} "), ("bold", _name(run, task)), ("", f"  {told}"),
                      ("dim", f", {plain.ago(since)}")])  # fmt: skip
        found.append([("", "    | " + plain.line(text, _MOST_OF_A_TEXT))])
        found.append([("dim", "    $ "), ("cyan", str(line))])
    return found


def _at_work(answer: "Answer") -> "list[Words]":
    found = _section(answer, "AT WORK", "at_work")
    rows = plain.columns(
        answer.get("at_work"),
        "run_id task_id status who claimed since liveness harness turn_no "
        "last_message_from last_message answered machine",
    )
    names = _aligned([_name(row[0], row[1]) for row in rows])
    for name, row in zip(names, rows, strict=True):
        _, _, status, who, claimed, since, liveness, harness, turn, sender, words = row[:11]
        answered, on = row[11:]
        who = f"{who} on {on}" if on else who
        sign = STATUSES[str(status)][0]
        length = plain.ago(since).removesuffix(" ago")
        parts = [f"{who} for {length}" if claimed else f"waits for {who}, {length}"]
        parts += [f"{harness} turn {turn}"] if harness else []
        parts += [str(liveness)] if liveness in ("stale", "gone") else []
        parts += ["answered, not continued yet"] if status == "blocked" and answered else []
        doing = ", ".join(parts)
        last = f"  {sender}: {plain.line(words)}" if words and claimed else ""
        colour = _colour(status)
        found.append([(colour, f"{sign} "), ("", f"{name}  "), (colour, f"{status}"),
                      ("", f"  {doing}"), ("dim", last)])  # fmt: skip
    return found


def _ready(answer: "Answer") -> "list[Words]":
    found = _section(answer, "READY", "ready")
    rows = plain.columns(answer.get("ready"), "run_id task_id command")
    names = _aligned([_name(row[0], row[1]) for row in rows])
    for name, row in zip(names, rows, strict=True):
        way: Words = [("dim", "the budget is spent")]
        if row[2]:
            way = [("dim", "$ "), ("cyan", str(row[2]))]
        found.append([("cyan", "◔ "), ("", f"{name}  "), *way])
    return found


def _done(answer: "Answer") -> "list[Words]":
    found = _section(answer, "DONE", "done")
    rows = plain.columns(answer.get("done"), "run_id task_id status who at result")
    names = _aligned([_name(row[0], row[1]) for row in rows])
    for name, (_, _, status, who, at, result) in zip(names, rows, strict=True):
        by = f"{status} by {who}" if who else str(status)
        found.append([(_colour(status), f"{STATUSES[str(status)][0]} "), ("", f"{name}  {by}, "),
                      ("dim", f"{plain.ago(at)}  {plain.line(result)}")])  # fmt: skip
    return found


def _aligned(names: "list[str]") -> "list[str]":
    wide = max(map(len, names), default=0)
    return [name.ljust(wide) for name in names]
