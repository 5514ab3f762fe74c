"""Grouping by words, `council-group/2`: which findings recommend the same thing.

Owns similarity, vetoes and groups; pure, standard library only, no model, no statistics of the
pool: a pair's score depends on its two findings alone. Guarantees (tests/properties/
test_council_grouping.py): the order of input never matters; renaming reviewers never matters;
at most one finding of a reviewer in a group; declared opposites never share one; every finding
is in exactly one group; equal input gives equal output. Arithmetic that decides anything is on
integers, so neither hash seeds nor summation order can move a score.

Changing a constant or a word list? Raise VERSION: stored tallies name it.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from operator import mul

from council.matching import Features, features, subject_overlap
from council.model import Finding, Member, MemberRef
from council.stance import opposed
from council.vocabulary import ROLES, SEVERITIES, Similarity, Strength

VERSION = "council-group/2"

# Measured by tests/bench/council_grouping.py. JOIN is higher than the 0.15 the design began with
# because the text that is matched holds the subject and stems, which lifts every cosine a little.
JOIN = 0.18
STRONG = 0.30
LOCATION = 0.20
APART = -0.05
KEY = 0.10
CATEGORY = 0.10
CORROBORATION = 3.0  # Place, key and category add at most this many times what the text gives.
SAME_SUBJECT = 0.60

_OPPOSED = {frozenset(("add", "remove")), frozenset(("increase", "decrease"))}
OPPOSED = ("declared", "worded")  # Vetoes that say that two findings contradict each other.
_STAY = frozenset(("keep", "defer"))


@dataclass(frozen=True, slots=True)
class Cluster:
    """The members of one group, by role; `cohesion` is the weakest pair's score."""

    group_id: str
    members: tuple[Member, ...]
    title: str
    cohesion: float | None
    strength: Strength | None


@dataclass(frozen=True, slots=True)
class Link:
    """Two findings in different groups: close enough to merge, or opposed."""

    clusters: tuple[str, str]
    members: tuple[MemberRef, MemberRef]
    score: float
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Grouping:
    """A partition of the findings, what nearly merged, and what contradicts."""

    clusters: tuple[Cluster, ...]
    related: tuple[Link, ...]
    conflicts: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A member with what matching needs. `copy` counts equal findings of one reviewer."""

    at: int
    member: Member
    digest: str
    copy: int
    features: Features


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items, their score, and why they may not be joined ('' when they may)."""

    a: Item
    b: Item
    score: float
    equal: bool
    reason: str

    @property
    def at(self) -> tuple[int, int]:
        """Where the two stand in the one order of all items."""
        return self.a.at, self.b.at

    @property
    def order(self) -> tuple[object, ...]:
        """Best first; at equal scores twins (equal content), then by content, then by copy.

        No pair scores above a pair of twins of one of its two, so twins are always joined
        before either could be joined to something else: which of them a tie picks (`at`, the
        only place where roles count) then makes no difference.
        """
        first, second = sorted((self.a, self.b), key=lambda i: (i.digest, i.copy, i.at))
        return (
            -self.score,
            first.digest != second.digest,
            first.digest,
            second.digest,
            first.copy + second.copy,
            first.copy,
            first.at,
            second.at,
        )


def group(members: Iterable[Member], similarity: Similarity = "normal") -> Grouping:
    """Partition `members` into groups of what is recommended.

    `strict` joins only equal normalised texts; `normal` also joins similar ones by complete
    link. Both obey the vetoes. Members must be distinct in (reviewer_role, index).
    """
    items = items_of(members)
    pairs = list(pairs_of(items))
    if similarity == "strict":
        joinable = [pair for pair in pairs if pair.equal and not pair.reason]
    else:
        joinable = [pair for pair in pairs if pair.score >= JOIN and not pair.reason]
    joinable.sort(key=lambda pair: pair.order)
    opposed_pairs = [pair for pair in pairs if pair.reason in OPPOSED]
    return partition(items, pairs, joinable, joinable, opposed_pairs)


def partition(
    items: Sequence[Item],
    pairs: Sequence[Pair],
    joinable: Sequence[Pair],
    alike: Sequence[Pair],
    opposing: Sequence[Pair],
) -> Grouping:
    """Join what is `joinable`, in that order, by complete link.

    Those of `alike` that ended apart are related; `opposing` pairs are conflicts.
    """
    parts = _complete_link(items, joinable)
    clusters, cluster_of = _clusters(parts, {pair.at: pair.score for pair in pairs})
    related = [pair for pair in alike if cluster_of[pair.a.at] != cluster_of[pair.b.at]]
    return Grouping(
        clusters,
        tuple(_link(pair, cluster_of) for pair in related),
        tuple(_link(p, cluster_of) for p in sorted(opposing, key=lambda pair: pair.order)),
    )


def content_hash(finding: Finding) -> str:
    """Return a digest of what the finding says, whoever said it and wherever it stood."""
    said = finding.model_dump(mode="json", include=set(Finding.model_fields))
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# --- items and pairs -----------------------------------------------------------------------


def score_of(a: Finding, b: Finding) -> float:
    """Return how alike two findings are in words and place; 0 when they contradict each other."""
    one, other = features(a), features(b)
    return 0.0 if _veto(one, other) else _score(one, other)


def items_of(members: Iterable[Member]) -> list[Item]:
    """Return findings as items in one order, whatever the order of `members`."""
    ordered = sorted(members, key=lambda m: (ROLES.index(m.reviewer_role), m.index))
    copies: dict[tuple[str, str], int] = {}
    items = []
    for at, member in enumerate(ordered):
        digest = content_hash(member)
        copy = copies.get((member.reviewer_role, digest), 0)
        copies[member.reviewer_role, digest] = copy + 1
        items.append(Item(at, member, digest, copy, features(member)))
    return items


def pairs_of(items: Sequence[Item]) -> Iterable[Pair]:
    """Yield the pairs of different reviewers' items, each with its score and its veto."""
    for position, a in enumerate(items):
        for b in items[position + 1 :]:
            if a.member.reviewer_role == b.member.reviewer_role:
                continue
            reason = _veto(a.features, b.features)
            equal = a.features.text == b.features.text
            yield Pair(a, b, _score(a.features, b.features), equal, reason)


def _veto(a: Features, b: Features) -> str:
    """Return why two findings can never be one recommendation, or ''."""
    if a.file and b.file and a.file != b.file:
        return "file"
    declared = bool(a.action and b.action) and _opposed(a.action, b.action)
    if declared and subject_overlap(a, b) >= SAME_SUBJECT:
        return "declared"
    if opposed(a.stance, b.stance, placed=bool(a.file or b.file)):
        return "worded"
    return ""


def _opposed(a: str, b: str) -> bool:
    return frozenset((a, b)) in _OPPOSED or (a in _STAY) != (b in _STAY)


def _score(a: Features, b: Features) -> float:
    """Return how alike two findings are: what they say, corroborated by place, key, category.

    Corroboration adds at most a multiple of what the text itself gives: two problems on one line
    are not one problem because they share the line.
    """
    said = 1.0 if a.text == b.text else _cosine(a, b)
    shared = _location(a, b)
    if a.key_words and b.key_words:
        shared += KEY * len(a.key_words & b.key_words) / len(a.key_words | b.key_words)
    if a.category and a.category == b.category:
        shared += CATEGORY
    return round(said + min(shared, CORROBORATION * said), 6)


def _cosine(a: Features, b: Features) -> float:
    common = a.grams.keys() & b.grams.keys()
    if not common:
        return 0.0
    dot: int = sum(map(mul, map(a.grams.__getitem__, common), map(b.grams.__getitem__, common)))
    return dot / sqrt(a.norm * b.norm)


def _location(a: Features, b: Features) -> float:
    if not (a.file and a.file == b.file and a.lines and b.lines):
        return 0.0
    shared = min(a.lines[1], b.lines[1]) - max(a.lines[0], b.lines[0]) + 1
    if shared <= 0:
        return APART
    spanned = max(a.lines[1], b.lines[1]) - min(a.lines[0], b.lines[0]) + 1
    return LOCATION * (0.5 + 0.5 * shared / spanned)


# --- groups --------------------------------------------------------------------------------


def _complete_link(items: Sequence[Item], joinable: Sequence[Pair]) -> list[list[Item]]:
    """Union best pairs first while every cross pair is joinable: groups never chain."""
    allowed = {pair.at for pair in joinable}
    part_of = {item.at: [item] for item in items}
    for pair in joinable:
        one, other = part_of[pair.a.at], part_of[pair.b.at]
        if one is other:
            continue
        # A reviewer's own pairs are never in `allowed`, so this keeps reviewers disjoint too.
        if all((min(x.at, y.at), max(x.at, y.at)) in allowed for x in one for y in other):
            union = sorted(one + other, key=lambda item: item.at)
            part_of.update((item.at, union) for item in union)
    return list({id(part): part for part in part_of.values()}.values())


def _clusters(
    parts: Iterable[Sequence[Item]], scores: dict[tuple[int, int], float]
) -> tuple[tuple[Cluster, ...], dict[int, str]]:
    """Name the parts by their content; equal contents are told apart by a count."""
    named: list[tuple[str, Sequence[Item]]] = []
    for part in parts:
        contents = "\n".join(sorted(item.digest for item in part))
        named.append((hashlib.sha256(contents.encode()).hexdigest()[:12], part))
    named.sort(key=lambda pair: (pair[0], sorted((i.digest, i.copy) for i in pair[1])))
    seen: dict[str, int] = {}
    clusters = []
    cluster_of: dict[int, str] = {}
    for name, part in named:
        seen[name] = seen.get(name, 0) + 1
        group_id = f"grp_{name}" if seen[name] == 1 else f"grp_{name}-{seen[name]}"
        clusters.append(_cluster(group_id, part, scores))
        cluster_of.update((item.at, group_id) for item in part)
    return tuple(clusters), cluster_of


def _cluster(group_id: str, part: Sequence[Item], scores: dict[tuple[int, int], float]) -> Cluster:
    inner = {(x.at, y.at): scores[x.at, y.at] for i, x in enumerate(part) for y in part[i + 1 :]}
    cohesion = min(inner.values(), default=None)
    strength: Strength | None = None
    if cohesion is not None:
        strength = "strong" if cohesion >= STRONG else "weak"

    def _closeness(item: Item) -> float:
        return round(sum(score for at, score in inner.items() if item.at in at), 6)

    speaker = min(part, key=lambda i: (_gravity(i.member), -_closeness(i), i.digest))
    members = tuple(item.member for item in part)
    return Cluster(group_id, members, speaker.member.title, cohesion, strength)


def _gravity(finding: Finding) -> int:
    """Return where a finding stands from the gravest on: a group is called by its gravest."""
    return SEVERITIES.index(finding.severity) if finding.severity else len(SEVERITIES)


def _link(pair: Pair, cluster_of: dict[int, str]) -> Link:
    refs = [
        MemberRef(reviewer_role=item.member.reviewer_role, index=item.member.index)
        for item in (pair.a, pair.b)
    ]
    return Link(
        (cluster_of[pair.a.at], cluster_of[pair.b.at]),
        (refs[0], refs[1]),
        pair.score,
        pair.reason == "declared",
    )
