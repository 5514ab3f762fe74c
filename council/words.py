"""The words of a finding: taken apart, without those that carry no subject, without endings.

Owns the word lists. Pure. Part of `council-group/2`: a change here is a change of
`council.grouping.VERSION`.
"""

import re
import unicodedata
from collections.abc import Set

# Articles, prepositions, pronouns, auxiliaries: they carry grammar, not the subject.
_FUNCTION_WORDS = """
a about above after again all also an and any are as at be because been before being but by can
could did do does doing done down each every few for from had has have having he her here him his
how i if in into is it its itself just may me might more most must my no nor not of off on once
only or other our out over own same shall she so some such than that the their them then there
these they this those through to too under until up very was we were what when where which while
who whom whose why will with would you your
"""
# Words that any review of anything is full of.
_FILLER_WORDS = """
add avoid check code concern ensure file function handle instead issue line make method missing
need needs potential remove set should use used user users uses value values
"""
_UNTELLING = frozenset((_FUNCTION_WORDS + _FILLER_WORDS).split())

# Inflection makes unrelated words alike to n-grams ("caching", "logging") and like ones unlike.
_ENDING = re.compile(r"(?:ations?|ingly|edly|ments?|ings?|ions?|ers?|ed|es|ly|s)$")
_SHORTEST_STEM = 3

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, camelCase and snake_case taken apart."""
    return _WORD.findall(_CAMEL.sub(" ", unicodedata.normalize("NFKC", text)).casefold())


def overlap(a: Set[str], b: Set[str]) -> float:
    """Return the part of the smaller set that the larger contains; 0 when one is empty."""
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else 0.0


def telling(all_words: list[str]) -> list[str]:
    """Drop function and filler words, unless nothing else is said."""
    kept = [word for word in all_words if word not in _UNTELLING]
    return kept or all_words


def stem(word: str) -> str:
    """Return `word` without its English ending, if a stem is left."""
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else word
