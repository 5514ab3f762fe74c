"""Levels, quorum, severity and the overall verdict: small total functions of stored data.

Owns the rules of council.md section 4. Guarantees: a level counts reviewers of the three that
were asked, so a missing one can lower it and never raise it; silence is neither approval nor
opposition; no text, no similarity and no model takes part.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from council.vocabulary import (
    LEVELS,
    ROLES,
    SEVERITIES,
    Level,
    Position,
    Role,
    Severity,
    Status,
    Verdict,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Group


def level_of(supporters: int) -> Level:
    """Return the level of a group with that many distinct reviewers, 1 to 3."""
    return LEVELS[len(ROLES) - supporters]


def status_of(answered: int, quorum: int) -> Status:
    """Return what a council is worth when that many of its reviewers could be read."""
    if answered == len(ROLES):
        return "complete"
    if answered == 0:
        return "failed"
    return "partial" if answered >= quorum else "insufficient"


def highest(severities: Iterable[Severity | None]) -> Severity | None:
    """Return the gravest severity given; one lenient reviewer cannot bury a critical."""
    return min((s for s in severities if s), key=SEVERITIES.index, default=None)


def overall_verdict(
    status: Status,
    positions: Iterable[Position | None],
    severities: Collection[Severity | None],
    *,
    is_whole: bool = True,
) -> Verdict:
    """Return the council's verdict.

    `positions` are the reviewers' own (None and `abstain` take no side), `severities` those of
    all groups; `is_whole` says that every finding and its severity could be read. Without a quorum
    there is no verdict. Any critical or any block blocks; else two revise make revise; else two
    approve with nothing high and nothing unread make approve; else, if anyone took a side, the
    council is split.
    """
    if status in ("insufficient", "failed"):
        return "none"
    sides = [p for p in positions if p and p != "abstain"]
    if "critical" in severities or "block" in sides:
        return "block"
    if sides.count("revise") >= 2:
        return "revise"
    if sides.count("approve") >= 2 and "high" not in severities and is_whole:
        return "approve"
    return "split" if sides else "none"


def verdict_reason(
    verdict: Verdict,
    status: Status,
    positions: Mapping[Role, Position | None],
    gravest: Sequence[tuple[Severity | None, Sequence[Role]]],
    *,
    is_whole: bool = True,
) -> str:
    """Return why the verdict is what it is, in words that name groups and reviewers.

    `gravest` is, for each group in the report's order, its severity and who gave it that.
    """
    if status in ("insufficient", "failed"):
        return "too few reviewers could be read"
    if verdict == "none":
        return "nobody took a side"
    said = _sides(positions)
    if verdict == "block":
        named = _named("critical", gravest)
        return "; ".join(named + [text for text in said if text.endswith(" block")])
    if verdict == "split":
        grave = _named("high", gravest) if list(positions.values()).count("approve") >= 2 else []
        return "; ".join([*said, *grave, *([] if is_whole else ["not all could be read"])])
    against = [text for text in said if not text.endswith(f" {verdict}")]
    most = [text for text in said if text.endswith(f" {verdict}")]
    return "; ".join(most + against)


def _sides(positions: Mapping[Role, Position | None]) -> list[str]:
    """Return who says what, like `a and b say revise`."""
    found = []
    for side in ("block", "revise", "approve"):
        if who := [role for role, position in positions.items() if position == side]:
            found.append(f"{' and '.join(who)} {'says' if len(who) == 1 else 'say'} {side}")
    return found


def _named(
    severity: Severity, gravest: Sequence[tuple[Severity | None, Sequence[Role]]]
) -> list[str]:
    return [
        f"group {number} is {severity} ({', '.join(roles)})"
        for number, (worst, roles) in enumerate(gravest, 1)
        if worst == severity
    ]


def gravest_of(group: "Group") -> tuple[Role, ...]:
    """Return who gave the group the severity it has and did not take it back."""
    return tuple(
        member.reviewer_role
        for member in group.members
        if member.severity == group.severity and "withdrawn" not in member.flags
    )
