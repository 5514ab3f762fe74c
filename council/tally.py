"""Tally of one round: three answers become one.

Owns the composition: place checks, grouping, levels, order, verdict. Pure. Guarantees: the same
answers and options give a byte-equal document (`canonical`); every finding of every review that
could be read is in exactly one group; who is missing, and why, is part of the result.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from council.declined import Declined, split
from council.grouping import VERSION, Cluster, Grouping, group
from council.locations import Diff, verify
from council.matching import normal_text
from council.model import (
    Answer,
    Conflict,
    Finding,
    Group,
    HeardFinding,
    Member,
    Related,
    Respondent,
    Summary,
    Tally,
)
from council.verdict import (
    gravest_of,
    highest,
    level_of,
    overall_verdict,
    status_of,
    verdict_reason,
)
from council.vocabulary import (
    DEFAULT_QUORUM,
    LEVELS,
    ROLES,
    SEVERITIES,
    Flag,
    Mode,
    Similarity,
    Status,
    Verdict,
)

_NAMED = 5


def tally_answers(
    run_id: str,
    mode: Mode,
    answers: Iterable[Answer],
    *,
    similarity: Similarity = "normal",
    quorum: int = DEFAULT_QUORUM,
    diff: Diff | None = None,
    declined: Sequence[Declined] = (),
    revision: int = 1,
) -> Tally:
    """Return the tally of the answers, one of each role, in any order.

    `diff` is what code reviewers saw; with it, lines it does not show are nulled and flagged.
    Groups that say what was `declined` before are left out.
    Whether an unfinished or unreadable reviewer may be tallied at all is the caller's decision.
    """
    roster = in_seats(answers)
    found = group(members_of(roster, diff), similarity)
    answered = sum(answer.review is not None for answer in roster)
    groups = [Group(**group_fields(c, found, answered)) for c in found.clusters]
    return Tally(
        run_id=run_id,
        mode=mode,
        similarity=similarity,
        algorithm=VERSION,
        revision=revision,
        **tally_fields(roster, found, groups, quorum, declined),
    )


def in_seats(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers in the order of the seats: one of each role."""
    roster = sorted(answers, key=lambda answer: ROLES.index(answer.reviewer_role))
    assert tuple(answer.reviewer_role for answer in roster) == ROLES, "one answer of each role"
    return roster


def tally_fields(
    roster: Sequence[Answer],
    found: Grouping,
    groups: Iterable[Group],
    quorum: int,
    declined: Sequence[Declined],
) -> dict[str, Any]:
    """Return what follows of a tally from its roster and its groups."""
    stay, left_out = split(groups, declined)
    gone = {each.group.group_id for each in left_out}
    ordered = sorted(stay, key=_order)
    status = status_of(sum(answer.review is not None for answer in roster), quorum)
    verdict, reason = _verdict(roster, status, ordered)
    return {
        "status": status,
        "quorum": quorum,
        "verdict": verdict,
        "verdict_reason": reason,
        "summary": Summary(**{name: sum(g.level == name for g in ordered) for name in LEVELS}),
        "reviewers": tuple(map(_respondent, roster)),
        "groups": tuple(ordered),
        "related": tuple(
            Related(groups=link.clusters, members=link.members, score=link.score)
            for link in found.related
            if gone.isdisjoint(link.clusters)
        ),
        "conflicts": tuple(
            Conflict(groups=link.clusters, members=link.members, declared=link.declared)
            for link in found.conflicts
            if gone.isdisjoint(link.clusters)
        ),
        "left_out": tuple(left_out),
    }


def canonical(tally: Tally) -> str:
    """Return the tally as JSON text: equal tallies give equal bytes."""
    return tally.model_dump_json()


def fingerprint(tally: Tally) -> str:
    """Return a digest of everything but the revision: equal when a re-tally would add nothing."""
    body = tally.model_copy(update={"revision": 0})
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def members_of(roster: Sequence[Answer], diff: Diff | None) -> list[Member]:
    """Return every finding as a member, its place checked against `diff`."""
    members = []
    for answer in roster:
        seen: set[str] = set()
        for at, finding in enumerate(answer.review.findings if answer.review else ()):
            text = normal_text(finding)
            index, flags = at, tuple[Flag, ...]()
            if isinstance(finding, HeardFinding):
                index, flags = finding.index, finding.flags
            if text in seen:
                flags = (*flags, "own_duplicate")
            seen.add(text)
            said = {name: getattr(finding, name) for name in Finding.model_fields}
            member = Member(reviewer_role=answer.reviewer_role, index=index, flags=flags, **said)
            members.append(verify(member, diff))
    return members


def _verdict(
    roster: Sequence[Answer], status: Status, groups: Sequence[Group]
) -> tuple[Verdict, str]:
    """Return the overall verdict and why."""
    positions = {a.reviewer_role: a.review.verdict for a in roster if a.review}
    unread = any(a.dropped for a in roster) or any(
        "severity_unknown" in member.flags for group in groups for member in group.members
    )
    # What its own reviewers took back has a severity, but nobody who stands for it.
    severities = [group.severity if gravest_of(group) else None for group in groups]
    verdict = overall_verdict(status, positions.values(), severities, is_whole=not unread)
    gravest = [(s, gravest_of(group)) for s, group in zip(severities, groups, strict=True)]
    return verdict, verdict_reason(verdict, status, positions, gravest, is_whole=not unread)


def group_fields(cluster: Cluster, found: Grouping, answered: int) -> dict[str, Any]:
    """Return the fields of a group: those who raised it and still hold it make its level."""
    roles = tuple(member.reviewer_role for member in cluster.members)
    held = [member for member in cluster.members if "withdrawn" not in member.flags]
    return {
        "group_id": cluster.group_id,
        "level": level_of(max(1, len(held))),
        "strength": cluster.strength,
        "cohesion": cluster.cohesion,
        "severity": highest(member.severity for member in held or cluster.members),
        "unanimous_of_responders": 1 < len(held) == answered < len(ROLES),
        "contested": any(cluster.group_id in link.clusters for link in found.conflicts),
        "title": cluster.title,
        "reviewers": roles,
        "members": cluster.members,
    }


def _order(group: Group) -> tuple[object, ...]:
    """Most support first, then gravest, then surest, then by place."""
    places = [(m.file, m.line_start or 0) for m in group.members if m.file]
    return (
        LEVELS.index(group.level),
        SEVERITIES.index(group.severity) if group.severity else len(SEVERITIES),
        group.strength == "weak",
        min(places, default=("\U0010ffff", 0)),
        group.group_id,
    )


def _respondent(answer: Answer) -> Respondent:
    review = answer.review
    flags: tuple[Flag, ...] = answer.flags
    critical = review and any(f.severity == "critical" for f in review.findings)
    if review and review.verdict == "approve" and critical:
        flags = (*flags, "verdict_mismatch")
    return Respondent(
        reviewer_role=answer.reviewer_role,
        state=answer.state,
        reason=answer.reason or _left_out(answer.dropped),
        parse_mode=answer.parse_mode,
        verdict=review.verdict if review else None,
        findings=len(review.findings) if review else 0,
        flags=flags,
        dropped=len(answer.dropped),
        coverage=review.coverage if review else None,
    )


def _left_out(dropped: Sequence[str]) -> str | None:
    """Return what of a review could not be read, in words; None when all could."""
    if not dropped:
        return None
    more = f"; and {len(dropped) - _NAMED} more" if len(dropped) > _NAMED else ""
    return "left out: " + "; ".join(dropped[:_NAMED]) + more
