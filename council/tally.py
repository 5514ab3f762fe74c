"""From three answers to one tally.

Owns the composition: place checks, grouping, levels, order, verdict. Pure. Guarantees: the same
answers and options give a byte-equal document (`canonical`); every finding of every review that
could be read is in exactly one group; who is missing, and why, is part of the result.
"""

import hashlib
from collections.abc import Iterable, Sequence

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
from council.verdict import highest, level_of, overall_verdict, status_of, verdict_reason
from council.vocabulary import (
    DEFAULT_QUORUM,
    LEVELS,
    ROLES,
    SEVERITIES,
    Flag,
    Mode,
    Role,
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
    revision: int = 1,
) -> Tally:
    """Return the tally of the answers, one of each role, in any order.

    `diff` is what code reviewers saw; with it, lines it does not show are nulled and flagged.
    Whether an unfinished or unreadable reviewer may be tallied at all is the caller's decision.
    """
    roster = sorted(answers, key=lambda answer: ROLES.index(answer.reviewer_role))
    assert tuple(answer.reviewer_role for answer in roster) == ROLES, "one answer of each role"
    answered = sum(answer.review is not None for answer in roster)
    found = group(_members(roster, diff), similarity)
    groups = sorted((_group(c, found, answered) for c in found.clusters), key=_order)
    status = status_of(answered, quorum)
    verdict, reason = _verdict(roster, status, groups)
    return Tally(
        run_id=run_id,
        mode=mode,
        similarity=similarity,
        algorithm=VERSION,
        revision=revision,
        status=status,
        quorum=quorum,
        verdict=verdict,
        verdict_reason=reason,
        summary=Summary(**{level: sum(g.level == level for g in groups) for level in LEVELS}),
        reviewers=tuple(map(_respondent, roster)),
        groups=tuple(groups),
        related=tuple(
            Related(groups=link.clusters, members=link.members, score=link.score)
            for link in found.related
        ),
        conflicts=tuple(
            Conflict(groups=link.clusters, members=link.members, declared=link.declared)
            for link in found.conflicts
        ),
    )


def canonical(tally: Tally) -> str:
    """Return the tally as JSON text: equal tallies give equal bytes."""
    return tally.model_dump_json()


def fingerprint(tally: Tally) -> str:
    """Return a digest of everything but the revision: equal when a re-tally would add nothing."""
    body = tally.model_copy(update={"revision": 0})
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def _members(roster: Sequence[Answer], diff: Diff | None) -> list[Member]:
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
    severities = [group.severity for group in groups]
    verdict = overall_verdict(status, positions.values(), severities, is_whole=not unread)
    gravest = [(group.severity, gravest_of(group)) for group in groups]
    return verdict, verdict_reason(verdict, status, positions, gravest, is_whole=not unread)


def gravest_of(group: Group) -> tuple[Role, ...]:
    """Return who gave the group the severity it has."""
    return tuple(m.reviewer_role for m in group.members if m.severity == group.severity)


def _group(cluster: Cluster, found: Grouping, answered: int) -> Group:
    roles = tuple(member.reviewer_role for member in cluster.members)
    return Group(
        group_id=cluster.group_id,
        level=level_of(len(roles)),
        strength=cluster.strength,
        cohesion=cluster.cohesion,
        severity=highest(member.severity for member in cluster.members),
        unanimous_of_responders=1 < len(roles) == answered < len(ROLES),
        contested=any(cluster.group_id in link.clusters for link in found.conflicts),
        title=cluster.title,
        reviewers=roles,
        members=cluster.members,
    )


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
