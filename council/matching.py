"""What grouping looks at in one finding: normalised text, its n-grams, words, place.

Owns normalisation. Guarantees: features depend on the finding alone; bounded work (only the
first MATCHED_CHARACTERS of the text are matched). Part of `council-group/1`: a change here is
a change of `council.grouping.VERSION`. The reviewer's text itself is never altered.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from math import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Finding

MATCHED_CHARACTERS = 2000
WEIGHT_SCALE = 1000  # Weights are integers of thousandths: sums are exact in any order.
GRAM_LENGTHS = (3, 4, 5)

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
_CLOSING = ".,;:!?…。！？ "
_FORBIDS = re.compile(r"\W*(?:do\s+not|don['’]?t|never|avoid)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Features:
    """One finding as grouping sees it. `lines` is inclusive and ordered, or None."""

    text: str
    grams: dict[str, int]
    norm: int
    title_words: frozenset[str]
    forbids: bool
    subject_words: frozenset[str]
    key_words: frozenset[str]
    action: str
    category: str
    file: str
    lines: tuple[int, int] | None


def features(finding: "Finding") -> Features:
    """Return what is matched of `finding`."""
    said = (finding.title, finding.subject or "", finding.summary, finding.proposal)
    matched = "\n".join(said)[:MATCHED_CHARACTERS]
    grams = _grams(map(_stem, _telling(words(matched))))
    title_words = frozenset(_telling(words(finding.title)))
    lines = None
    if finding.line_start is not None:
        end = finding.line_end if finding.line_end is not None else finding.line_start
        lines = (min(finding.line_start, end), max(finding.line_start, end))
    return Features(
        text=normal_text(finding),
        grams=grams,
        norm=sum(weight * weight for weight in grams.values()),
        title_words=title_words,
        forbids=_FORBIDS.match(finding.title) is not None,
        subject_words=frozenset(_telling(words(finding.subject or ""))) or title_words,
        key_words=frozenset(words(finding.key or "")),
        action=finding.action or "",
        category=finding.category or "",
        file=normal_path(finding.file or ""),
        lines=lines,
    )


def normal_text(finding: "Finding") -> str:
    """Return title, summary and proposal, normalised: what `strict` compares."""
    return "\n".join(map(_normalised, (finding.title, finding.summary, finding.proposal)))


def _normalised(text: str) -> str:
    """Return `text` without differences of case, white space and closing punctuation."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return " ".join(folded.split()).rstrip(_CLOSING)


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, camelCase and snake_case taken apart."""
    return _WORD.findall(_CAMEL.sub(" ", unicodedata.normalize("NFKC", text)).casefold())


def normal_path(path: str) -> str:
    """Return a path in POSIX spelling without `./`, doubled slashes or a leading slash."""
    steps = path.strip().replace("\\", "/").split("/")
    return "/".join(step for step in steps if step not in ("", "."))


def overlap(a: Set[str], b: Set[str]) -> float:
    """Return the part of the smaller set that the larger contains; 0 when one is empty."""
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else 0.0


def subject_overlap(a: Features, b: Features) -> float:
    """Return how far two findings act on one thing, by declared subject, else by title."""
    return overlap(a.subject_words, b.subject_words)


def _telling(all_words: list[str]) -> list[str]:
    """Drop function and filler words, unless nothing else is said."""
    kept = [word for word in all_words if word not in _UNTELLING]
    return kept or all_words


def _stem(word: str) -> str:
    """Return `word` without its English ending, if a stem is left."""
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else word


def _grams(all_words: Iterable[str]) -> dict[str, int]:
    """Return integer log weights of the n-grams inside each word, its ends marked by spaces."""
    counts: Counter[str] = Counter()
    for word, times in Counter(all_words).items():
        padded = f" {word} "
        for n in GRAM_LENGTHS:
            for start in range(len(padded) - n + 1):
                counts[padded[start : start + n]] += times
    return {gram: round(WEIGHT_SCALE * (1 + log(count))) for gram, count in counts.items()}
