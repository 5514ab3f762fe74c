"""Measure `council.grouping` on the labelled councils, and its time for 90 findings.

Run: python -m tests.bench council_grouping, or this module with [--each] [--errors]. Prints, for
the set that the constants were chosen on and for the set that was never tuned on (short/), pair
precision, recall and F1 over pairs of findings of different reviewers, by mode, with and without
categories, each with a bootstrap interval over councils; the share of findings that got their true
level; and how many opposites that nobody declared ended in one group. Judges nothing: the floors
are in tests/unit/council/test_labelled.py.
"""

import random
import statistics
import sys
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

LABELLED = Path(__file__).resolve().parent / "council_labelled"
SHORT = LABELLED / "short"
if __package__ in (None, ""):
    sys.path.insert(0, str(LABELLED.parents[2]))

from council.grouping import VERSION, Grouping, group  # noqa: E402
from council.model import Member  # noqa: E402
from council.vocabulary import ROLES, Mode, role_of  # noqa: E402


@dataclass(frozen=True)
class LabelledCouncil:
    """One council and, per (role, index), the issue that a person says it is about.

    `against` names, for a finding that advises the opposite of another issue, that issue.
    """

    name: str
    mode: Mode
    members: tuple[Member, ...]
    issues: dict[tuple[str, int], str]
    against: dict[tuple[str, int], str]

    def without_categories(self) -> "LabelledCouncil":
        """Return the same council as reviewers write who leave `category` away."""
        bare = tuple(m.model_copy(update={"category": None}) for m in self.members)
        return replace(self, members=bare)

    def is_opposed(self, a: Member, b: Member) -> bool:
        """Return whether the two advise opposite things and not both said so by `action`."""
        at, to = (a.reviewer_role, a.index), (b.reviewer_role, b.index)
        says = self.against.get(at) == self.issues[to] or self.against.get(to) == self.issues[at]
        return says and not (a.action and b.action)


@dataclass(frozen=True)
class Score:
    """Pairs that were rightly joined, wrongly joined, and missed; findings at their level;
    undeclared opposites, and those of them in one group.
    """

    right: int = 0
    wrong: int = 0
    missed: int = 0
    levelled: int = 0
    findings: int = 0
    opposed: int = 0
    opposed_joined: int = 0

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
    against: dict[tuple[str, int], str] = {}
    for entry in document["finding"]:
        role = role_of(entry.pop("by"))
        index = sum(member.reviewer_role == role for member in members)
        issues[role, index] = entry.pop("issue")
        if opposite := entry.pop("against", None):
            against[role, index] = opposite
        if lines := entry.pop("lines", None):
            entry |= {"line_start": lines[0], "line_end": lines[1]}
        told = {"proposal": "", "rationale": "", "confidence": "medium", "tags": ()}
        members.append(
            Member(reviewer_role=role, index=index, **{**told, "target_refs": {}, **entry})
        )
    return LabelledCouncil(path.stem, document["mode"], tuple(members), issues, against)


def judge(council: LabelledCouncil, found: Grouping | None = None) -> tuple[Score, list[str]]:
    """Return the score of one council and one line for each wrong or missed pair.

    `found` is how it was grouped; by words alone when it is not given.
    """
    cluster_of: dict[tuple[str, int], str] = {}
    size: dict[str, int] = {}
    for cluster in (found or group(council.members)).clusters:
        size[cluster.group_id] = len(cluster.members)
        for member in cluster.members:
            cluster_of[member.reviewer_role, member.index] = cluster.group_id
    right = wrong = missed = opposed = opposed_joined = 0
    errors = []
    for a, b in combinations(council.members, 2):
        at, to = (a.reviewer_role, a.index), (b.reviewer_role, b.index)
        joined, same = cluster_of[at] == cluster_of[to], council.issues[at] == council.issues[to]
        right += joined and same
        wrong += joined and not same
        missed += same and not joined
        opposed += council.is_opposed(a, b)
        opposed_joined += council.is_opposed(a, b) and joined
        if joined != same:
            what = "WRONG " if joined else "MISSED"
            errors.append(f"{what} {council.name}: {a.title!r} / {b.title!r}")
    issues = list(council.issues.values())
    levelled = sum(
        size[cluster_of[at]] == issues.count(issue) for at, issue in council.issues.items()
    )
    score = Score(right, wrong, missed, levelled, len(issues), opposed, opposed_joined)
    return score, errors


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


def interval(scores: list[Score]) -> tuple[float, float]:
    """Return the 95 % interval of F1 when councils are drawn again and again."""
    rng = random.Random(1)
    drawn = sorted(sum(rng.choices(scores, k=len(scores)), Score()).f1 for _ in range(2000))
    return drawn[50], drawn[1949]


def line(name: str, scores: list[Score]) -> str:
    """Return one line of the table: what these councils reach together."""
    total = sum(scores, Score())
    low, high = interval(scores)
    return (
        f"{name:<36} P {total.precision:.2f}  R {total.recall:.2f}  F1 {total.f1:.3f}"
        f" [{low:.2f}, {high:.2f}]  level {total.levelled / total.findings:.2f}"
        f"  ({len(scores)} councils, {total.findings} findings)"
    )


def _time(runs: Iterable[int]) -> float:
    members = ninety_findings()
    seconds = []
    for _ in runs:
        start = time.process_time()
        group(members)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def _table(title: str, councils: list[LabelledCouncil], each: bool) -> None:
    judged = [(council, judge(council)[0]) for council in councils]
    for council, score in judged if each else ():
        print(line(council.name, [score]))
    for mode in sorted({council.mode for council in councils}):
        print(line(f"{title}: {mode}", [s for c, s in judged if c.mode == mode]))
    bare = [judge(council.without_categories())[0] for council in councils]
    print(line(f"{title}: all", [score for _, score in judged]))
    print(line(f"{title}: all, without categories", bare))
    total = sum((score for _, score in judged), Score())
    print(f"{title}: opposites joined, undeclared: {total.opposed_joined} of {total.opposed}")


def main() -> None:
    """Print the tables of both sets, and the time."""
    print(f"{VERSION}: pairs of findings of different reviewers, F1 with its 95 % interval")
    for title, folder in (("tuned on", LABELLED), ("never tuned on", SHORT)):
        councils = read_labelled(folder)
        _table(title, councils, "--each" in sys.argv)
        if "--errors" in sys.argv:
            print(*(error for council in councils for error in judge(council)[1]), sep="\n")
    print(f"90 findings in one file: {_time(range(5)) * 1000:.0f} ms of CPU (median of 5)")


if __name__ == "__main__":
    main()
