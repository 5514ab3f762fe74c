"""Standard output and error of both programs: all of an answer, or OutputLost.

Whoever prints does it here; a descriptor that is closed is no place for the store's files.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.signals import Signals

_PIECE = 1024  # Characters: at most 4 KiB of UTF-8.


class OutputLost(Exception):
    """Standard output was closed or full before the answer was out."""


def write_out(text: str) -> None:
    """Write all of `text` to standard output, unbuffered. Raises: OutputLost."""
    if _stdout_is_closed:
        raise OutputLost("standard output is closed")
    data = memoryview(text.encode("utf-8", "backslashreplace"))
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError as error:
        raise OutputLost(error.strerror or "cannot write")


def write_held(text: str, signals: "Signals") -> None:
    """Write like `write_out`, and leave `signals` shielded: all of it is out when one comes.

    A signal still ends the wait for a slow reader: what a pipe has room for (POSIX: PIPE_BUF,
    4 KiB after POLLOUT) is written without a wait. Raises: OutputLost, Interrupted.
    """
    import select

    place = select.poll()
    place.register(1, select.POLLOUT)
    for at in range(0, len(text), _PIECE):
        signals.lower()
        place.poll()
        signals.shield()
        write_out(text[at : at + _PIECE])


def write_error(text: str) -> None:
    """Write a line to standard error, best effort."""
    try:
        os.write(2, text.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass


_stdout_is_closed = False


def fill_standard_streams() -> None:
    """Open /dev/null where a standard descriptor is closed.

    Else the store's own files would get its number, and an answer would be written into them.
    """
    global _stdout_is_closed  # noqa: PLW0603 - a fact about the process
    _stdout_is_closed = sys.stdout is None
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        fd = os.open(os.devnull, os.O_RDWR)
        while fd <= 2:
            fd = os.dup(fd)
        os.close(fd)
