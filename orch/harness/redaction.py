"""Taking secrets out of what is kept: values passed on, and whatever is shaped like a key.

The one write path of logs and of texts taken from a client's output. It cannot know every
secret: what a program prints in a shape of its own stays.
"""

import os
import re

_MASK = b"***"
_SHORTEST_VALUE = 8
_NAME_OF_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
# Each begins with a literal (an assertion about what stands before it comes after it): so a search
# is a search for bytes, which is what lets an agent print as fast as it likes.
_KEYS = tuple(
    (shape, re.compile(shape + rest))
    for shape, rest in (
        (rb"sk-", rb"[A-Za-z0-9_-]{16,}"),
        (rb"gh", rb"[opsur]_[A-Za-z0-9]{20,}"),
        (rb"github_pat_", rb"[A-Za-z0-9_]{20,}"),
        (rb"glpat-", rb"[A-Za-z0-9_-]{16,}"),
        (rb"AKIA", rb"[0-9A-Z]{16}"),
        (rb"AIza", rb"[0-9A-Za-z_-]{30,}"),
        (rb"xox", rb"[abeoprs]-[A-Za-z0-9-]{10,}"),
        (rb"hf_", rb"[A-Za-z0-9]{20,}"),
        (rb"npm_", rb"[A-Za-z0-9]{20,}"),
        (rb"sgamp_", rb"[A-Za-z0-9_]{16,}"),
        (
            rb"eyJ",
            rb"(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
        ),
        (rb"-----BEGIN ", rb"[A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){0,20000}"),
    )
)
# Lease tokens of our own, looked for at their dash: the letter that they begin with is everywhere.
_LEASES = re.compile(
    rb"-(?=[0-9a-hjkmnp-tv-z]{26}(?![A-Za-z0-9_]))(?:"
    + b"|".join(rb"(?<=(?<![A-Za-z0-9_])e[0-9]{%d}-)" % digits for digits in range(1, 10))
    + rb").{26}"
)
_NAMES = (b"api", b"secret", b"passw", b"authorization", b"bearer")  # In lower case.
_NAMED = re.compile(
    rb"((?:api[_-]?key|secret|passwd|password|authorization)\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?"
    rb"(?:bearer\s{1,4}|basic\s{1,4})?|\bbearer\s{1,4})([^\s\"'\\,;}]{8,})",
    re.IGNORECASE,
)
_LITERAL = re.compile(
    rb"(?:api[_-]?key|secret|passwd|password)[\"']?\s{0,4}[:=]\s{0,4}[\"'][^\s\"']{8,}[\"']",
    re.IGNORECASE,
)
_USERINFO = re.compile(rb"(://)[^/\s@:]{0,200}:[^/\s@]{1,200}@")


def holds_secret(line: str) -> bool:
    """Say whether a line has something shaped like a key, or an assignment of a password."""
    data = line.encode("utf-8", "surrogatepass")
    shapes = (*(key for _, key in _KEYS), _LEASES, _LITERAL)
    return any(shape.search(data) for shape in shapes)


class Redactor:
    """Takes out key-shaped strings and the values of the variables that name a secret."""

    __slots__ = ("_values",)

    def __init__(self, environment: dict[str, str]) -> None:
        values = {
            os.fsencode(value)
            for name, value in environment.items()
            if _NAME_OF_SECRET.search(name) and len(value) >= _SHORTEST_VALUE
        }
        if len(environment.get("INBOX_LEASE", "")) >= _SHORTEST_VALUE:
            values.add(os.fsencode(environment["INBOX_LEASE"]))
        self._values = sorted(values, key=len, reverse=True)

    def clean(self, data: bytes) -> bytes:
        """Return `data` without secrets."""
        for value in self._values:
            data = data.replace(value, _MASK)
        keys = [m.span() for shape, key in _KEYS if shape in data for m in key.finditer(data)]
        keys += [(data.rfind(b"e", 0, m.start()), m.end()) for m in _LEASES.finditer(data)]
        data = _without_named(_without(data, sorted(keys)) if keys else data)
        return _USERINFO.sub(rb"\1" + _MASK + b"@", data)

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return self.clean(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")


def _without(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Return `data` with a mask for each span; spans that overlap are one."""
    kept: list[bytes] = []
    end = -1
    for start, stop in spans:
        if start >= end:
            kept += (data[max(end, 0) : start], _MASK)
        end = max(end, stop)
    kept.append(data[end:])
    return b"".join(kept)


def _without_named(data: bytes) -> bytes:
    """Return `data` without what is assigned to a name of a secret.

    As `_NAMED.sub` would, but looked for at the names alone: that is fifty times as fast.
    """
    small = data.lower()
    places = sorted(place for name in _NAMES for place in _places(small, name))
    kept: list[bytes] = []
    end = 0
    for place in places:
        found = _NAMED.match(data, place) if place >= end else None
        if found is not None:
            kept += (data[end : found.end(1)], _MASK)
            end = found.end()
    kept.append(data[end:])
    return b"".join(kept)


def _places(data: bytes, name: bytes) -> list[int]:
    found = []
    place = data.find(name)
    while place >= 0:
        found.append(place)
        place = data.find(name, place + 1)
    return found
