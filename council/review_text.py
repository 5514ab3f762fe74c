"""From what a reviewer's process printed to a checked Review: the repair ladder.

Owns the reading of text that nobody controls. Guarantees: one pass per rung over at most
MAX_CHARACTERS (no quadratic scan, whatever the text); the last review in the text wins, and if
that one is malformed no earlier draft is taken for it; the raw text is kept. Never guesses a
field and never changes a word: what it mends is punctuation around the values.

The rungs, which `parse_mode` names: `raw` (the body is the document), `envelope` (a harness
wrapped it), `object` (the last balanced object in prose), `fence` (a fenced block inside text
whose braces do not balance), `mended` (trailing commas dropped, raw line breaks in strings
accepted).
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import ValidationError

from council.model import Review
from council.vocabulary import ParseMode, Role
from schema.failures import Failure, invalid_input

MAX_CHARACTERS = 2 * 1024 * 1024
MAX_DEPTH = 64
_MAX_ENVELOPES = 5
_MAX_CANDIDATES = 32
_MAX_ERRORS = 6
_MARKER = '"findings"'
_REVIEW_KEYS = frozenset(("findings", "reviewer_role"))
_HINT = "the thread's schema shows what is expected; `inbox done --validate` checks it"

# Where harnesses put the model's answer, most specific first.
_ENVELOPE_KEYS = (
    "structured_output",
    "review",
    "result",
    "output",
    "response",
    "data",
    "payload",
    "message",
    "item",
    "content",
    "text",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A review, how it was found, and the text it was found in."""

    review: Review
    parse_mode: ParseMode
    raw: str


def read_review(raw: str, role: Role) -> Reading:
    """Return the review that `raw` contains, if it is `role`'s.

    Raises: invalid_input: `text` when too long, `json` when no readable document is in it,
    `schema` when a field is missing, unknown or of the wrong kind, `value` when it is another
    reviewer's. The message names the field or position to mend.
    """
    if len(raw) > MAX_CHARACTERS:
        raise invalid_input(
            f"the review has {len(raw)} characters; at most {MAX_CHARACTERS} are read",
            reason="text",
        )
    found = _search(raw, _MAX_ENVELOPES)
    if found is None:
        raise invalid_input(_nothing_found(raw), reason="json", hint=_HINT)
    document, mode = found
    review = _checked(document)
    if review.reviewer_role != role:
        raise invalid_input(
            f"reviewer_role is {review.reviewer_role!r}, but this is the task of {role!r}",
            hint="each reviewer answers on its own thread",
        )
    return Reading(review, mode, raw)


Found = tuple[dict[str, Any], ParseMode]


def _search(text: str, envelopes: int) -> Found | None:
    """Return the last review in `text`; None without one; raises if that one is malformed."""
    text = text.strip("\ufeff \t\r\n")
    found, error = _read_part(text, envelopes, "raw")
    return _search_prose(text, envelopes) if error else found


def _search_prose(text: str, envelopes: int) -> Found | None:
    for candidate in _balanced_objects(text):
        found, error = _read_part(candidate, envelopes, "object")
        if found:
            return found
        if error and _MARKER in candidate:
            return _search_fences(candidate, envelopes, error)
    return _search_fences(text, envelopes, None)


def _search_fences(text: str, envelopes: int, error: Failure | None) -> Found | None:
    for block in _fenced_blocks(text):
        found, fault = _read_part(block, envelopes, "fence")
        if found:
            return found
        if fault and _MARKER in block:
            raise fault
    if error:
        raise error
    return None


def _read_part(text: str, envelopes: int, mode: ParseMode) -> tuple[Found | None, Failure | None]:
    """Read `text` strictly, then mended; the failure returned is the mended text's."""
    for repair, how in ((False, mode), (True, "mended")):
        try:
            value = _parse(_without_trailing_commas(text) if repair else text, lenient=repair)
        except Failure as failure:
            error = failure
            continue
        if _is_review(value):
            return (value, how), None
        return _unwrap(value, envelopes), None
    return None, error


def _unwrap(value: object, envelopes: int) -> Found | None:
    """Return the review inside a harness's answer: an object, a list of events, a text in them."""
    if envelopes == 0:
        return None
    if isinstance(value, str):
        found = _search(value, envelopes - 1) if _MARKER in value else None
        return (found[0], "envelope") if found else None
    if _is_review(value):
        assert isinstance(value, dict)
        return value, "envelope"
    inner: list[object] = []
    if isinstance(value, dict):
        inner = [value[key] for key in _ENVELOPE_KEYS if key in value]
    elif isinstance(value, list):
        inner = value[::-1]
    return next(filter(None, (_unwrap(each, envelopes - 1) for each in inner)), None)


def _is_review(value: object) -> bool:
    return isinstance(value, dict) and not _REVIEW_KEYS.isdisjoint(value)


# --- finding the parts of a text -----------------------------------------------------------

# Every alternative matches wherever it starts, so the scan never goes back; a string that is
# not closed on its line was no string.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\[^\n])*+"?|[{}]')


def _balanced_objects(text: str) -> Iterator[str]:
    """Yield the outermost balanced `{…}` of `text`, the last one first."""
    opened: deque[int] = deque(maxlen=4 * MAX_DEPTH)
    spans: deque[tuple[int, int]] = deque(maxlen=_MAX_CANDIDATES)
    position = text.find("{")
    while position >= 0:
        token = _TOKEN.search(text, position)
        if token is None:
            break
        position = token.end()
        if token[0] == "{":
            opened.append(token.start())
        elif token[0] == "}" and opened:
            start = opened.pop()
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, position))
        if not opened:
            # Outside objects a quotation mark is prose, not the start of a JSON string.
            position = text.find("{", position)
    for start, end in reversed(spans):
        yield text[start:end]


def _fenced_blocks(text: str) -> Iterator[str]:
    """Yield the bodies of fenced blocks, the last one first."""
    blocks: deque[str] = deque(maxlen=_MAX_CANDIDATES)
    fence, body = "", list[str]()
    for line in text.splitlines():
        mark = line.strip()[:3]
        if fence and mark == fence:
            blocks.append("\n".join(body))
            fence = ""
        elif fence:
            body.append(line)
        elif mark in ("```", "~~~"):
            fence, body = mark, []
    yield from reversed(blocks)


# As above: a string always matches whole or to the end, so a comma inside one is never seen.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*+[}\]])', re.DOTALL)


def _without_trailing_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda token: "" if token[0] == "," else token[0], text)


# --- strict JSON ---------------------------------------------------------------------------


def _parse(text: str, *, lenient: bool = False) -> Any:
    """Return `text` as a value under the protocol's rules for JSON; `lenient`: raw line breaks.

    Raises: invalid_input/json saying where and why.
    """
    try:
        value = json.loads(
            text,
            strict=not lenient,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_number,
        )
        _require_plain(value)
    except json.JSONDecodeError as error:
        raise _no_json(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise _no_json(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _no_json(str(error)) from None
    return value


def _no_json(why: str) -> Failure:
    return invalid_input(f"the review is not readable JSON: {why}", reason="json", hint=_HINT)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {_short(twice)} occurs twice in one object")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise ValueError(f"the number {digits[:12]}… does not fit 64 bits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {digits[:12]} is too large")
    return value


def _require_plain(value: object) -> None:
    """Refuse what no store or terminal should get: deep nesting, NUL, half of a surrogate pair."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                _require_text(each)
            elif isinstance(each, list):
                below += each
            elif isinstance(each, dict):
                below += each.keys()
                below += each.values()
        level = below


def _require_text(text: str) -> None:
    if "\0" in text:
        raise ValueError(f"a NUL character in {_short(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"half of a surrogate pair in {_short(text)}") from None


# --- the shape -----------------------------------------------------------------------------


def _checked(document: dict[str, Any]) -> Review:
    try:
        return Review.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    said = list(dict.fromkeys(_said(f["type"], f["loc"], f["msg"]) for f in faults))
    more = f"; and {len(said) - _MAX_ERRORS} more" if len(said) > _MAX_ERRORS else ""
    raise invalid_input("; ".join(said[:_MAX_ERRORS]) + more, reason="schema", hint=_HINT)


def _said(kind: str, location: tuple[int | str, ...], message: str) -> str:
    if kind == "extra_forbidden":
        return f"{_path(location[:-1], str(location[-1]))}: unknown field, remove it"
    if kind == "missing":
        return f"{_path(location)}: required, add it"
    return f"{_path(location)}: {message[:1].lower()}{message[1:]}"


def _path(location: tuple[int | str, ...], unknown: str = "") -> str:
    """Return a path such as `findings[2].title`, without the names of union branches."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier():
            path += f".{step}" if path else step
    if unknown:
        path += "." * bool(path) + (unknown if unknown.isidentifier() else _short(unknown))
    return path


def _short(text: str) -> str:
    # ascii: a failure's message must be printable, and reviewers' keys need not be.
    return ascii(text[:40]) + ("…" if len(text) > 40 else "")


def _nothing_found(raw: str) -> str:
    if not raw.strip():
        return "the review is empty; a JSON object with reviewer_role and findings is expected"
    try:
        _parse(raw.strip("\ufeff \t\r\n"))
    except Failure as failure:
        return failure.message
    return "the review is JSON, but no object in it has reviewer_role and findings"
