"""The queue of writers that came second: flock on a side file, never on the store itself.

Opening the store with a descriptor of our own would drop SQLite's POSIX locks when closed.
"""

import fcntl
import os
import stat
import time

from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

_SHARE_MS = 6_000  # How long to queue before trying past a queue that does not move.
_REASONS = {13: "readonly", 21: "unsafe", 28: "full", 30: "readonly", 40: "unsafe"}  # errno, Linux
_NAP_SECONDS = 0.00005  # Only the head naps, against a writer that never queued.


class Queue:
    """A place in line. The kernel keeps the order, and the death of a process frees its place."""

    __slots__ = ("_fd",)

    def __init__(self, path: str) -> None:
        """Open the side file. Raises: store_error when it cannot be had."""
        self._fd = open_side_file(path)

    def begin_write(self, connection: "apsw.Connection", begin: str, budget_ms: int) -> None:
        """Run the statement `begin` as the head of the queue; the place is kept until `leave`.

        Raises: apsw.BusyError, the place given up, when the budget is spent.
        """
        deadline = time.monotonic() + budget_ms / 1000

        def _try_again(_tries: int) -> bool:
            time.sleep(_NAP_SECONDS)
            return time.monotonic() < deadline

        self.enter(_SHARE_MS)
        connection.set_busy_handler(_try_again)
        try:
            connection.execute(begin)
        except BaseException:
            self.leave()
            raise

    def enter(self, budget_ms: int) -> bool:
        """Wait for the head of the queue at most `budget_ms`; say whether it was reached."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _flock_within(self._fd, budget_ms)
        return True

    def leave(self) -> None:
        """Let the next one to the head."""
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the side file."""
        os.close(self._fd)


def open_side_file(path: str) -> int:
    """Return a descriptor of the file that the lock is on, made if need be.

    Raises: store_error when something else lies there, or it cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o600)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        reason, why = "unsafe", "no regular file"
    except OSError as error:
        reason, why = _REASONS.get(error.errno or 0, "io"), os.strerror(error.errno or 0).lower()
    hint = "free some disk space" if reason == "full" else f"look what it is: ls -ld {path}"
    raise Failure("store_error", reason, f"the lock file {path} is unusable: {why}", hint=hint)


def _flock_within(fd: int, budget_ms: int) -> bool:
    """Queue for the lock at most `budget_ms`; say whether it was had.

    A timer interrupts the blocking call, so the kernel keeps the order. Off the main
    thread no timer can be had, and the lock is polled.
    """
    import _signal

    class _Late(Exception):
        pass

    def _raise(_number: int, _frame: object) -> None:
        raise _Late

    try:
        before = _signal.signal(14, _raise)
    except ValueError:
        return _flock_polled(fd, budget_ms)
    _signal.setitimer(0, budget_ms / 1000)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return True
    except _Late:
        return False
    finally:
        _signal.setitimer(0, 0)
        _signal.signal(14, before)


def _flock_polled(fd: int, budget_ms: int) -> bool:
    deadline = time.monotonic() + budget_ms / 1000
    while time.monotonic() < deadline:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.002)
    return False
