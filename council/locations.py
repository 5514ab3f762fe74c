"""Whether a finding's lines are lines that the diff shows.

Owns reading a unified diff and checking places against it. Guarantees: one pass over the diff;
never raises on strange diffs (what is not understood shows no lines); a wrong line is nulled
and flagged, since a wrong line misleads grouping and readers more than none. A file that the
diff does not touch is kept: a reviewer may point at what a change forgot.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from council.matching import normal_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Member

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_NOWHERE = "/dev/null"
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(slots=True)
class _Hunk:
    """What is left to read of the current hunk, in lines of the old and the new side."""

    old: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Diff:
    """By repository path, the inclusive line ranges that the diff shows.

    Ranges are the new side's; of a deleted file, the old side's, as there is no other.
    """

    files: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def shows(self, path: str, line: int) -> bool:
        """Return whether `line` of `path` is in the diff, changed or as context."""
        return any(first <= line <= last for first, last in self.files.get(path, ()))

    def find_path(self, path: str) -> str | None:
        """Return the diff's spelling of `path`, which may carry `a/`, `b/` or a checkout's root."""
        path = normal_path(path)
        if path in self.files:
            return path
        if path[:2] in ("a/", "b/") and path[2:] in self.files:
            return path[2:]
        ending = [known for known in self.files if path.endswith("/" + known)]
        return max(ending, key=len) if ending else None


def parse_diff(text: str) -> Diff:
    """Return the files and shown lines of a unified diff such as `git diff` prints."""
    files: dict[str, list[tuple[int, int]]] = {}
    old = path = ""
    hunk = _Hunk()
    for line in text.split("\n"):
        if hunk.old > 0 or hunk.new > 0:
            _consume(hunk, line)
        elif line.startswith("--- "):
            old = _header_path(line[4:])
        elif line.startswith("+++ "):
            new = _header_path(line[4:])
            path = old if new == _NOWHERE else new
            files.setdefault(path, [])
        elif line.startswith(("rename to ", "copy to ")):
            path = normal_path(_unquoted(line.split(" to ", 1)[1]))
            files.setdefault(path, [])
        elif path and (match := _HUNK.match(line)):
            hunk, shown = _hunk(match)
            if shown:
                files[path].append(shown)
    return Diff({path: tuple(ranges) for path, ranges in files.items()})


def verify(member: "Member", diff: Diff | None) -> "Member":
    """Return `member` with its path in the diff's spelling and its lines only if they hold.

    Lines hold when they are ordered and, with a diff, the first of them is shown by it; else
    both become null and the flag `location_unverified` is set. Idempotent.
    """
    path = member.file
    if path and diff:
        path = diff.find_path(path) or normal_path(path) or None
    start, end = member.line_start, member.line_end
    if start is None and end is None:
        return member if path == member.file else member.model_copy(update={"file": path})
    ordered = start is not None and (end is None or start <= end)
    if path and start and ordered and (diff is None or diff.shows(path, start)):
        return member.model_copy(update={"file": path})
    flags = tuple(dict.fromkeys((*member.flags, "location_unverified")))
    nulled = {"file": path, "line_start": None, "line_end": None, "flags": flags}
    return member.model_copy(update=nulled)


def _consume(hunk: _Hunk, line: str) -> None:
    side = line[:1]
    if side == "+":
        hunk.new -= 1
    elif side == "-":
        hunk.old -= 1
    elif side != "\\":  # "\ No newline at end of file" counts on neither side.
        hunk.old -= 1
        hunk.new -= 1


def _hunk(match: re.Match[str]) -> tuple[_Hunk, tuple[int, int] | None]:
    old_count, new_start, new_count = match[2], int(match[3]), match[4]
    hunk = _Hunk(_count(old_count), _count(new_count))
    if hunk.new:
        return hunk, (new_start, new_start + hunk.new - 1)
    if new_start == 0 and hunk.old:  # The file is gone: only the old side has lines.
        return hunk, (int(match[1]), int(match[1]) + hunk.old - 1)
    return hunk, None


def _count(digits: str | None) -> int:
    return 1 if digits is None else int(digits)


def _header_path(rest: str) -> str:
    """Return the path of a `---` or `+++` line without its prefix and time stamp."""
    path = _unquoted(rest.split("\t", 1)[0].rstrip("\r"))
    if path == _NOWHERE:
        return path
    return normal_path(path[2:] if path[:2] in ("a/", "b/") else path)


def _unquoted(path: str) -> str:
    """Undo git's C quoting of unusual path names."""
    if not (len(path) > 1 and path[0] == path[-1] == '"'):
        return path
    plain = _ESCAPE.sub(_unescaped, path[1:-1])
    return plain.encode("latin-1", "replace").decode("utf-8", "replace")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 8) & 255) if len(code) == 3 else _CONTROL.get(code, code)
