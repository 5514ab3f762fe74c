"""The grammar of unified diffs, for all who read one: heads of hunks, and names as git quotes them.

A hunk's head says how long the hunk is, so that a line of a file which looks like a head is none.
Pure; nothing here decides whether a diff is sound.
"""

import re

_HEAD = re.compile(r"@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@")
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")


class Hunk:
    """One hunk: where it begins on either side, and how many lines of each are still to come."""

    __slots__ = ("new", "new_start", "old", "old_start")

    def __init__(self, old_start: int, old: int, new_start: int, new: int) -> None:
        self.old_start, self.old = old_start, old
        self.new_start, self.new = new_start, new

    @property
    def is_open(self) -> bool:
        """Whether lines of it are still to come."""
        return self.old > 0 or self.new > 0

    def take(self, line: str) -> str:
        r"""Count one line and return its mark: "+", "-", " " for both sides, "\" for neither."""
        mark = line[:1] or " "
        if mark == "\\":
            return mark
        self.old -= mark != "+"
        self.new -= mark != "-"
        return mark


def hunk(line: str) -> Hunk | None:
    """Return the hunk whose head a line is, None for any other line."""
    head = _HEAD.match(line)
    if head is None:
        return None
    old_start, old, new_start, new = (1 if n is None else int(n) for n in head.groups())
    return Hunk(old_start, old, new_start, new)


def unquoted(name: str) -> str:
    """Return a name without git's quotes, which are those of C; others as they are."""
    if not (len(name) > 1 and name[0] == name[-1] == '"'):
        return name

    def _one(found: "re.Match[bytes]") -> bytes:
        code = found[1].decode("utf-8", "replace")
        number = int(code, 8) if len(code) == 3 else _ESCAPES.get(code, ord("?"))
        return bytes([number & 255])

    return _ESCAPE.sub(_one, name[1:-1].encode("utf-8", "replace")).decode("utf-8", "replace")
