"""Stance of a title: the verb it begins with, what it forbids, and when two are opposed.

Owns opposites that nobody declared. Pure; depends on the two titles alone. Part of
`council-group/2`: a change of a word or of a share here is a change of
`council.grouping.VERSION`. Guarantees: opposition is symmetric, and no title opposes itself.
"""

import re
from dataclasses import dataclass

from council.words import overlap, stem, telling, words

SAME_TOPIC_VERBS = 0.5
SAME_TOPIC_FORBIDDEN = 0.6


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_PAIRS = """
add/remove add/drop use/avoid enable/disable increase/reduce increase/decrease increase/lower
raise/lower reject/accept keep/remove keep/drop keep/move keep/reject keep/replace allow/forbid
allow/reject larger/smaller extend/shorten split/merge
"""
# Advice that ends something: "avoid X" and "remove X" point the same way.
_ENDS = "avoid disable drop forbid reject remove"
# How a title may begin before it says what to do.
_HEDGES = _set(
    "also consider could i instead just lets maybe perhaps please propose should simply suggest "
    "to we would"
)
_LEADING = 2
_ANYWHERE = _set("larger smaller")  # "Make the batch larger": these say it wherever they stand.
_FORBIDS = re.compile(r"\W*(?:(?P<gap>no)|do\s+not|don['’]?t|never|avoid|stop)\b", re.IGNORECASE)
# A title that states a lack ("missing", "without") does not contradict "no …".
_LACKS = _set(
    "absent cannot lack lacks missing no nobody none not nothing undefined unspecified without"
)
# "No rollback is described" says what is missing; "No service mesh" says what is not wanted.
_STATES = _set("are exist exists has have is was were")
_VERB_ENDING = re.compile(r"(?:ing|es|ed|e|s)$")


def _verb(word: str) -> str:
    """Return a verb's stem: `use` and `using`, `drop` and `dropped` are one."""
    bare = _VERB_ENDING.sub("", word) if len(word) > 2 else word
    return bare[:-1] if len(bare) > 2 and bare[-1] == bare[-2] and bare != "add" else bare


_OPPOSED = {frozenset(map(_verb, pair.split("/"))) for pair in _PAIRS.split()}
_VERBS = frozenset().union(*_OPPOSED)
_ENDING = frozenset(map(_verb, _ENDS.split()))


@dataclass(frozen=True, slots=True)
class Stance:
    """What a title advises: its leading verbs, what about, whether it forbids or states a lack."""

    verbs: frozenset[str]
    topic: frozenset[str]
    forbids: bool
    is_gap: bool
    lacks: bool


def stance(title: str) -> Stance:
    """Return which way `title` points."""
    found = _FORBIDS.match(title)
    rest = words(title[found.end() :] if found else title)
    is_gap = found is not None and found["gap"] is not None
    if is_gap and not _STATES.isdisjoint(rest):
        found = None
    while rest and rest[0] in _HEDGES:
        rest = rest[1:]
    leading = [word for word in rest[:_LEADING] if _verb(word) in _VERBS]
    leading += [word for word in rest[_LEADING:] if word in _ANYWHERE]
    topic = telling([word for word in rest if word not in leading])
    return Stance(
        verbs=frozenset(map(_verb, leading)),
        topic=frozenset(stem(word).rstrip("e") for word in topic),  # module, modules
        forbids=found is not None,
        is_gap=is_gap,
        lacks=not _LACKS.isdisjoint(words(title)),
    )


def opposed(a: Stance, b: Stance, *, placed: bool) -> bool:
    """Return whether two titles advise opposite things about one topic.

    `placed` says that one of them names a file: there "no timeout" states what is missing and
    forbids nothing.
    """
    shared = overlap(a.topic, b.topic)
    if a.forbids == b.forbids:
        return shared >= SAME_TOPIC_VERBS and _verbs_opposed(a, b)
    forbidding, other = (a, b) if a.forbids else (b, a)
    if forbidding.is_gap and (placed or other.lacks):
        return False
    if _verbs_opposed(forbidding, other):  # "Do not remove X" and "keep X" agree.
        return False
    if other.verbs & _ENDING and not forbidding.verbs & _ENDING:
        return False
    return shared >= SAME_TOPIC_FORBIDDEN


def _verbs_opposed(a: Stance, b: Stance) -> bool:
    own, others = a.verbs - b.verbs, b.verbs - a.verbs
    return any(frozenset((x, y)) in _OPPOSED for x in own for y in others)
