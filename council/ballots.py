"""Ballots of round two: what one reviewer said, which pairs of findings it joins or parts.

Owns ballots: votes by content, not by the ids of a sheet. Pure. A finding is known by its reviewer
and its digest, so that votes find it again after a retried first round; equal findings of one
reviewer share their votes. Guarantees: a row's pairs are bounded by the sheet, so "all the same"
cannot be said; what a sheet does not know is not counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from council.vocabulary import Role, Vote

Key = tuple[Role, str]
PairKey = frozenset[Key]
MOST_TOGETHER = 3
MOST_OPPOSED = 20
UNIFORM = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding on a sheet: the id that this voter sees, and whose and which it is."""

    id: str
    role: Role
    digest: str

    @property
    def key(self) -> Key:
        """Return whose and which finding it is."""
        return self.role, self.digest


@dataclass(frozen=True, slots=True)
class Ballot:
    """One sheet that could be read: `why` is what an agree or a dispute rests on."""

    voter: Role
    same: frozenset[PairKey] = frozenset()
    opposed: frozenset[PairKey] = frozenset()
    votes: Mapping[Key, tuple[Vote, str]] = field(default_factory=dict)
    withdrawn: frozenset[Key] = frozenset()
    dropped: int = 0

    @property
    def is_uniform(self) -> bool:
        """Whether many findings got the one same vote: a rubber stamp."""
        said = [vote for vote, _ in self.votes.values()]
        return len(said) >= UNIFORM and len(set(said)) == 1


@dataclass(frozen=True, slots=True)
class Round:
    """Round two as a tally counts it: the findings that were shown, and the readable ballots."""

    shown: frozenset[Key]
    ballots: tuple[Ballot, ...]

    @property
    def is_counted(self) -> bool:
        """Whether the sheets decide what is one: a single one never does."""
        return len(self.ballots) > 1

    def same(self, pair: PairKey) -> int:
        """Return how many sheets say that the two are one."""
        return sum(pair in ballot.same for ballot in self.ballots)

    def opposed(self, pair: PairKey) -> int:
        """Return how many sheets say that the two contradict each other."""
        return sum(pair in ballot.opposed for ballot in self.ballots)

    def is_withdrawn(self, key: Key) -> bool:
        """Return whether the reviewer itself took the finding back."""
        return any(key in ballot.withdrawn for ballot in self.ballots)


def pairs_of_row(entries: Iterable[Entry]) -> frozenset[PairKey]:
    """Return the pairs of different reviewers' findings in one row."""
    return frozenset(
        frozenset((a.key, b.key)) for a, b in combinations(entries, 2) if a.role != b.role
    )
