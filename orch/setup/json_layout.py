"""JSON with the place of every value, edited by splices: what is not touched keeps its bytes.

Strict JSON, optionally with comments, which stay. Guarantees: adding and then removing gives
the text from before.
"""

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from orch.setup.model import Broken

_MOST_DEPTH = 100
_BLANK = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")


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


class _Scanner:
    def __init__(self, text: str, comments: bool) -> None:
        self._text = text
        self._comments = comments
        self._i = 0

    def document(self) -> JsonNode:
        """Return the tree of the whole text. Raises: Broken."""
        found = self._value(0)
        self._skip()
        if self._i != len(self._text):
            raise self._wrong()
        return found

    def _wrong(self) -> Broken:
        line = self._text.count("\n", 0, self._i) + 1
        column = self._i - self._text.rfind("\n", 0, self._i)
        return Broken(f"is not valid JSON: line {line}, column {column}")

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
        if not self._take('"'):
            raise self._wrong()
        try:
            found, self._i = scanstring(self._text, self._i, True)
        except ValueError:
            raise self._wrong()
        return str(found)

    def _value(self, depth: int) -> JsonNode:
        self._skip()
        if depth > _MOST_DEPTH:
            raise self._wrong()
        node = JsonNode("scalar", self._i)
        opening = self._text[self._i : self._i + 1]
        if opening == '"':
            node.value = self._string()
        elif opening and opening in "{[":
            self._container(node, depth)
        else:
            match = _SCALAR.match(self._text, self._i)
            if match is None:
                raise self._wrong()
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
                name = self._string()
                if name in node.names or not self._take(":"):
                    raise self._wrong()
                node.names.append(name)
            child = self._value(depth + 1)
            child.start = start
            node.items.append(child)
            if self._take(closing):
                return
            if not self._take(","):
                raise self._wrong()


def scan(text: str, comments: bool) -> JsonNode:
    """Return the document's tree. Raises: Broken with the place of what is wrong."""
    return _Scanner(text, comments).document()


def add(text: str, node: JsonNode, name: str | None, value: object) -> str:
    """Return the text with a member (`name`) or an element added at the end of a container.

    An empty container gets it right before its closing bracket: by that `was_empty` knows it.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    at, before, indent = node.end - 1, "", ""
    if node.items:
        gap = text[node.at + 1 : node.items[0].start]
        at = node.items[-1].end
        if "\n" in gap and not gap.strip():
            indent = gap.rpartition("\n")[2]
            before = f",{newline}{indent}"
        else:
            before = ", "
    key = f"{json.dumps(name)}: " if name is not None else ""
    shown = json.dumps(value, indent=_unit(text)).replace("\n", newline + indent)
    return f"{text[:at]}{before}{key}{shown}{text[at:]}"


def drop(text: str, node: JsonNode, index: int) -> str:
    """Return the text without the child at `index`."""
    child = node.items[index]
    if index > 0:
        return text[: node.items[index - 1].end] + text[child.end :]
    until = node.items[1].start if len(node.items) > 1 else child.end
    return text[: child.start] + text[until:]


def was_empty(node: JsonNode) -> bool:
    """Say whether a container's only child was added to an empty one, so that it stays."""
    return node.items[0].end == node.end - 1


def _unit(text: str) -> str:
    """Return how far the document indents: that of its first indented line, else two blanks."""
    match = re.search(r"\n([ \t]+)\S", text)
    return match[1] if match else "  "
