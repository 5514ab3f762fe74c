"""The queue of writers that came second: flock on a side file, never on the store itself.

Opening the store with a descriptor of our own would drop SQLite's POSIX locks when closed.
"""

import fcntl
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

_SHARE_MS = 6_000  # How long to queue before trying past a queue that does not move.
_NAP_SECONDS = 0.00005  # Only the head naps, against a writer that never queued.


class Queue:
    """A place in line. The kernel keeps the order, and the death of a process frees its place."""

    __slots__ = ("_fd",)

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)

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
