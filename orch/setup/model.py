"""Values of a setup: the files it wants, and what would become of each."""

import hashlib
import os

from schema.value import Value

ACTIONS = ("created", "updated", "unchanged", "removed", "conflict")


class Broken(Exception):
    """A file that cannot be edited without guessing; the text says what is wrong with it."""


class Target(Value):
    """A file that a setup wants: `block`, `skill`, `hooks`, `server` (entries), `file` (whole)."""

    kind: str
    base: str
    name: str
    content: object


class FileEdit:
    """What becomes of one file: `old` and `new` bytes (None: no file) and why it is refused."""

    __slots__ = ("action", "mode", "new", "old", "path", "real", "why")

    def __init__(self, path: str, real: str, old: bytes | None, mode: int) -> None:
        self.path = path
        self.real = real
        self.old = old
        self.mode = mode
        self.new = old
        self.action = "unchanged"
        self.why = ""

    @property
    def shown(self) -> str:
        """Its path as text that can be printed, whatever bytes it is made of."""
        return printable(self.path)


def printable(path: str) -> str:
    """Return a path with undecodable bytes written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def digest(text: bytes) -> str:
    """Return the short digest of a text, the same for both line endings."""
    return hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()[:12]
