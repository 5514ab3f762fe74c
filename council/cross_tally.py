"""Tally of round two: three answers and the ballots.

Owns what votes mean beside the grouping: who stands behind a group, its standing, what was taken
back. Pure. Guarantees: agreement never raises a level and disputes delete nothing; the verdict does
not read standing: a lone critical still blocks, and the reason says who disputes it; equal input
gives equal bytes.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from council.ballots import Ballot, Key, Round
from council.cross_grouping import VERSION, group_voted
from council.declined import Declined
from council.grouping import JOIN, Cluster, content_hash, score_of
from council.grouping import VERSION as WORDS_VERSION
from council.locations import Diff
from council.model import (
    Answer,
    Cross,
    CrossGroup,
    CrossTally,
    Join,
    Member,
    MemberRef,
    VoteCast,
)
from council.tally import group_fields, in_seats, members_of, tally_fields
from council.vocabulary import DEFAULT_QUORUM, ROLES, Mode, Role, Standing, Vote

_BOTH_OTHERS = 2


def tally_crossed(
    run_id: str,
    mode: Mode,
    answers: Iterable[Answer],
    votes: Round,
    cross: Cross,
    *,
    quorum: int = DEFAULT_QUORUM,
    diff: Diff | None = None,
    declined: Sequence[Declined] = (),
    revision: int = 1,
) -> CrossTally:
    """Return the tally of a council with two rounds; `cross` says how its second one went."""
    roster = in_seats(answers)
    members = [_marked(member, votes) for member in members_of(roster, diff)]
    found = group_voted(members, votes)
    answered = sum(answer.review is not None for answer in roster)
    groups = [
        CrossGroup(**group_fields(c, found, answered), **_voted(c, votes)) for c in found.clusters
    ]
    fields = tally_fields(roster, found, groups, quorum, declined)
    fields["verdict_reason"] += _only_refuted(fields, fields["groups"])
    return CrossTally(
        run_id=run_id,
        mode=mode,
        similarity="normal",
        algorithm=VERSION if votes.is_counted else WORDS_VERSION,
        revision=revision,
        cross=cross,
        **fields,
    )


def _marked(member: Member, votes: Round) -> Member:
    """Return the member with what round two did to it as flags."""
    key = _key(member)
    flags = list(member.flags)
    if votes.is_withdrawn(key):
        flags.append("withdrawn")
    if votes.shown and key not in votes.shown:
        flags.append("not_cross_examined")
    return member.model_copy(update={"flags": tuple(flags)})


def _key(member: Member) -> Key:
    return member.reviewer_role, content_hash(member)


def _voted(cluster: Cluster, votes: Round) -> dict[str, Any]:
    """Return who raised a group and who says what about it."""
    raised = tuple(m.reviewer_role for m in cluster.members if "withdrawn" not in m.flags)
    cast = [c for ballot in votes.ballots for c in _cast(ballot, cluster.members)]
    said = {role: _stance([c.vote for c in cast if c.reviewer_role == role]) for role in ROLES}
    disputed = tuple(role for role in ROLES if said[role] == "dispute")
    agreed = tuple(role for role in ROLES if said[role] == "agree")
    return {
        "raised_by": raised,
        "agreed_by": agreed,
        "disputed_by": disputed,
        "unsure": tuple(role for role in ROLES if said[role] == "unsure"),
        "asked": sum(_could_vote(ballot.voter, cluster, votes) for ballot in votes.ballots),
        "standing": _standing(cluster, agreed, disputed),
        "joins": _joins(cluster.members, votes),
        "votes": tuple(sorted(cast, key=_cast_order)),
    }


def _cast(ballot: Ballot, members: Sequence[Member]) -> Iterable[VoteCast]:
    for member in members:
        if member.reviewer_role != ballot.voter and _key(member) in ballot.votes:
            vote, why = ballot.votes[_key(member)]
            at = MemberRef(reviewer_role=member.reviewer_role, index=member.index)
            yield VoteCast(reviewer_role=ballot.voter, vote=vote, why=why, member=at)


def _cast_order(cast: VoteCast) -> tuple[int, int]:
    return ROLES.index(cast.reviewer_role), ROLES.index(cast.member.reviewer_role)


def _stance(given: Sequence[Vote]) -> Vote | None:
    """Return what one voter says of a group: a dispute of any of its findings is a dispute."""
    order: tuple[Vote, ...] = ("dispute", "agree", "unsure")
    return next((vote for vote in order if vote in given), None)


def _could_vote(voter: Role, cluster: Cluster, votes: Round) -> bool:
    """Return whether the voter's sheet showed a finding of the group that is not its own."""
    return any(m.reviewer_role != voter and _key(m) in votes.shown for m in cluster.members)


def _standing(cluster: Cluster, agreed: Sequence[Role], disputed: Sequence[Role]) -> Standing:
    if len(cluster.members) == 1 and len(disputed) == _BOTH_OTHERS:
        return "refuted"
    if disputed:
        return "contested"
    return "upheld" if agreed else "silent"


def _joins(members: Sequence[Member], votes: Round) -> tuple[Join, ...]:
    joins = []
    for a, b in combinations(members, 2):
        refs = [MemberRef(reviewer_role=m.reviewer_role, index=m.index) for m in (a, b)]
        said = votes.same(frozenset((_key(a), _key(b)))) if votes.is_counted else 0
        joins.append(Join(members=(refs[0], refs[1]), votes=said, words=score_of(a, b) >= JOIN))
    return tuple(joins)


def _only_refuted(fields: dict[str, Any], groups: Sequence[CrossGroup]) -> str:
    """Return the addition to a block's reason when all that blocks is refuted."""
    critical = [g for g in groups if g.severity == "critical" and g.raised_by]
    says_block = any(one.verdict == "block" for one in fields["reviewers"])
    if says_block or len(critical) != 1 or critical[0].standing != "refuted":
        return ""
    return "; its only critical is disputed by both others"
