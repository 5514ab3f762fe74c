"""Logs of the driver's processes: private files of what they say, kept short."""

import os

from schema.file import open_regular

_MOST_BYTES = 1 << 20
_LAST_BYTES = 4096


def shorten(path: str) -> None:
    """Begin a log anew when it is long: what matters stands in the attempts' logs."""
    try:
        if os.lstat(path).st_size > _MOST_BYTES:
            os.unlink(path)
    except OSError:
        pass


def last_lines(path: str, since: int) -> list[str]:
    """Return the last lines of a log, of what was written after its first `since` bytes."""
    try:
        fd = open_regular(path, os.O_NOFOLLOW)
    except OSError:
        return []
    try:
        begin = max(since, os.fstat(fd).st_size - _LAST_BYTES)
        text = os.pread(fd, _LAST_BYTES, begin).decode("utf-8", "replace")
    finally:
        os.close(fd)
    return [line for line in map(str.strip, text.splitlines()) if line]


def length(path: str) -> int:
    """Return how long a log is, 0 where there is none."""
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def last_words(path: str, since: int) -> str:
    """Return the last line, after so many bytes, that says what happened and not what is next."""
    said = (x for x in reversed(last_lines(path, since)) if not x.startswith(("next: ", "hint: ")))
    return next(said, "")[:300]
