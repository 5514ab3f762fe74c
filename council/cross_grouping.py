"""Grouping by votes, `council-cross/1`: which findings are one when reviewers have voted.

Owns the rules of round two over pairs; words stay the second witness. Pure. Guarantees
(tests/properties/test_council_cross.py): the order of sheets, findings and ids and the names of
reviewers never matter; at most one finding of a reviewer in a group; declared opposites never share
one; no sheet alone joins what words do not support; with fewer than two sheets the grouping is
`council-group/2`.
"""

from collections.abc import Iterable

from council.ballots import Key, PairKey, Round
from council.grouping import (
    JOIN,
    OPPOSED,
    Grouping,
    Item,
    Pair,
    group,
    items_of,
    pairs_of,
    partition,
)
from council.model import Member

VERSION = "council-cross/1"
ENOUGH = 2  # Sheets that decide by themselves, against the words if need be.


def group_voted(members: Iterable[Member], votes: Round) -> Grouping:
    """Partition `members` into groups of what is recommended, by votes and words."""
    given = list(members)
    if not votes.is_counted:
        return group(given)
    items = items_of(given)
    pairs = list(pairs_of(items))
    joinable = sorted(
        (pair for pair in pairs if _may_join(pair, votes)), key=lambda pair: _order(pair, votes)
    )
    alike = sorted(
        (p for p in pairs if p.reason not in OPPOSED and (votes.same(key_of(p)) or _by_words(p))),
        key=lambda pair: pair.order,
    )
    joined = {pair.at for pair in joinable}
    opposing = [pair for pair in pairs if _opposes(pair, votes) and pair.at not in joined]
    return partition(items, pairs, joinable, alike, opposing)


def key_of(pair: Pair) -> PairKey:
    """Return the pair as ballots know it."""
    return frozenset((_key(pair.a), _key(pair.b)))


def _key(item: Item) -> Key:
    return item.member.reviewer_role, item.digest


def _by_words(pair: Pair) -> bool:
    return pair.score >= JOIN and not pair.reason


def _opposes(pair: Pair, votes: Round) -> bool:
    return pair.reason in OPPOSED or votes.opposed(key_of(pair)) >= ENOUGH


def _may_join(pair: Pair, votes: Round) -> bool:
    if pair.reason == "declared" or votes.opposed(key_of(pair)) >= ENOUGH:
        return False
    if pair.a.digest == pair.b.digest:  # Equal to the letter: no vote is needed to see that.
        return True
    if not {_key(pair.a), _key(pair.b)} <= votes.shown:
        return _by_words(pair)
    said = votes.same(key_of(pair))
    return said >= ENOUGH or (said == 1 and _by_words(pair))


def _order(pair: Pair, votes: Round) -> tuple[object, ...]:
    """Most votes first, then as words order them; equal texts before all."""
    return (pair.a.digest != pair.b.digest, -votes.same(key_of(pair)), *pair.order)
