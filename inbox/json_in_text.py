"""A JSON object inside text that nobody controls: the repair ladder of results.

Owns the reading of what a program printed. Guarantees: one pass per rung over at most
MAX_CHARACTERS (no quadratic scan, whatever the text); the last document in the text wins, and if
that one is malformed no earlier draft is taken for it. Never guesses a field and never changes a
word: what it mends is punctuation around the values.

The rungs, which `mode` names: `raw` (the text is the document), `envelope` (a harness wrapped it),
`object` (the last balanced object in prose), `fence` (a fenced block inside text whose braces do
not balance), `mended` (trailing commas dropped, raw line breaks in strings accepted).
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from schema.failures import Failure, invalid_input

Mode = Literal["raw", "envelope", "object", "fence", "mended"]
Found = tuple[dict[str, Any], Mode]

MAX_CHARACTERS = 2 * 1024 * 1024
MAX_DEPTH = 64
_MAX_ENVELOPES = 5
_MAX_CANDIDATES = 32

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
class Sought:
    """What is looked for: an object with one of `keys`; a text without `marker` holds none."""

    noun: str
    keys: frozenset[str]
    marker: str
    hint: str

    def find(self, raw: str) -> Found:
        """Return the last such object in `raw` and how it was found.

        Raises: invalid_input: `text` when too long, `json` when no readable document is in it.
        """
        if len(raw) > MAX_CHARACTERS:
            raise invalid_input(
                f"{self.noun} has {len(raw)} characters; at most {MAX_CHARACTERS} are read",
                reason="text",
            )
        found = self._search(raw, _MAX_ENVELOPES)
        if found is None:
            raise invalid_input(self._nothing_found(raw), reason="json", hint=self.hint)
        return found

    def _search(self, text: str, envelopes: int) -> Found | None:
        """Return the last document in `text`; None without one; raises if that one is malformed."""
        text = text.strip("\ufeff \t\r\n")
        found, error = self._read_part(text, envelopes, "raw")
        return self._search_prose(text, envelopes) if error else found

    def _search_prose(self, text: str, envelopes: int) -> Found | None:
        for candidate in _balanced_objects(text):
            found, error = self._read_part(candidate, envelopes, "object")
            if found:
                return found
            if error and self.marker in candidate:
                return self._search_fences(candidate, envelopes, error)
        return self._search_fences(text, envelopes, None)

    def _search_fences(self, text: str, envelopes: int, error: Failure | None) -> Found | None:
        for block in _fenced_blocks(text):
            found, fault = self._read_part(block, envelopes, "fence")
            if found:
                return found
            if fault and self.marker in block:
                raise fault
        if error:
            raise error
        return None

    def _read_part(
        self, text: str, envelopes: int, mode: Mode
    ) -> tuple[Found | None, Failure | None]:
        """Read `text` strictly, then mended; the failure returned is the mended text's."""
        for repair, how in ((False, mode), (True, "mended")):
            try:
                value = self._parse(
                    _without_trailing_commas(text) if repair else text, lenient=repair
                )
            except Failure as failure:
                error = failure
                continue
            if self._is_it(value):
                return (value, how), None
            return self._unwrap(value, envelopes), None
        return None, error

    def _unwrap(self, value: object, envelopes: int) -> Found | None:
        """Return the document inside a harness's answer: an object, events, a text in them."""
        if envelopes == 0:
            return None
        if isinstance(value, str):
            found = self._search(value, envelopes - 1) if self.marker in value else None
            return (found[0], "envelope") if found else None
        if self._is_it(value):
            assert isinstance(value, dict)
            return value, "envelope"
        inner: list[object] = []
        if isinstance(value, dict):
            inner = [value[key] for key in _ENVELOPE_KEYS if key in value]
        elif isinstance(value, list):
            inner = value[::-1]
        return next(filter(None, (self._unwrap(each, envelopes - 1) for each in inner)), None)

    def _is_it(self, value: object) -> bool:
        return isinstance(value, dict) and not self.keys.isdisjoint(value)

    def _nothing_found(self, raw: str) -> str:
        if not raw.strip():
            return f"{self.noun} is empty; a JSON object with {self._keys()} is expected"
        try:
            self._parse(raw.strip("\ufeff \t\r\n"))
        except Failure as failure:
            return failure.message
        return f"{self.noun} is JSON, but no object in it has {self._keys()}"

    def _keys(self) -> str:
        return " and ".join(sorted(self.keys, reverse=True))

    def _parse(self, text: str, *, lenient: bool = False) -> Any:
        try:
            return parse(text, lenient=lenient)
        except ValueError as error:
            raise invalid_input(
                f"{self.noun} is not readable JSON: {error}", reason="json", hint=self.hint
            ) from None


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


def parse(text: str, *, lenient: bool = False) -> Any:
    """Return `text` as a value under the protocol's rules for JSON; `lenient`: raw line breaks.

    Raises: ValueError saying where and why.
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
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{error.msg} ({where})") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {short(twice)} occurs twice in one object")
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
        raise ValueError(f"a NUL character in {short(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"half of a surrogate pair in {short(text)}") from None


def short(text: str) -> str:
    """Return the beginning of a text in ASCII: a failure's message must be printable."""
    return ascii(text[:40]) + ("…" if len(text) > 40 else "")
