"""Watchers of a board or a page, so that nobody is called who is looking.

A file beside the store whose time says when that was last so; whoever draws touches it.
"""

import contextlib
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

SECONDS = 30.0
_EVERY = 5.0
_noted = 0.0


def note(db: "Database") -> None:
    """Say that somebody is looking now; as often as one likes, it costs nothing."""
    global _noted  # noqa: PLW0603 - of this process, which is who looks
    if _noted and time.monotonic() - _noted < _EVERY:
        return
    _noted = time.monotonic()
    with contextlib.suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(db.folder.watched, flags, 0o600)
        try:
            os.utime(fd)
        finally:
            os.close(fd)


def seconds_left(db: "Database") -> float:
    """Return for how long it counts as watched yet, 0 when nobody looks."""
    try:
        at = os.stat(db.folder.watched).st_mtime
    except OSError:
        return 0.0
    left = SECONDS - (time.time() - at)
    return left if 0 < left <= SECONDS else 0.0
