"""The tally in plain lines for a terminal or an agent's window.

Owns the short view. Pure. Guarantees: titles stay on their line and cannot move the cursor; at
most `limit` groups, and what is left out is counted.
"""

from collections.abc import Collection

from council.model import CrossGroup, CrossTally, Group, Tally
from council.report_details import place
from council.vocabulary import LEVELS, Level
from orch.reports.escape import one_line

_TITLE_WIDTH = 100


def tally_lines(tally: Tally, show: Collection[Level] = LEVELS, limit: int = 20) -> list[str]:
    """Return the view: the outcome first, then who answered, the groups and the conflicts."""
    counts = ", ".join(f"{getattr(tally.summary, level)} {level}" for level in LEVELS)
    lines = [f"council {tally.run_id}: {tally.verdict} ({tally.status}); {counts}"]
    if tally.verdict_reason:
        lines.append(f"why: {tally.verdict_reason}")
    for one in tally.reviewers:
        if one.state != "answered":
            reason = f": {_cut(one.reason)}" if one.reason else ""
            lines.append(f"missing: {one.reviewer_role} {one.state}{reason}")
    if isinstance(tally, CrossTally):
        lines += _cross_lines(tally)
    shown = [group for group in tally.groups if group.level in show]
    for group in shown[:limit]:
        where = next((place(member) for member in group.members if member.file), "")
        marks: list[str] = [group.severity or "-"]
        marks += ["contested"] * group.contested
        marks += _votes(group)
        marks += ["loosely alike"] * (group.strength == "weak")
        lines.append(
            f"{group.level:<9} {', '.join(marks):<8} | {_cut(group.title)}"
            f" [{', '.join(group.reviewers)}]{' ' + _cut(where) if where else ''}"
        )
    if len(shown) > limit:
        lines.append(f"{len(shown) - limit} more")
    if tally.left_out:
        lines.append(f"{len(tally.left_out)} left out: declined before")
    if tally.conflicts:
        lines.append(f"{len(tally.conflicts)} conflicting pairs: see the report")
    return lines


def _cross_lines(tally: CrossTally) -> list[str]:
    """Return how round two went: how many voted, and who did not."""
    cross = tally.cross
    if cross.state == "none":
        return [f"no round two: {_cut(cross.reason or '')}"]
    lines = [f"votes {cross.sheets} of {len(cross.voters)}"]
    lines += [
        f"no vote: {voter.reviewer_role} {voter.state}: {_cut(voter.reason)}"
        for voter in cross.voters
        if voter.reason
    ]
    return lines


def _votes(group: Group) -> list[str]:
    if not isinstance(group, CrossGroup) or not group.asked:
        return []
    marks = [f"agreed {len(group.agreed_by)} of {group.asked}"]
    if group.disputed_by:
        marks.append(f"{group.standing}: disputed {len(group.disputed_by)}")
    return marks + ["withdrawn"] * (not group.raised_by)


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _TITLE_WIDTH else line[: _TITLE_WIDTH - 1] + "…"
