"""Which topics of a history an experiment is made of."""

import random
from dataclasses import dataclass
from pathlib import Path

from tests.bench import history
from tests.bench.history import Topic, git

THINK, PER_LINE = 20.0, 0.6  # Seconds of a model: to begin with, for each changed line.
_LINES = range(10, 300)


@dataclass(frozen=True)
class Piece:
    """A topic as a task: one commit whose parent is where the topic began."""

    name: str
    patch: str
    merge: str
    lines: int
    folders: frozenset[str]
    needs: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Return how long a model thinks about it."""
        return THINK + PER_LINE * self.lines


@dataclass(frozen=True)
class Chosen:
    """Topics in the order of the line, and the commit that all of them begin from."""

    start: str
    pieces: tuple[Piece, ...]


class Line:
    """A first-parent line cut into topics."""

    def __init__(self, repo: Path, count: int) -> None:
        self.repo = repo
        self.topics = history.read(repo, count)
        self.needs = history.needs(repo, self.topics)
        order = git(repo, "rev-list", "--first-parent", "HEAD").split("\n")
        self._place = {commit: -at for at, commit in enumerate(order)}
        self._first = -len(order)

    def choose(self, seed: int, free: int, dependent: int) -> Chosen:
        """Choose so many topics that can begin at once, and so many that build on one of them.

        Those that can begin at once left the line before a commit that the seed picks. One that
        builds on others left it later, and changes a folder that one of them changed.
        """
        rng = random.Random(seed)
        for at in rng.sample(range(len(self.topics)), len(self.topics)):
            start = self.topics[at].onto
            later = [self.piece(topic) for topic in self.topics[at : at + 8 * free]]
            fit = [piece for piece in later if piece.lines in _LINES]
            early = [p for p in fit if self._left(p.name) <= self._place[start]]
            if len(early) < free:
                continue
            begin = rng.sample(early, free)
            folders = frozenset().union(*(piece.folders for piece in begin))
            names = {piece.name for piece in begin}
            tied = [p for p in fit if p not in early and p.folders & folders
                    and self._below(p.name) & names]  # fmt: skip
            if len(tied) < dependent:
                continue
            rest = [self._tied(p, names) for p in rng.sample(tied, dependent)]
            order = {topic.name: at for at, topic in enumerate(self.topics)}
            pieces = sorted([*begin, *rest], key=lambda p: order[p.name])
            return Chosen(start, tuple(pieces))
        raise SystemExit(f"{self.repo} has no {free} topics that could begin at once")

    def _topic(self, name: str) -> Topic:
        return next(topic for topic in self.topics if topic.name == name)

    def _left(self, name: str) -> int:
        return self._place.get(self._topic(name).base, self._first)

    def _below(self, name: str) -> set[str]:
        """Return all topics that one builds on, however far below."""
        found: set[str] = set()
        wanted = list(self.needs[name])
        while wanted:
            one = wanted.pop()
            if one not in found:
                found.add(one)
                wanted += self.needs[one]
        return found

    def _tied(self, piece: Piece, names: set[str]) -> Piece:
        below = tuple(sorted(self._below(piece.name) & names))
        return Piece(piece.name, piece.patch, piece.merge, piece.lines, piece.folders, below)

    def piece(self, topic: Topic) -> Piece:
        """Return a topic as a task that waits for no other."""
        tree = git(self.repo, "rev-parse", f"{topic.head}^{{tree}}")
        patch = git(self.repo, "commit-tree", tree, "-p", topic.base, "-m", topic.name)
        rows = git(self.repo, "diff", "--numstat", "--no-renames", topic.base, topic.head)
        counts = [row.split("\t") for row in rows.split("\n") if row]
        lines = sum(int(n) for row in counts for n in row[:2] if n != "-")
        folders = frozenset(row[2].rpartition("/")[0] for row in counts)
        return Piece(topic.name, patch, topic.merge, lines, folders)


def chained(chosen: Chosen, length: int) -> Chosen:
    """Return the same topics in chains: each needs the one before it, but the first of a chain."""
    pieces = tuple(
        Piece(p.name, p.patch, p.merge, p.lines, p.folders,
              (chosen.pieces[at - 1].name,) if at % length else ())
        for at, p in enumerate(chosen.pieces)
    )  # fmt: skip
    return Chosen(chosen.start, pieces)


def loose(chosen: Chosen) -> Chosen:
    """Return the topics that wait for no other."""
    return Chosen(chosen.start, tuple(p for p in chosen.pieces if not p.needs))


def bound(chosen: Chosen, workers: int, check: float) -> float:
    """Return the least seconds that so many workers take: the longest chain, or their share."""
    ends: dict[str, float] = {}
    for piece in chosen.pieces:
        begin = max((ends[name] for name in piece.needs), default=0.0)
        ends[piece.name] = begin + piece.seconds + check
    work = sum(piece.seconds + check for piece in chosen.pieces)
    return max(*ends.values(), work / workers)
