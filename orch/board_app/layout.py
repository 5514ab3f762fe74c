"""The board's screen as lines of styled words, for a size: pure.

Guarantees: exactly as many lines as the screen is high, none wider than it; the row under the
cursor is always on it; what is left out is counted. Below LEAST it says only that.
"""

import textwrap

from orch.board_app.keys import KEYS
from orch.board_app.rows import PANES, Row, own_runs, seconds_between, spell
from orch.model import WORKED
from orch.reports.style import columns, cut_columns
from schema.steps import command
from schema.value import Value, own
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from schema.steps import Step

    Words = list[tuple[str, str]]

LEAST = (40, 10)
_BAR = 11
_MOST_DETAIL = 8  # Lines of what the row under the cursor is about, where there is room.
_ASCII = str.maketrans(
    {"·": "|", "▕": "[", "▏": "]", "█": "#", "░": "-", "─": "-", "→": ">", "✗": "x", "✓": "+",
     "◔": "o", "◑": "o", "◎": "@", "▶": "*", "●": "*", "⇥": ">", "†": "!", "±": "~", "○": "o",
     "–": "-", "…": ".", "⚠": "!", "↻": "~", "↳": ">", "⇄": "x", "◇": "?", "↵": "Enter",
     "↑": "Up", "↓": "Down"}
)  # fmt: skip


class View(Value):
    """What is on the screen beside the board itself: the cursor, filters, a line to be said."""

    cursor: tuple[str, str, str, str] | None = None
    filters: list[str] = own(factory=list)
    run: str = ""
    message: str = ""
    style: str = ""
    wanted: "Sequence[Step]" = ()  # Steps of a key that is being filled in.


class Frame(Value):
    """A drawn screen: its lines, and which row stands on which of them."""

    lines: "list[Words]" = own(factory=list)
    at: dict[int, Row] = own(factory=dict)


def frame(
    document: "dict[str, Any]", found: "list[Row]", view: View, wide: int, high: int
) -> Frame:
    """Return the screen; `found` are the rows that the filters let through."""
    drawn = Frame()
    if wide < LEAST[0] or high < LEAST[1]:
        text = f"{wide}x{high} is too small: the board needs {LEAST[0]}x{LEAST[1]}. q quits."
        drawn.lines = [[("", part)] for part in textwrap.wrap(text, max(1, wide))]
    else:
        _draw(drawn, document, found, view, wide, high)
    drawn.lines = [_cut(line, wide) for line in drawn.lines[:high]]
    drawn.lines += [[] for _ in range(high - len(drawn.lines))]
    return drawn


def plain(line: "Words") -> "Words":
    """Return a line in ASCII, for a terminal that shows nothing else."""
    return [
        (style, text.translate(_ASCII).encode("ascii", "replace").decode()) for style, text in line
    ]


def _draw(
    drawn: Frame, document: "dict[str, Any]", found: "list[Row]", view: View, wide: int, high: int
) -> None:
    head = [_head(document, wide)]
    head += _runs(document, view, max(1, high // 6), wide)
    current = next((row for row in found if row.identity == view.cursor), None)
    panes = {name: [row for row in found if row.pane == name] for name in PANES}
    full = len(head) + len(found) + sum(bool(rows) for rows in panes.values())
    foot = _foot(current, view, found, wide, high, max(1, min(_MOST_DETAIL, high - full - 5)))
    shown = _shares(panes, current, high - len(head) - len(foot))
    drawn.lines = head
    cells = (
        min(max((columns(row.label) for row in found), default=0), max(12, wide // 4)),
        min(max((columns(row.what) for row in found), default=0), 14 if wide >= 70 else 12),
    )
    if "next" not in shown and found and not view.filters and high > full + len(foot):
        shown = {name: shown.get(name, 0) for name in PANES if name in shown or name == "next"}
    for name, room in shown.items():
        if not room and not _waiting(document, view):
            continue
        _pane(drawn, document, name, panes[name], current, room, (*cells, wide))
    if not found:
        words = "nothing fits the filter: u undoes it" if view.filters or view.run else (
            "nothing to do: there is no task in an open run; b begins one")  # fmt: skip
        drawn.lines += [[], [("dim", "  " + words)]]
    drawn.lines += [[] for _ in range(high - len(foot) - len(drawn.lines))]
    drawn.lines += foot


def _waiting(document: "dict[str, Any]", view: View) -> bool:
    """Say whether there is more to come, none of which can begin now."""
    return any(
        run["counts"]["planned"] or run["locked"]
        for run in document["runs"]
        if view.run in ("", run["run_id"])
    )


def _head(document: "dict[str, Any]", wide: int) -> "Words":
    runs = own_runs(document)
    needs = len(document["needs"]) + document["more"]["needs"]
    landed = sum(run["landed"] for run in runs)
    total = sum(_counted(run) for run in runs)
    left = f"orch · {many(len(runs), 'run')} · {landed}/{total} landed · "
    told = _needs(needs)
    drivers = [str(run["driver_pid"]) for run in runs if run["driver_pid"]]
    pids = ", ".join(dict.fromkeys(drivers)) if wide >= 70 else ""
    told += f" · driving {pids}".rstrip() if drivers else ""
    cost = sum(run["cost_usd"] or 0 for run in runs)
    told += f" · ${cost:.2f}" if cost else ""
    at = str(document["at"])[11:19] + " UTC"
    at = at if columns(left + told) + len(at) < wide else ""
    room = max(0, wide - columns(left + told) - len(at))
    return [
        ("bold", left),
        ("bold yellow" if needs else "bold green", told),
        ("dim", " " * room + at),
    ]


def _needs(needs: int) -> str:
    return f"{many(needs, 'needs', 'need')} you" if needs else "nothing needs you"


def _counted(run: "dict[str, Any]") -> int:
    """Return how many tasks a run has that were not called off."""
    counts: dict[str, int] = run["counts"]
    return counts["total"] - counts["cancelled"]


def _runs(document: "dict[str, Any]", view: View, most: int, wide: int) -> "list[Words]":
    """One line a run: how far it is, what is at work, what it needs, where it leads, how long."""
    own = own_runs(document)
    known = [
        (n, run)
        for n, run in enumerate(document["runs"], 1)
        if (view.run == run["run_id"] if view.run else run in own)
    ]
    shown = known[: most if len(known) <= most else most - 1]
    names = min(max((columns(run["run_id"]) for _, run in shown), default=0), wide // 4)
    bar = _BAR if wide >= 70 else _BAR // 2
    found: list[Words] = []
    for number, run in shown:
        full = round(bar * run["landed"] / _counted(run)) if _counted(run) else 0
        name = cut_columns(run["run_id"], names)
        target = (run["target"] or "its own branch").removeprefix("refs/heads/")
        line = [
            ("dim", f"{number} "), ("bold", name + " " * (names - columns(name))),
            ("green", f" ▕{'█' * full}{'░' * (bar - full)}▏"),
            ("", f"{run['landed']:>3}/{_counted(run)}"),
            ("", f"  {_said(document, run):{22 if wide >= 70 else 0}}"),
        ]  # fmt: skip
        left = (
            ""
            if run["seconds_left"] is None
            else f"  ~{minutes(run['seconds_left'])}" + " left" * (wide >= 70)
        )
        room = wide - columns(left) - sum(columns(text) for _, text in line)
        if room > 6:
            line.append(("dim", cut_columns(f"  → {target}", room)))
            room -= columns(line[-1][1])
        found.append([*line, ("dim", " " * max(0, room) + left)])
    more = len(known) - len(found)
    return found + ([[("dim", f"  … {many(more, 'more run')}")]] if more else [])


def minutes(seconds: int) -> str:
    """Return about how long that is: no less than a minute."""
    return spell(max(60, -(-seconds // 60) * 60)).replace("60 s", "1 min")


def _said(document: "dict[str, Any]", run: "dict[str, Any]") -> str:
    """Return in words what is at work in a run, what it needs, what holds it up."""
    work = sum(run["counts"][one] for one in WORKED if one != "blocked")
    needs = sum(need["run_id"] == run["run_id"] for need in document["needs"])
    said = ["nothing begins: storm"] if run["holds"] else [f"{work} at work"] if work else []
    said += [_needs(needs)] if needs else []
    said += ["paused"] if run["paused"] else []
    said += [run["end"]] if run.get("end", "open") != "open" else []
    return "  ".join(said)


def _shares(panes: "dict[str, list[Row]]", current: "Row | None", room: int) -> "dict[str, int]":
    """Return how many rows each pane may show: needs first, the cursor's pane never none."""
    full = [name for name in PANES if panes[name]]
    order = sorted(full, key=lambda name: current is None or current.pane != name)
    shares: dict[str, int] = {}
    for name in order:  # A title and a row each, as long as there is room.
        if room >= 2:
            shares[name] = 1
            room -= 2
    for most in (4, 8, 10_000):
        for name in full:
            if name in shares:
                more = min(room, max(0, min(len(panes[name]), most) - shares[name]))
                shares[name] += more
                room -= more
    return {name: shares[name] for name in full if name in shares}


def _pane(
    drawn: Frame, document: "dict[str, Any]", name: str, rows: "list[Row]",
    current: "Row | None", room: int, sizes: "tuple[int, int, int]",
) -> None:  # fmt: skip
    wide, first = sizes[-1], 0
    if current in rows:
        first = max(0, min(rows.index(current) - room // 2, len(rows) - room))
    shown = rows[first : first + room]
    title = f"─ {PANES[name]} {_counts(document, name, len(rows))} "
    if name == "next" and current not in rows and len(rows) > room:
        drawn.lines.append([("dim", title + "─" * max(0, wide - columns(title)))])
        drawn.at[len(drawn.lines)] = rows[0]
        drawn.lines.append(_folded(rows, wide))
        return
    left = len(rows) - len(shown)
    more = f" {left} more ─" if left else ""
    fill = "─" * max(0, wide - columns(title + more))
    drawn.lines.append(
        [("bold" if shown and current in rows else "dim", title), ("dim", fill + more)]
    )
    for row in shown:
        drawn.at[len(drawn.lines)] = row
        drawn.lines.append(_row(row, document["at"], sizes, row is current))


def _folded(rows: "list[Row]", wide: int) -> "Words":
    """Return rows in one line: as many names as it holds, then how many more there are."""
    found: Words = []
    end = "  Tab"
    for number, row in enumerate(rows):
        name = f"{row.name}  "
        more = f"… {len(rows) - number - 1} more"
        used = sum(columns(text) for _, text in found)
        if used + columns(f"{row.sign} {name}{more}{end}") > wide and found:
            more = f"… {len(rows) - number} more"
            return [*found, ("dim", more + " " * (wide - used - columns(more + end)) + end)]
        found += [(row.style, f"{row.sign} "), ("", name)]
    return found


def _counts(document: "dict[str, Any]", pane: str, shown: int) -> str:
    """Return how much a pane has, also what is in no row of it."""
    part = {"needs": "needs", "next": "ready", "landed": "done"}.get(pane, "at_work")
    more = document["more"][part]
    if pane != "next":
        return f"{shown + more}" if pane in ("needs", "landed") or not more else (
            f"{shown} and {more} more")  # fmt: skip
    runs = document["runs"]
    waiting = sum(run["counts"]["planned"] for run in runs)
    locked = sum(run["locked"] for run in runs)
    ready = max(shown, sum(run["counts"]["ready"] for run in runs) - locked)
    told = f"{ready + waiting + locked}: {ready} ready"
    told += f", {many(waiting, 'waits', 'wait')} for others" if waiting else ""
    return told + (f", {locked} for a lock" if locked else "")


def _row(row: Row, now: str, sizes: "tuple[int, int, int]", is_current: bool) -> "Words":
    names, whats, wide = sizes
    old = "" if row.at else age(row.since, now)
    what = row.at or row.what
    lines = f"+{row.lines[0]} -{row.lines[1]}" if row.lines and wide >= 70 else ""
    lines += " " if lines and old else ""
    room = max(0, wide - names - whats - columns(row.sign + lines) - len(old) - 5)
    cells = [
        (row.style, row.sign + " "), ("bold", _fit(row.label, names) + " "),
        (row.style if row.pane == "needs" else "", _fit(what, whats) + "  "),
        ("", _fit(_line(row.text), room) + " "), ("dim", lines), ("dim", old),
    ]  # fmt: skip
    if is_current:
        return [("bold reverse" if "bold" in style else "reverse", text) for style, text in cells]
    return cells


def _fit(text: str, room: int) -> str:
    shown = cut_columns(text, room)
    return shown + " " * (room - columns(shown))


def _line(text: str, most: int = 300) -> str:
    from inbox.cli import plain as words

    return words.line(text, most)


def _foot(
    current: "Row | None", view: View, found: "list[Row]", wide: int, high: int, most: int
) -> "list[Words]":
    """The detail or what was said last, the command of Enter or of a key, the keys."""
    steps = view.wanted or (current.steps if current is not None else ())
    line = " && ".join(map(command, steps)) if steps else ""
    filters = "".join(f"  /{one}" for one in view.filters) + (
        f"  run {view.run}" if view.run else ""
    )
    said = view.message or (current.text if current is not None else "")
    style = view.style if view.message else "dim"
    detail = f"  {current.detail}" if current is not None and current.detail else ""
    rule = "─ " + (current.name if current is not None else "") + detail + filters + " "
    foot: list[Words] = [
        [("dim", rule + "─" * max(0, wide - columns(rule)))],
        *([(style, part)] for part in _wrapped(said, wide, most)),
        [("dim", "$ "), ("cyan", line)],
    ]
    if high >= 16:
        fitting = [(k, one.word) for k, one in KEYS.items() if current and one.fits(current)]
        foot.append([cell for k, word in fitting for cell in (("bold", k), ("dim", f" {word} "))])
    at = found.index(current) + 1 if current in found else 0
    count = f"{at} of {len(found)}"
    own = "↵ does  / filter  1-9 run  Tab pane  u undo  ? keys  q quit"
    own = own if columns(own) + len(count) + 2 <= wide else "↵ does  / filter  ? keys  q quit"
    foot.append([("dim", own + " " * max(1, wide - columns(own) - len(count)) + count)])
    return foot


def _wrapped(text: str, wide: int, most: int) -> "list[str]":
    """Return words in at most so many lines; the last one is cut by whoever draws it."""
    shown = _line(text, max(300, wide * most))
    found = textwrap.wrap(shown, wide if shown.isascii() else wide // 2) or [""]
    return found if len(found) <= most else [*found[: most - 1], " ".join(found[most - 1 :])]


def _cut(line: "Words", wide: int) -> "Words":
    left, found = wide, []
    for style, text in line:
        shown = cut_columns(text, left) if left > 0 else ""
        left -= columns(shown)
        if shown:
            found.append((style, shown))
    return found


def age(since: str, now: str) -> str:
    """Return how long ago that was at `now`, in one unit; both as published."""
    if not since:
        return "    "
    seconds = max(0, seconds_between(since, now))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}".rjust(4)
    return f"{seconds}s".rjust(4)
