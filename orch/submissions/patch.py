"""One patch: does its text touch exactly the file that it is said to touch, and as said?

A small reader of git's diff format that refuses whatever it does not know. git decides later
whether the patch applies; this decides what git is given. Pure.
"""

import re

from orch.git import unified_diff

_MODES = ("100644", "100755")
_INDEX = re.compile(r"index [0-9a-f]{4,64}\.\.[0-9a-f]{4,64}(?: (\d{6}))?\Z")
_MODE = re.compile(r"(old mode|new mode|new file mode|deleted file mode) (\d{6})\Z")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ELSEWHERE = ("rename ", "copy ", "similarity ", "dissimilarity ")
_BINARY = ("GIT binary patch", "Binary files ")
_FILE_MODES = {"new file mode": "add", "deleted file mode": "delete"}


class _Bad(Exception):
    """What is wrong, in words."""


def fault(patch: str, path: str, operation: str) -> str:
    """Return what is wrong with a patch of `path`, "" when it is one that git may be given."""
    try:
        _PatchReader(patch, path, operation).read()
    except _Bad as bad:
        return str(bad)
    return ""


class _PatchReader:
    """Reads one patch from its first line to its last."""

    def __init__(self, patch: str, path: str, operation: str) -> None:
        self.lines = patch.removesuffix("\n").split("\n")
        self.at = 0
        self.path = path
        self.operation = operation
        self.has_header = False
        self.changes_mode = False

    def read(self) -> None:
        """Read it. Raises: _Bad."""
        if not any(self.lines):
            raise _Bad("is empty")
        self._header()
        if self._line().startswith("--- "):
            self._names()
            if not self._line().startswith("@@"):
                raise self._bad("a hunk (@@ …) has to follow the names")
            while self._line().startswith("@@"):
                self._hunk()
        elif not (self.has_header and (self.changes_mode or self.operation == "delete")):
            raise self._bad("there is no change of a file in it")
        if self.at < len(self.lines):
            raise self._bad("something follows the change of its file: one patch, one file")

    def _line(self) -> str:
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def _bad(self, what: str) -> _Bad:
        line = self._line()
        if line.endswith("\r") and not what.startswith("its lines"):
            what = "its header lines end in CR LF: send the patch as git wrote it"
        return _Bad(f"line {self.at + 1}: {what}")

    def _header(self) -> None:
        """Read `diff --git` and what may stand under it, where it is there."""
        line = self._line()
        if not line.startswith("diff --git "):
            if not line.startswith("--- "):
                raise self._bad("a patch begins with diff --git or ---")
            return
        names = line.removeprefix("diff --git ")
        quoted = _QUOTED.findall(names)
        plain = names == f"a/{self.path} b/{self.path}"
        if not plain and [unified_diff.unquoted(q) for q in quoted] != [
            f"a/{self.path}",
            f"b/{self.path}",
        ]:
            raise self._bad(f"it names another file than {self.path}")
        self.has_header = True
        self.at += 1
        while self.at < len(self.lines) and not self._line().startswith("--- "):
            self._extended(self._line())
            self.at += 1

    def _extended(self, line: str) -> None:
        if line.startswith(_ELSEWHERE):
            raise self._bad("renames and copies are said as add and delete")
        if line.startswith(_BINARY):
            raise self._bad("binary patches are not taken: commit such a file in a worktree")
        index, mode = _INDEX.match(line), _MODE.match(line)
        if index is None and mode is None:
            raise self._bad("this is not a header of a patch")
        given = index[1] if index is not None else mode[2] if mode is not None else None
        if given is not None and given not in _MODES:
            kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(given, "no file")
            raise self._bad(f"mode {given} is {kind}: only files are taken, 100644 or 100755")
        if mode is not None:
            wanted = _FILE_MODES.get(mode[1], "update")
            if wanted != self.operation:
                raise self._bad(f"{mode[1]} does not fit the operation {self.operation}")
            self.changes_mode = True

    def _names(self) -> None:
        """Read the two lines that name the file."""
        old = "/dev/null" if self.operation == "add" else f"a/{self.path}"
        new = "/dev/null" if self.operation == "delete" else f"b/{self.path}"
        for mark, wanted in (("--- ", old), ("+++ ", new)):
            line = self._line()
            if not line.startswith(mark) or _named(line.removeprefix(mark)) != wanted:
                raise self._bad(f"{mark}{wanted} has to stand here, for {self.operation}")
            self.at += 1

    def _hunk(self) -> None:
        """Read one hunk by its counts, so that no line of a file is taken for a header."""
        hunk = unified_diff.hunk(self._line())
        if hunk is None:
            raise self._bad("this is not a head of a hunk")
        self.at += 1
        while hunk.is_open:
            if self.at >= len(self.lines):
                raise self._bad("its last hunk ends too early")
            mark = hunk.take(self._line())
            if mark not in " -+\\" or hunk.old < 0 or hunk.new < 0:
                raise self._bad("this does not fit the counts of its hunk")
            self.at += 1
        if self._line().startswith("\\ "):
            self.at += 1


def _named(text: str) -> str:
    """Return the name in a --- or +++ line: unquoted, without the time that may follow a tab."""
    quoted = _QUOTED.match(text)
    return unified_diff.unquoted(quoted[0]) if quoted is not None else text.partition("\t")[0]
