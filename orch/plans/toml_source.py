"""TOML by tomllib, and a finder of lines, since tomllib keeps no positions.

The finder only walks over text that tomllib accepted, so it need not judge: it steps over
strings, arrays and inline tables and notes where keys stand; tomllib reads the keys for it.
"""

import re
import tomllib

from orch.plans.document import MAX_DEPTH
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.plans.document import Document, Path

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_KEY = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^="'\]\n#])+""")
_BARE = re.compile(r"[^,\]}\n#]+")
_PART = re.compile(r"""[ \t]*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')[ \t]*""")
_AT = re.compile(r"\(at line (\d+), column \d+\)")


def fill(document: "Document", text: str) -> None:
    """Read TOML into `document`."""
    if _has_endless_key(text):  # tomllib's time grows with the square of a key's parts.
        document.refuse((), f"a key is nested deeper than {MAX_DEPTH}")
        return
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        document.refuse((), f"is not valid TOML: {_AT.sub('', str(error)).strip()}", line)
        return
    except (RecursionError, ValueError):
        document.refuse((), f"is nested deeper than {MAX_DEPTH}, or a number is too long")
        return
    if deep := _too_deep(value):
        document.refuse(deep[:1], f"is nested deeper than {MAX_DEPTH}")
        return
    document.value = value
    _Finder(document, text.replace("\r\n", "\n")).run()


def _has_endless_key(text: str) -> bool:
    return any(
        sum(_PART.fullmatch(part) is not None for part in segment.split(".")) > MAX_DEPTH
        for segment in re.split(r"[\n={,\[\]]", text)
        if segment.count(".") >= MAX_DEPTH
    )


def _too_deep(value: object) -> "Path":
    """Return a place below which nothing may be but is, or ()."""
    stack: list[tuple[Path, object]] = [((), value)]
    while stack:
        path, found = stack.pop()
        if len(path) > MAX_DEPTH:
            return path
        if isinstance(found, dict):
            stack.extend(((*path, key), below) for key, below in found.items())
        elif isinstance(found, list):
            stack.extend(((*path, i), below) for i, below in enumerate(found))
    return ()


class _Finder(Value):
    """One walk over valid TOML that notes the line of every key and item."""

    document: "Document"
    text: str
    position: int = 0
    _line: int = 1
    _counted: int = 0
    _arrays: "dict[Path, int]" = own(factory=dict)  # How many [[tables]] there were, by place.

    def run(self) -> None:
        """Walk to the end of the text."""
        table: Path = ()
        while self._skip_blank():
            if self._at("["):
                table = self._header()
            else:
                self._pair(table)

    def _at(self, mark: str) -> bool:
        return self.text.startswith(mark, self.position)

    def _skip_blank(self) -> bool:
        """Step over blanks and comments; say whether anything is left."""
        match = _BLANK.match(self.text, self.position)
        assert match is not None
        self.position = match.end()
        return self.position < len(self.text)

    def _note(self, path: "Path") -> None:
        """Note that `path` stands here; a table spelled in pieces keeps its first line."""
        self._line += self.text.count("\n", self._counted, self.position)
        self._counted = self.position
        self.document.lines.setdefault(path, self._line)

    def _header(self) -> "Path":
        many = self._at("[[")
        start = self.position
        self.position += 1 + many
        keys = self._keys("]")
        end = self.position + 1 + many
        self.position = start
        path = self._resolved(keys[:-1])
        last: Path = (*path, keys[-1])
        self._note(last)
        if many:
            self._arrays[last] = self._arrays.get(last, -1) + 1
            last = (*last, self._arrays[last])
            self._note(last)
        elif last in self._arrays:
            last = (*last, self._arrays[last])
        self.position = end
        return last

    def _resolved(self, keys: "list[str]") -> "Path":
        """Return where a header's keys lead: through an array of tables into its last one."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            self._note(path)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _keys(self, end: str) -> "list[str]":
        """Read a dotted key up to `end`, which is left standing."""
        match = _KEY.match(self.text, self.position)
        assert match is not None
        self.position = match.end()
        assert self._at(end)
        found: Any = tomllib.loads(match[0] + "=0")
        keys = []
        while isinstance(found, dict):
            ((key, found),) = found.items()
            keys.append(key)
        return keys

    def _pair(self, table: "Path") -> None:
        start = self.position
        keys = self._keys("=")
        end = self.position + 1
        self.position = start
        path = table
        for key in keys:
            path = (*path, key)
            self._note(path)
        self.position = end
        self._value(path)

    def _value(self, path: "Path") -> None:
        self._skip_blank()
        if self._at("["):
            self._array(path)
        elif self._at("{"):
            self._inline_table(path)
        else:
            match = _STRING.match(self.text, self.position) or _BARE.match(self.text, self.position)
            assert match is not None
            self.position = match.end()

    def _array(self, path: "Path") -> None:
        self.position += 1
        count = 0
        while self._skip_blank() and not self._at("]"):
            self._note((*path, count))
            self._value((*path, count))
            count += 1
            self._skip_blank()
            self.position += self._at(",")
        self.position += 1

    def _inline_table(self, path: "Path") -> None:
        self.position += 1
        while self._skip_blank() and not self._at("}"):
            self._pair(path)
            self._skip_blank()
            self.position += self._at(",")
        self.position += 1
