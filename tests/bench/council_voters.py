"""What two rounds reach on the labelled councils when the voters are dice.

Run: python -m tests.bench council_voters, or this module. A voter misses a pair that is one with
the error rate, and takes two for one with a tenth of it, five times that on look-alikes (pairs that
words would join); half of all errors are the same for all voters. The votes are its judgements of
pairs; in the rows marked so they are what fits on a sheet: rows of at most three ids, an id once,
those first that hang together best. No live model was asked: these are the rules' figures, not the
reviewers'.
"""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from council.ballots import Ballot, Key, PairKey, Round
from council.cross_grouping import VERSION, group_voted
from council.grouping import JOIN, content_hash, score_of
from council.vocabulary import ROLES
from tests.bench.council_grouping import (
    LABELLED,
    SHORT,
    LabelledCouncil,
    Score,
    judge,
    read_labelled,
)

DRAWS = 10
SHARED = 0.5
FALSE_SAME = 0.1
LOOK_ALIKE = 5.0
Vote = Callable[["Asked", random.Random], Round]


@dataclass(frozen=True)
class Asked:
    """A council as its voters see it: its findings, and of each pair what is true of it."""

    council: LabelledCouncil
    keys: tuple[Key, ...]
    pairs: tuple[tuple[Key, Key, bool, bool], ...]

    @classmethod
    def of(cls, council: LabelledCouncil) -> "Asked":
        """Return the council with its pairs: the two, whether one, whether they look alike."""
        keys = {id(m): (m.reviewer_role, content_hash(m)) for m in council.members}
        issues = {id(m): council.issues[m.reviewer_role, m.index] for m in council.members}
        pairs = tuple(
            (keys[id(a)], keys[id(b)], issues[id(a)] == issues[id(b)], score_of(a, b) >= JOIN)
            for a, b in combinations(council.members, 2)
            if a.reviewer_role != b.reviewer_role
        )
        return cls(council, tuple(keys.values()), pairs)

    def round(self, said: Sequence[frozenset[PairKey]]) -> Round:
        """Return a round in which these pairs are said to be one."""
        ballots = [Ballot(role, same) for role, same in zip(ROLES, said, strict=False)]
        return Round(frozenset(self.keys), tuple(ballots))


def dice(error: float, voters: int = 3, shared: float = SHARED, *, on_sheets: bool = False) -> Vote:
    """Return voters that err at this rate."""

    def _vote(asked: Asked, rng: random.Random) -> Round:
        thoughts: list[list[tuple[Key, Key]]] = [[] for _ in range(voters)]
        for a, b, is_same, is_alike in asked.pairs:
            rate = error if is_same else error * FALSE_SAME * (LOOK_ALIKE if is_alike else 1)
            common = rng.random() if rng.random() < shared else None
            for thought in thoughts:
                drawn = rng.random() if common is None else common
                if is_same != (drawn < rate):
                    thought.append((a, b))
        return asked.round(
            [rows_of(each, rng) if on_sheets else frozenset(map(frozenset, each))
             for each in thoughts]
        )  # fmt: skip

    return _vote


def with_one(voter: Callable[[Asked], frozenset[PairKey]]) -> Vote:
    """Return two voters that err at 10 %, and a third one that is `voter`."""
    two = dice(0.1, voters=2)

    def _vote(asked: Asked, rng: random.Random) -> Round:
        return asked.round([*(b.same for b in two(asked, rng).ballots), voter(asked)])

    return _vote


def rows_of(thought: Sequence[tuple[Key, Key]], rng: random.Random) -> frozenset[PairKey]:
    """Return the pairs of the rows that a voter writes who thinks so: one of a reviewer in each."""
    near: dict[Key, set[Key]] = {}
    for a, b in thought:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    row_of: dict[Key, list[Key]] = {}
    drawn = rng.sample(thought, len(thought))
    for a, b in sorted(drawn, key=lambda pair: -len(near[pair[0]] & near[pair[1]])):
        one, other = row_of.get(a, [a]), row_of.get(b, [b])
        roles = [role for role, _ in one + other]
        if one is not other and len(roles) == len(set(roles)):
            row_of.update((each, one + other) for each in one + other)
    return frozenset(frozenset(p) for row in row_of.values() for p in combinations(row, 2))


def all_same(asked: Asked) -> frozenset[PairKey]:
    """Return what a voter can say at most who says that all is the same: rows of three."""
    by_role = [[key for key in asked.keys if key[0] == role] for role in ROLES]
    rows = zip(*by_role, strict=False)
    return frozenset(frozenset(pair) for row in rows for pair in combinations(row, 2))


def measure(
    councils: Sequence[LabelledCouncil], vote: Vote, draws: int = DRAWS
) -> tuple[float, float, float]:
    """Return mean, least and greatest pair F1 over the draws."""
    asked = [Asked.of(council) for council in councils]
    found = []
    for seed in range(draws):
        total = Score()
        for each in asked:
            votes = vote(each, random.Random(f"{seed} {each.council.name}"))
            total += judge(each.council, group_voted(each.council.members, votes))[0]
        found.append(total.f1)
    return sum(found) / draws, min(found), max(found)


CASES: tuple[tuple[str, Vote], ...] = (
    ("no sheet: words only", lambda asked, _: asked.round([])),
    *((f"3 voters, {rate} % wrong", dice(rate / 100)) for rate in (5, 10, 20, 30)),
    *((f"{rate} % wrong, on sheets", dice(rate / 100, on_sheets=True)) for rate in (5, 10, 20)),
    ("3 voters, 10 % wrong, 80 % shared", dice(0.1, shared=0.8)),
    ("10 %, one says all the same", with_one(all_same)),
    ("10 %, one says nothing", with_one(lambda _: frozenset())),
    ("two voters, 10 % wrong", dice(0.1, voters=2)),
)


def main() -> None:
    """Print the table for both sets, without categories, and by mode at 10 %."""
    sets = {
        name: [council.without_categories() for council in read_labelled(folder)]
        for name, folder in (("tuned on", LABELLED), ("never tuned on", SHORT))
    }
    print(f"{VERSION}: F1 [min..max] of {DRAWS} draws, without categories")
    for title, vote in CASES:
        cells = ["{:.3f} [{:.2f}..{:.2f}]".format(*measure(some, vote)) for some in sets.values()]
        print(f"{title:<36}" + "".join(f"{cell:<24}" for cell in cells))
    for mode in ("brainstorm", "code-review", "plan-review"):
        cells = [
            "{:.3f} [{:.2f}..{:.2f}]".format(
                *measure([c for c in some if c.mode == mode], dice(0.1))
            )
            for some in sets.values()
        ]
        print(f"{'10 % wrong, ' + mode:<36}" + "".join(f"{cell:<24}" for cell in cells))


if __name__ == "__main__":
    main()
