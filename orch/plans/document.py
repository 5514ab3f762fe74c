"""A plan's text as plain values that know their lines; what is wrong is collected, not raised.

Owns the limits for everything that comes from outside: 1 MiB, depth 64, 64-bit integers, no
NaN, no aliases, no duplicate keys. Each format has a reader of its own; all fill a Document.
"""

from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    Path = tuple[str | int, ...]

FORMATS = ("yaml", "toml", "json")
MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_PROBLEMS = 500  # One slip in a generated file should not answer with megabytes.
SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json"}


class Problem(Value):
    """One thing to mend. `line` is 0 where a line means nothing; `rule` is "" or lint's.

    `file` is the plan's file where several make one plan, else "".
    """

    line: int
    path: str
    message: str
    task_id: str | None = None
    rule: str = ""
    file: str = ""

    def document(self) -> dict[str, object]:
        """Return the published fields."""
        return {
            "line": self.line or None,
            "path": self.path,
            "task_id": self.task_id,
            "rule": self.rule or None,
            "message": self.message,
            **({"file": self.file} if self.file else {}),
        }


class Document(Value):
    """What `text` says: `value`, and the line of every key and item by its path from the top.

    `more` are the values of further YAML documents in the text, each with its path.
    """

    text: str = ""
    value: object = None
    more: "list[tuple[Path, object]]" = own(factory=list)
    lines: "dict[Path, int]" = own(factory=lambda: {(): 1})
    problems: list[Problem] = own(factory=list)
    _refused: "set[Path]" = own(factory=set)
    _around: "set[Path]" = own(factory=set)  # Every place that one of them lies in.

    def line(self, path: "Path") -> int:
        """Return the line of a place, or of the nearest one around it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def problem(self, path: "Path", message: str, task_id: str | None = None) -> Problem:
        """Return a problem at a place."""
        return Problem(self.line(path), shown(path), message, task_id)

    def refuse(self, path: "Path", message: str, line: int = 0) -> None:
        """Note a problem at a place."""
        self._refused.add(path)
        self._around.update(path[:i] for i in range(len(path) + 1))
        self.problems.append(Problem(line or self.line(path), shown(path), message))

    def is_refused(self, path: "Path") -> bool:
        """Say whether a place, or one around it, was told already: no second complaint."""
        return any(path[:i] in self._refused for i in range(len(path) + 1))

    def has_refused_in(self, path: "Path") -> bool:
        """Say whether something at or below a place was refused."""
        return path in self._around


def shown(path: "Path") -> str:
    """Return a path as people write it: tasks[2].priority."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.strip(".").encode("utf-8", "backslashreplace").decode()


def format_of(name: str) -> str | None:
    """Return the format that a file's name tells, or None."""
    return SUFFIXES.get(name[name.rfind(".") :].lower()) if "." in name else None


def text_fault(text: str) -> str:
    """Return why a text cannot be kept as it is, "" when it can."""
    if "\0" in text:
        return "holds a NUL character"
    return "" if text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text) else (
        "is not valid UTF-8")  # fmt: skip
