"""The tally in plain lines for a terminal or an agent's window.

Owns the short view. Pure. Guarantees: titles stay on their line and cannot move the cursor; at
most `limit` groups, and what is left out is counted.
"""

from collections.abc import Collection

from council.model import Tally
from council.report import place
from council.vocabulary import LEVELS, Level
from orch.reports.escape import one_line

_TITLE_WIDTH = 100


def tally_lines(tally: Tally, show: Collection[Level] = LEVELS, limit: int = 20) -> list[str]:
    """Return the view: the outcome first, then who answered, the groups and the conflicts."""
    counts = ", ".join(f"{getattr(tally.summary, level)} {level}" for level in LEVELS)
    lines = [f"council {tally.run_id}: {tally.verdict} ({tally.status}); {counts}"]
    for one in tally.reviewers:
        if one.state != "answered":
            reason = f": {_cut(one.reason)}" if one.reason else ""
            lines.append(f"missing: {one.reviewer_role} {one.state}{reason}")
    shown = [group for group in tally.groups if group.level in show]
    for group in shown[:limit]:
        where = next((place(member) for member in group.members if member.file), "")
        marks: list[str] = [group.severity or "-"]
        marks += ["contested"] * group.contested
        marks += ["possibly the same"] * (group.strength == "weak")
        lines.append(
            f"{group.level:<9} {', '.join(marks):<8} | {_cut(group.title)}"
            f" [{', '.join(group.reviewers)}]{' ' + _cut(where) if where else ''}"
        )
    if len(shown) > limit:
        lines.append(f"{len(shown) - limit} more")
    if tally.conflicts:
        lines.append(f"{len(tally.conflicts)} conflicting pairs: see the report")
    return lines


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _TITLE_WIDTH else line[: _TITLE_WIDTH - 1] + "…"
