"""Events of a client on standard output: JSON lines read by the rules of its table.

Guarantees: a line that is no JSON object, or that no rule fits, changes nothing; numbers that
are none are left out; texts are bounded and valid. Colours, a byte order mark, bytes that are no
UTF-8 and halves of surrogate pairs cost no event: finished work hangs on a single line.
"""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.harness.config import EventRule

_LONGEST_LINE = 8 << 20
_LONGEST_TEXT = 64_000
_MOST = 1 << 53  # Of tokens.
_DEAREST = 1e6  # A turn, in dollars: more is no price.
_BEFORE = b"\xef\xbb\xbf" + bytes(range(33))  # A byte order mark, blanks, control characters.
COLOURS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_HALVES = re.compile("[\ud800-\udfff]")


class OutputReader:
    """The facts a turn's output has given so far.

    `final` is "", "ok" or "failed"; tokens and cost are None where nothing told them.
    """

    __slots__ = (
        "_before", "_held", "_rules", "cost_usd", "error", "final", "input_tokens",
        "output_tokens", "session", "text",
    )  # fmt: skip

    def __init__(self, rules: "list[EventRule]") -> None:
        self._rules = [
            (tuple((tuple(path.split(".")), value) for path, value in rule.when.items()), rule)
            for rule in rules
        ]
        self._held = bytearray()
        self._before: EventRule | None = None  # Whose text came last.
        self.final = ""
        self.text = ""
        self.error = ""
        self.session = ""
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.cost_usd: float | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of standard output."""
        if not self._rules:
            return
        first, feed, rest = chunk.partition(b"\n")
        self._held += first
        if not feed:
            if len(self._held) > _LONGEST_LINE:
                self._held.clear()
            return
        self._read(bytes(self._held))
        *lines, last = rest.split(b"\n")
        for line in lines:
            self._read(line)
        self._held = bytearray(last)

    def end(self) -> None:
        """Take what stood after the last line feed."""
        self._read(bytes(self._held))
        self._held = bytearray()

    def _read(self, line: bytes) -> None:
        if b"{" not in line:
            return
        document = _parsed(line)
        if document is None:
            return
        for when, rule in self._rules:
            for names, value in when:
                if _along(document, names) != value:
                    break
            else:
                self._apply(rule, document)

    def _apply(self, rule: "EventRule", document: "Any") -> None:
        if rule.final is not None:
            failed = rule.failed_if is not None and bool(_at(document, rule.failed_if))
            self.final = "failed" if failed else rule.final
        if said := _text(document, rule.text):
            joined = self.text + said if rule.text_joins and rule is self._before else said
            self.text = joined[-_LONGEST_TEXT:]
        self._before = rule
        wrong = " ".join(filter(None, (_text(document, path) for path in rule.error)))
        self.error = wrong or self.error
        self.session = _text(document, rule.session)[:200] or self.session
        self.input_tokens = _sum(document, rule.input_tokens, self.input_tokens, rule.adds)
        self.output_tokens = _sum(document, rule.output_tokens, self.output_tokens, rule.adds)
        if rule.cost_usd is not None:
            cost = _at(document, rule.cost_usd)
            if (
                isinstance(cost, (int, float))
                and not isinstance(cost, bool)
                and 0 <= cost < _DEAREST
            ):
                self.cost_usd = cost + (self.cost_usd or 0.0) if rule.adds else float(cost)


def _parsed(line: bytes) -> "dict[str, Any] | None":
    """Return the JSON object that a line holds, None for none."""
    import orjson

    line = line.strip()
    if not line.startswith(b"{"):  # JSON has no control characters, so no colours either.
        line = COLOURS.sub(b"", line).lstrip(_BEFORE)
        if not line.startswith(b"{"):
            return None
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = _leniently(COLOURS.sub(b"", line).rstrip(_BEFORE))
    return found if isinstance(found, dict) else None


def _leniently(line: bytes) -> "Any":
    """Return what Python's own parser makes of it: it takes half a pair, and raw tabs."""
    import json

    try:
        return json.loads(line.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None


def _along(document: "Any", names: tuple[str, ...]) -> "Any":
    for name in names:
        if not isinstance(document, dict) or name not in document:
            return None
        document = document[name]
    return document


def _at(document: "Any", path: str) -> "Any":
    """Return what a dotted path leads to, None for nothing."""
    return _along(document, tuple(path.split(".")))


def _text(document: "Any", path: str | None) -> str:
    found = _at(document, path) if path is not None else None
    if found is None or isinstance(found, (dict, list, bool)):
        return ""
    return _HALVES.sub("\ufffd", str(found)[-_LONGEST_TEXT:])


def _sum(document: "Any", paths: list[str], before: int | None, adds: bool) -> int | None:
    numbers = [n for n in (_at(document, path) for path in paths) if _is_count(n)]
    if not numbers:
        return before
    return min(int(sum(numbers)) + (before or 0 if adds else 0), _MOST)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
