"""Votes in a report: who voted, what is disputed and withdrawn, how groups joined.

Pure. Guarantees: for a tally of one round every function here yields nothing.
"""

from collections.abc import Iterator

from council.model import CrossGroup, CrossTally, Group, Tally
from orch.reports.escape import inline


def is_voted(group: Group) -> bool:
    """Return whether votes say how the group came to be one."""
    return isinstance(group, CrossGroup) and any(join.votes for join in group.joins)


def short(group: Group) -> str:
    """Return the votes on a group for the table."""
    if not isinstance(group, CrossGroup) or not group.asked:
        return "–"
    disputed = f", {len(group.disputed_by)} against" if group.disputed_by else ""
    return f"{len(group.agreed_by)} of {group.asked}{disputed}"


def facts(group: Group) -> list[str]:
    """Return what round two says about a group, as parts of one line."""
    if not isinstance(group, CrossGroup) or not group.asked:
        return []
    found = [
        f"raised by {len(group.raised_by)}",
        f"agreed {len(group.agreed_by)} of {group.asked}",
        f"disputed {len(group.disputed_by)}",
        *([group.standing] if group.standing in ("contested", "refuted") else []),
    ]
    ways = dict.fromkeys(_way(join.votes, words=join.words) for join in group.joins)
    return found + [f"joined by {way}" for way in ways]


def _way(votes: int, *, words: bool) -> str:
    if votes >= 2:
        return f"{votes} votes"
    return "1 vote and words" if votes and words else "words"


def voters(tally: Tally) -> Iterator[str]:
    """Yield how many votes there are, and who did not vote."""
    if not isinstance(tally, CrossTally):
        return
    cross = tally.cross
    if cross.state == "none":
        yield f"- **Round two:** none: {inline(cross.reason or '')}"
        return
    yield f"- **Votes:** {cross.sheets} of {len(cross.voters)}"
    for voter in cross.voters:
        parts = [f"{voter.state} ({inline(voter.reason)})"] if voter.reason else []
        parts += [] if parts or voter.state == "answered" else [voter.state]
        if "uniform_votes" in voter.flags:
            parts.append("gave all findings the same vote")
        if voter.dropped:
            parts.append(f"{voter.dropped} of its rows could not be counted")
        if parts:
            yield f"  - {voter.reviewer_role}: {'; '.join(parts)}"


def withdrawn(tally: Tally, numbers: dict[str, int]) -> Iterator[str]:
    """Yield the findings that their own reviewers took back; they count no longer."""
    if not isinstance(tally, CrossTally):
        return
    gone = [
        (numbers[group.group_id], member)
        for group in tally.groups
        for member in group.members
        if "withdrawn" in member.flags
    ]
    if gone:
        yield from (f"## Withdrawn ({len(gone)})", "")
        for number, member in gone:
            grave = f", {member.severity}" if member.severity else ""
            yield f"- no. {number}. {inline(member.title)} ({member.reviewer_role}{grave})"
        yield ""


def disputed(tally: Tally, numbers: dict[str, int]) -> Iterator[str]:
    """Yield every dispute with its reason; the section is there at none, too."""
    if not isinstance(tally, CrossTally) or not tally.cross.sheets:
        return
    groups = [g for g in tally.groups if isinstance(g, CrossGroup) and g.disputed_by]
    yield from (f"## Disputed ({len(groups)})", "")
    for group in groups:
        yield f"- no. {numbers[group.group_id]}. {inline(group.title)} ({group.standing})"
        for cast in group.votes:
            if cast.vote == "dispute":
                yield f"  - {cast.reviewer_role}: {inline(cast.why)}"
    yield "" if groups else "Nobody disputed anything."
    if not groups:
        yield ""
