"""Directories for a moment: an index of our own, attributes to merge by.

Each is locked (flock) as long as its process lives, so that the next one finds and removes those of
killed processes: a name alone would not tell them from those at work.
"""

import contextlib
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "orch-scratch-"
_NEW = "orch-new-"


@contextlib.contextmanager
def folder() -> "Iterator[str]":
    """Give an empty directory, readable by its owner alone, that goes with the block.

    Those that killed processes of the same user left beside it go too. Raises: OSError.
    """
    from shutil import rmtree

    path, held = _made()
    try:
        _sweep(os.path.dirname(path))
        yield path
    finally:
        rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


def _made() -> tuple[str, int | None]:
    """Return a new directory, and what locks it: None where directories cannot be locked."""
    from tempfile import mkdtemp

    new = mkdtemp(prefix=_NEW)
    held = _lock(new)
    if held is None:
        return new, None
    path = os.path.join(os.path.dirname(new), _PREFIX + os.path.basename(new).removeprefix(_NEW))
    os.rename(new, path)  # Only now others look at it.
    return path, held


def _lock(path: str) -> int | None:
    """Return a descriptor that holds the lock of a directory of ours, None if it cannot be had."""
    try:
        found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen = os.fstat(found)
        if seen.st_uid == os.geteuid() and os.path.samestat(seen, os.lstat(path)):
            return found
    except OSError:
        pass
    os.close(found)
    return None


def _sweep(beside: str) -> None:
    """Remove what no living process holds."""
    from shutil import rmtree

    with os.scandir(beside) as found:
        names = [entry.path for entry in found if entry.name.startswith(_PREFIX)]
    for path in names:
        held = _lock(path)
        if held is not None:
            rmtree(path, ignore_errors=True)
            os.close(held)
