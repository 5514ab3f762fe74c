"""Locations of findings: whether their lines are lines that the diff shows.

Owns reading a unified diff and checking places against it. Guarantees: one pass over the diff;
never raises on strange diffs (what is not understood shows no lines); a wrong line is nulled
and flagged, since a wrong line misleads grouping and readers more than none. A file that the
diff does not touch is kept: a reviewer may point at what a change forgot.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from council.matching import normal_path
from orch.git import unified_diff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Member

_NOWHERE = "/dev/null"


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
    hunk: unified_diff.Hunk | None = None
    for line in text.split("\n"):
        if hunk is not None and hunk.is_open:
            hunk.take(line)
        elif line.startswith("--- "):
            old = _header_path(line[4:])
        elif line.startswith("+++ "):
            new = _header_path(line[4:])
            path = old if new == _NOWHERE else new
            files.setdefault(path, [])
        elif line.startswith(("rename to ", "copy to ")):
            path = normal_path(unified_diff.unquoted(line.split(" to ", 1)[1]))
            files.setdefault(path, [])
        elif path and (begun := unified_diff.hunk(line)):
            hunk = begun
            if shown := _shown(begun):
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


def _shown(hunk: unified_diff.Hunk) -> tuple[int, int] | None:
    """Return the lines that a hunk shows, None for a hunk of no lines."""
    if hunk.new:
        return hunk.new_start, hunk.new_start + hunk.new - 1
    if hunk.new_start == 0 and hunk.old:  # The file is gone: only the old side has lines.
        return hunk.old_start, hunk.old_start + hunk.old - 1
    return None


def _header_path(rest: str) -> str:
    """Return the path of a `---` or `+++` line without its prefix and time stamp."""
    path = unified_diff.unquoted(rest.split("\t", 1)[0].rstrip("\r"))
    if path == _NOWHERE:
        return path
    return normal_path(path[2:] if path[:2] in ("a/", "b/") else path)
