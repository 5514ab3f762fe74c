"""Taking secrets out of what is kept: values passed on, and whatever is shaped like a key.

The one write path of logs and of texts taken from a client's output. It cannot know every
secret: what a program prints in a shape of its own stays.
"""

import os
import re

_MASK = b"***"
_SHORTEST_VALUE = 8
_NAME_OF_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_KEYS = re.compile(
    rb"sk-[A-Za-z0-9_-]{16,}"
    rb"|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
    rb"|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    rb"|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{20,}|sgamp_[A-Za-z0-9_]{16,}"
    rb"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    rb"|\be[0-9]{1,9}-[0-9a-hjkmnp-tv-z]{26}\b"  # Lease tokens of our own.
    rb"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){0,20000}",
)
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
    return bool(_KEYS.search(data) or _LITERAL.search(data))


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
        data = _KEYS.sub(_MASK, data)
        data = _NAMED.sub(rb"\1" + _MASK, data)
        return _USERINFO.sub(rb"\1" + _MASK + b"@", data)

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return self.clean(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
