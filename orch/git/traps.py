"""Traps that would hold a git for ever: a FIFO or a device where it reads a small file.

git opens `.gitignore`, `.gitattributes` and `.gitmodules` of any folder, and its own files,
without asking what they are; whoever works there can put a FIFO in their place. The top folder
is looked at before git is run. Deeper ones are looked for only while a git takes its time, so
that nobody else pays for it. Guarantees: nothing is read, and nothing waited for.
"""

import os
import stat
import time

from orch.git.names import display
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (".gitignore", ".gitattributes", ".gitmodules", ".mailmap")
_MOST_BYTES = 64 << 20  # git reads them whole, some versions without a limit of their own.
_PATIENCE = 0.2  # Seconds that a git may take before we look for what holds it,
_SLICE = 0.01  # and that we look before we listen to it again.


def require_none(top: str) -> None:
    """Check the files at the top that git reads first. Raises: git_error/failed naming the trap."""
    for name in _NAMES:
        path = os.path.join(top, name)
        try:
            seen = os.lstat(path)
        except OSError:
            continue
        if _never_ends(seen.st_mode):
            raise failure(path)
        if stat.S_ISREG(seen.st_mode) and seen.st_size > _MOST_BYTES:
            raise _failure(path, f"is larger than {_MOST_BYTES >> 20} MiB: git would read it whole")


def failure(path: str) -> Failure:
    """Return what is said of a trap."""
    return _failure(path, "is not a file but a pipe or a device: git would wait for it forever")


def _failure(path: str, what: str) -> Failure:
    from shlex import quote

    shown = display(path)
    return Failure(
        "git_error",
        "failed",
        f"{shown} {what}",
        hint=f"remove it: rm -- {quote(shown)}",
        details={"path": shown},
    )


def _never_ends(mode: int) -> bool:
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


class Search:
    """The search for what holds a git that is running in `top` on the directories of git."""

    __slots__ = ("_due", "_folders", "_pipes", "_places", "_round")

    def __init__(self, top: str, git_dirs: tuple[str, ...]) -> None:
        self._places = (top, git_dirs)
        self._folders: Iterator[str] | None = None
        self._pipes: list[str] = []  # Nobody waits at them yet.
        self._round = _PATIENCE
        self._due = time.monotonic() + _PATIENCE

    def pause(self) -> float:
        """Return for how many seconds there is nothing to look for."""
        return max(0.0, self._due - time.monotonic())

    def step(self) -> str:
        """Look for a moment; return the path that somebody waits at, "" for none so far."""
        now = time.monotonic()
        if now < self._due:
            return ""
        held = next((path for path in self._pipes if _is_waited_for(path)), "")
        if held:
            return held
        if self._folders is None:
            self._folders = self._walk()
        for path in self._folders:
            if path and _is_waited_for(path):
                return path
            self._pipes += [path] if path and path not in self._pipes else []
            if time.monotonic() - now > _SLICE:
                return ""
        self._folders = None
        self._round *= 2  # A large checkout is walked through less and less often.
        self._due = time.monotonic() + self._round
        return ""

    def _walk(self) -> "Iterator[str]":
        """Yield what could hold git, and "" after each folder."""
        top, git_dirs = self._places
        pending = [(folder, False) for folder in git_dirs] + ([(top, True)] if top else [])
        while pending:
            folder, is_work = pending.pop()
            try:
                with os.scandir(folder) as found:
                    entries = list(found)
            except OSError:
                continue
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        pending += _below(entry, is_work)
                    elif (entry.name in _NAMES or not is_work) and _is_special(entry):
                        yield entry.path
                except OSError:
                    continue
            yield ""


def _is_special(entry: "os.DirEntry[str]") -> bool:
    return not entry.is_file() and _never_ends(entry.stat(follow_symlinks=False).st_mode)


def _below(entry: "os.DirEntry[str]", is_work: bool) -> list[tuple[str, bool]]:
    """Return where to look in a folder: objects are too many, and git makes them itself."""
    if entry.name == (".git" if is_work else "objects"):
        return [] if is_work else [(os.path.join(entry.path, "info"), False)]
    return [(entry.path, is_work)]


def _is_waited_for(path: str) -> bool:
    """Say whether somebody has opened the FIFO to read it, or waits to; a device always counts."""
    try:
        if not stat.S_ISFIFO(os.lstat(path).st_mode):
            return True
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError:
        return False
    return True
