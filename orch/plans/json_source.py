"""JSON with lines: a small strict reader, since `json` keeps no positions.

Strings and numbers are left to the standard library's own scanner. Guarantees: takes exactly
what `json.loads` takes except NaN, duplicate keys and too much depth (a property test).
"""

import re
from bisect import bisect_left
from json.decoder import JSONDecodeError
from json.decoder import scanstring as _scanstring  # type: ignore[attr-defined]

from orch.plans.document import MAX_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.plans.document import Document, Path

_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 400  # Far beyond any number that is accepted afterwards.


class _Stop(Exception):
    """The text is no JSON from here on."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


def fill(document: "Document", text: str) -> None:
    """Read JSON into `document`."""
    reader = _JsonReader(document, text)
    try:
        end = reader.value(reader.blank(0), ())
        document.value = reader.found
        end = reader.blank(end)
        if end < len(text):
            raise _Stop(end, "there is something behind the end of the document")
    except _Stop as stop:
        document.refuse((), f"is not valid JSON: {stop}", reader.line(stop.position))
    except JSONDecodeError as error:
        document.refuse((), f"is not valid JSON: {error.msg}", error.lineno)


class _JsonReader:
    """One pass over a text; `value()` leaves what it read in `found`."""

    def __init__(self, document: "Document", text: str) -> None:
        self.document = document
        self.text = text
        self.found: object = None
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def line(self, position: int) -> int:
        """Return the line of a position."""
        return bisect_left(self._ends, position) + 1

    def blank(self, position: int) -> int:
        """Return the first position that is no blank."""
        match = _BLANK.match(self.text, position)
        return match.end() if match else position

    def value(self, position: int, path: "Path") -> int:
        """Read the value at `position` and return where it ends."""
        self.document.lines.setdefault(path, self.line(position))
        first = self.text[position : position + 1]
        if first == '"':
            self.found, position = self._string(position)
            return position
        if first in ("{", "["):
            if len(path) >= MAX_DEPTH:
                raise _Stop(position, f"it is nested deeper than {MAX_DEPTH}")
            return (self._object if first == "{" else self._array)(position + 1, path)
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, position):
                self.found = meaning
                return position + len(word)
        return self._number(position)

    def _string(self, position: int) -> tuple[str, int]:
        """Return (the text of the string that begins here, where it ends)."""
        text, end = _scanstring(self.text, position + 1)
        return str(text), int(end)

    def _number(self, position: int) -> int:
        match = _NUMBER.match(self.text, position)
        if match is None:
            raise _Stop(position, "a value is expected here")
        if match.end() - position > _MAX_DIGITS:
            raise _Stop(position, "this number is too long")
        whole, fraction, exponent = match.groups()
        self.found = float(match[0]) if fraction or exponent else int(whole)
        return match.end()

    def _array(self, position: int, path: "Path") -> int:
        items: list[object] = []
        position = self.blank(position)
        if self.text[position : position + 1] == "]":
            self.found = items
            return position + 1
        while True:
            position = self.value(position, (*path, len(items)))
            items.append(self.found)
            position = self.blank(position)
            mark = self.text[position : position + 1]
            if mark not in (",", "]"):
                raise _Stop(position, "expected , or ]")
            position = self.blank(position + 1) if mark == "," else position + 1
            if mark == "]":
                self.found = items
                return position

    def _object(self, position: int, path: "Path") -> int:
        members: dict[str, object] = {}
        position = self.blank(position)
        if self.text[position : position + 1] == "}":
            self.found = members
            return position + 1
        while True:
            if self.text[position : position + 1] != '"':
                raise _Stop(position, "expected a name in double quotes")
            start = position
            name, position = self._string(position)
            position = self.blank(position)
            if self.text[position : position + 1] != ":":
                raise _Stop(position, "expected :")
            if name in members:
                self.document.refuse((*path, name), "is there twice", self.line(start))
            self.document.lines[(*path, name)] = self.line(start)
            position = self.value(self.blank(position + 1), (*path, name))
            members[name] = self.found
            position = self.blank(position)
            mark = self.text[position : position + 1]
            if mark not in (",", "}"):
                raise _Stop(position, "expected , or }")
            position = self.blank(position + 1) if mark == "," else position + 1
            if mark == "}":
                self.found = members
                return position
