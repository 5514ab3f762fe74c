"""JSON with the place of every value: the one strict scanner of plans and of clients' settings.

`json` keeps no positions. Strings and numbers are left to its own scanner. Guarantees: takes
exactly what `json.loads` takes except NaN and too much depth, and comments where they are allowed
(a property test); a name that is there twice stands in the tree twice.
"""

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANK = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_MOST_DIGITS = 400  # Far beyond any number that is accepted afterwards.


class NoJson(Exception):
    """The text is no JSON from `position` on."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


class JsonNode:
    """A value in its text: `start` and `end`, and for containers its children in order.

    A child's `start` is that of its key in an object; `names` holds the keys.
    """

    __slots__ = ("at", "end", "items", "kind", "names", "start", "value")

    def __init__(self, kind: str, start: int) -> None:
        self.kind = kind
        self.start = start
        self.at = start  # Where the value itself begins, after its key.
        self.end = start
        self.names: list[str] = []
        self.items: list[JsonNode] = []
        self.value: object = None

    def member(self, name: str) -> "JsonNode | None":
        """Return an object's member."""
        return self.items[self.names.index(name)] if name in self.names else None

    def plain(self) -> object:
        """Return the value as Python has it."""
        if self.kind == "object":
            return {n: item.plain() for n, item in zip(self.names, self.items, strict=True)}
        return [item.plain() for item in self.items] if self.kind == "array" else self.value

    def repeated(self) -> "Iterator[JsonNode]":
        """Yield every member, at any depth, whose name was there before it."""
        for i, item in enumerate(self.items):
            if self.names and self.names[i] in self.names[:i]:
                yield item
            yield from item.repeated()


def scan(text: str, *, comments: bool, depth: int) -> JsonNode:
    """Return the tree of a text; containers nest at most `depth` deep. Raises: NoJson."""
    return _Scanner(text, comments, depth).document()


class _Scanner:
    def __init__(self, text: str, comments: bool, depth: int) -> None:
        self._text = text
        self._comments = comments
        self._depth = depth
        self._i = 0

    def document(self) -> JsonNode:
        """Return the tree of the whole text."""
        found = self._value(0)
        self._skip()
        if self._i != len(self._text):
            raise NoJson(self._i, "there is something behind the end of the document")
        return found

    def _skip(self) -> None:
        while True:
            match = _BLANK.match(self._text, self._i)
            self._i = match.end() if match else self._i
            comment = _COMMENT.match(self._text, self._i) if self._comments else None
            if comment is None:
                return
            self._i = comment.end()

    def _take(self, character: str) -> bool:
        self._skip()
        if self._text.startswith(character, self._i):
            self._i += 1
            return True
        return False

    def _string(self) -> str:
        try:
            found, self._i = scanstring(self._text, self._i + 1, True)
        except json.JSONDecodeError as error:
            raise NoJson(error.pos, error.msg)
        return str(found)

    def _value(self, depth: int) -> JsonNode:
        self._skip()
        node = JsonNode("scalar", self._i)
        opening = self._text[self._i : self._i + 1]
        if opening == '"':
            node.value = self._string()
        elif opening and opening in "{[":
            if depth >= self._depth:
                raise NoJson(self._i, f"it is nested deeper than {self._depth}")
            self._container(node, depth)
        else:
            match = _SCALAR.match(self._text, self._i)
            if match is None:
                raise NoJson(self._i, "a value is expected here")
            if len(match[0]) > _MOST_DIGITS:
                raise NoJson(self._i, "this number is too long")
            node.value, self._i = json.loads(match[0]), match.end()
        node.end = self._i
        return node

    def _container(self, node: JsonNode, depth: int) -> None:
        node.kind, closing = ("object", "}") if self._text[self._i] == "{" else ("array", "]")
        self._i += 1
        if self._take(closing):
            return
        while True:
            self._skip()
            start = self._i
            if node.kind == "object":
                node.names.append(self._name())
            child = self._value(depth + 1)
            child.start = start
            node.items.append(child)
            if self._take(closing):
                return
            if not self._take(","):
                raise NoJson(self._i, f"expected , or {closing}")

    def _name(self) -> str:
        if not self._text.startswith('"', self._i):
            raise NoJson(self._i, "expected a name in double quotes")
        name = self._string()
        if not self._take(":"):
            raise NoJson(self._i, "expected :")
        return name
