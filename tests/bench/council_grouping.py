"""Measure `council.grouping` on the labelled councils, and its time for 90 findings.

Run: python -m tests.bench.council_grouping [--errors] (or by path). Prints pair precision,
recall and F1 over pairs of findings of different reviewers, with a bootstrap interval over
councils, and the share of findings that got their true level. Judges nothing: the floor is in
tests/unit/test_council_labelled.py.
"""

import random
import statistics
import sys
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

LABELLED = Path(__file__).resolve().parent / "council_labelled"
if __package__ in (None, ""):
    sys.path.insert(0, str(LABELLED.parents[2]))

from council.grouping import VERSION, group  # noqa: E402
from council.model import Member  # noqa: E402
from council.vocabulary import ROLES, Mode, role_of  # noqa: E402


@dataclass(frozen=True)
class LabelledCouncil:
    """One council and, per (role, index), the issue that a person says it is about."""

    name: str
    mode: Mode
    members: tuple[Member, ...]
    issues: dict[tuple[str, int], str]


@dataclass(frozen=True)
class Score:
    """Pairs that were rightly joined, wrongly joined, and missed; findings at their level."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    levelled: int = 0
    findings: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__))

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong or 1)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed or 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / (2 * self.right + self.wrong + self.missed or 1)


def read_labelled(folder: Path = LABELLED) -> list[LabelledCouncil]:
    """Return the labelled councils, by file name."""
    return [_read(path) for path in sorted(folder.glob("*.toml"))]


def _read(path: Path) -> LabelledCouncil:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    members: list[Member] = []
    issues: dict[tuple[str, int], str] = {}
    for entry in document["finding"]:
        role = role_of(entry.pop("by"))
        index = sum(member.reviewer_role == role for member in members)
        issues[role, index] = entry.pop("issue")
        if lines := entry.pop("lines", None):
            entry |= {"line_start": lines[0], "line_end": lines[1]}
        entry |= {"rationale": "", "confidence": "medium", "tags": (), "target_refs": {}}
        members.append(Member(reviewer_role=role, index=index, **entry))
    return LabelledCouncil(path.stem, document["mode"], tuple(members), issues)


def judge(council: LabelledCouncil) -> tuple[Score, list[str]]:
    """Return the score of one council and one line for each wrong or missed pair."""
    cluster_of: dict[tuple[str, int], str] = {}
    size: dict[str, int] = {}
    for cluster in group(council.members).clusters:
        size[cluster.group_id] = len(cluster.members)
        for member in cluster.members:
            cluster_of[member.reviewer_role, member.index] = cluster.group_id
    right = wrong = missed = 0
    errors = []
    for a, b in combinations(council.members, 2):
        at, to = (a.reviewer_role, a.index), (b.reviewer_role, b.index)
        joined, same = cluster_of[at] == cluster_of[to], council.issues[at] == council.issues[to]
        right += joined and same
        wrong += joined and not same
        missed += same and not joined
        if joined != same:
            what = "WRONG " if joined else "MISSED"
            errors.append(f"{what} {council.name}: {a.title!r} / {b.title!r}")
    issues = list(council.issues.values())
    levelled = sum(
        size[cluster_of[at]] == issues.count(issue) for at, issue in council.issues.items()
    )
    return Score(right, wrong, missed, levelled, len(issues)), errors


def ninety_findings() -> list[Member]:
    """Return 30 findings of each reviewer about one file, as long as real ones are."""
    rng = random.Random(7)
    texts = [m for council in read_labelled() for m in council.members]
    members = []
    for role in ROLES:
        for index in range(30):
            first, second, third = rng.sample(texts, 3)
            start = rng.randrange(1, 400)
            place = {"file": "src/one.py", "line_start": start, "line_end": start + 9}
            prose = {
                "title": first.title,
                "summary": " ".join((first.summary, second.summary, third.summary)),
                "proposal": " ".join((first.proposal, second.proposal)),
            }
            own = {"reviewer_role": role, "index": index, "flags": ()}
            members.append(Member.model_validate(first.model_dump() | place | prose | own))
    return members


def _interval(scores: list[Score]) -> tuple[float, float]:
    rng = random.Random(1)
    drawn = sorted(sum(rng.choices(scores, k=len(scores)), Score()).f1 for _ in range(2000))
    return drawn[50], drawn[1949]


def _line(name: str, score: Score) -> str:
    return (
        f"{name:<28} P {score.precision:.2f}  R {score.recall:.2f}  F1 {score.f1:.3f}"
        f"  level {score.levelled / score.findings:.2f}  ({score.findings} findings)"
    )


def _time(runs: Iterable[int]) -> float:
    members = ninety_findings()
    seconds = []
    for _ in runs:
        start = time.perf_counter()
        group(members)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    councils = read_labelled()
    judged = [(council, *judge(council)) for council in councils]
    for council, score, _ in judged:
        print(_line(council.name, score))
    for mode in sorted({council.mode for council in councils}):
        print(_line(f"= {mode}", sum((s for c, s, _ in judged if c.mode == mode), Score())))
    scores = [score for _, score, _ in judged]
    low, high = _interval(scores)
    print(_line(f"= {VERSION}", sum(scores, Score())), f"F1 95% [{low:.2f}, {high:.2f}]")
    if "--errors" in sys.argv:
        print(*(error for _, _, errors in judged for error in errors), sep="\n")
    print(f"90 findings in one file: {_time(range(5)) * 1000:.0f} ms (median of 5)")


if __name__ == "__main__":
    main()
