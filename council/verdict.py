"""Levels, quorum, severity and the overall verdict: small total functions of stored data.

Owns the rules of council.md section 4. Guarantees: a level counts reviewers of the three that
were asked, so a missing one can lower it and never raise it; silence is neither approval nor
opposition; no text, no similarity and no model takes part.
"""

from collections.abc import Collection, Iterable

from council.vocabulary import LEVELS, ROLES, SEVERITIES, Level, Position, Severity, Status, Verdict


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
    status: Status, positions: Iterable[Position | None], severities: Collection[Severity | None]
) -> Verdict:
    """Return the council's verdict.

    `positions` are the reviewers' own (None and `abstain` take no side), `severities` those of
    all groups. Without a quorum there is no verdict. Any critical or any block blocks; else two
    revise make revise; else two approve with nothing high make approve; else, if anyone took a
    side, the council is split.
    """
    if status in ("insufficient", "failed"):
        return "none"
    sides = [p for p in positions if p and p != "abstain"]
    if "critical" in severities or "block" in sides:
        return "block"
    if sides.count("revise") >= 2:
        return "revise"
    if sides.count("approve") >= 2 and "high" not in severities:
        return "approve"
    return "split" if sides else "none"
