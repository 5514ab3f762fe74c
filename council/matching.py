"""Features of a finding for grouping: normalised text, its n-grams, words, place.

Owns normalisation. Guarantees: features depend on the finding alone; bounded work (only the
first MATCHED_CHARACTERS of the text are matched). Part of `council-group/2`: a change here is
a change of `council.grouping.VERSION`. The reviewer's text itself is never altered.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from council.stance import Stance, stance
from council.words import overlap, stem, telling, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Finding

MATCHED_CHARACTERS = 2000
WEIGHT_SCALE = 1000  # Weights are integers of thousandths: sums are exact in any order.
GRAM_LENGTHS = (3, 4, 5)

_CLOSING = ".,;:!?…。！？ "


@dataclass(frozen=True, slots=True)
class Features:
    """One finding as grouping sees it. `lines` is inclusive and ordered, or None."""

    text: str
    grams: dict[str, int]
    norm: int
    stance: Stance
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
    grams = _grams(map(stem, telling(words(matched))))
    title_words = frozenset(telling(words(finding.title)))
    lines = None
    if finding.line_start is not None:
        end = finding.line_end if finding.line_end is not None else finding.line_start
        lines = (min(finding.line_start, end), max(finding.line_start, end))
    return Features(
        text=normal_text(finding),
        grams=grams,
        norm=sum(weight * weight for weight in grams.values()),
        stance=stance(finding.title),
        subject_words=frozenset(telling(words(finding.subject or ""))) or title_words,
        key_words=frozenset(words(finding.key or "")),
        action=finding.action or "",
        category=normalised(finding.category or ""),
        file=normal_path(finding.file or ""),
        lines=lines,
    )


def normal_text(finding: "Finding") -> str:
    """Return title, summary and proposal, normalised: what `strict` compares."""
    return "\n".join(map(normalised, (finding.title, finding.summary, finding.proposal)))


def normalised(text: str) -> str:
    """Return `text` without differences of case, white space and closing punctuation."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return " ".join(folded.split()).rstrip(_CLOSING)


def normal_path(path: str) -> str:
    """Return a path in POSIX spelling without `./`, doubled slashes or a leading slash."""
    steps = path.strip().replace("\\", "/").split("/")
    return "/".join(step for step in steps if step not in ("", "."))


def subject_overlap(a: Features, b: Features) -> float:
    """Return how far two findings act on one thing, by declared subject, else by title."""
    return overlap(a.subject_words, b.subject_words)


def _grams(all_words: Iterable[str]) -> dict[str, int]:
    """Return integer log weights of the n-grams inside each word, its ends marked by spaces."""
    counts: Counter[str] = Counter()
    for word, times in Counter(all_words).items():
        padded = f" {word} "
        for n in GRAM_LENGTHS:
            for start in range(len(padded) - n + 1):
                counts[padded[start : start + n]] += times
    return {gram: round(WEIGHT_SCALE * (1 + log(count))) for gram, count in counts.items()}
