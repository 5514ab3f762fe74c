"""Process groups that this process waits for: ended together when a command is stopped.

Whoever starts a program or a git enters its group here, on whichever thread. Guarantees: after
`end_all` none of them runs, within a second or two, whatever they do with SIGTERM, and none is
started, until `open_again`.
"""

import contextlib
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_TERM, _KILL = 15, 9  # `signal` costs a hot command a millisecond.
_GRACE_SECONDS = 1.0  # For all together: a stopped command is gone within two seconds.
_NAP_SECONDS = 0.01

_groups: set[int] = set()
_starting: list[bool] = []
_closed: set[bool] = set()


class Ended(BaseException):
    """Everything was stopped: nothing new is started on this thread."""


@contextlib.contextmanager
def starting() -> "Iterator[None]":
    """Surround the start of a program and its `enter`, so that `end_all` misses none.

    Raises: Ended.
    """
    _starting.append(True)
    try:
        if _closed:
            raise Ended
        yield
    finally:
        _starting.pop()


def enter(group: int) -> None:
    """Note a group that was just started; its number is its leader's, whom we reap."""
    _groups.add(group)
    if _closed:
        _send(group, _KILL)


def leave(group: int) -> None:
    """Forget a group that was seen to end."""
    _groups.discard(group)


def end_all() -> None:
    """End every group, those too that threads are starting; from now on nothing is started."""
    _closed.add(True)
    end(tuple(_groups))
    deadline = time.monotonic() + _GRACE_SECONDS / 2
    while _starting and time.monotonic() < deadline:
        time.sleep(_NAP_SECONDS)


def open_again() -> None:
    """Let new groups live: what was stopped is over, and the process goes on."""
    _closed.clear()


def end(groups: "Collection[int]") -> None:
    """Ask groups to end, and make them once their leaders have, or a second later.

    On SIGTERM git removes its lock files. A leader must not be reaped meanwhile by its caller.
    """
    for group in groups:
        _send(group, _TERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and not all(map(_has_ended, groups)):
        time.sleep(_NAP_SECONDS)
    for group in groups:
        _send(group, _KILL)


def _has_ended(leader: int) -> bool:
    """Say whether a child of ours has ended; it is not reaped, so its number stays its own."""
    try:
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, leader, how) is not None
    except ChildProcessError:
        pass
    try:  # Reaped: then its number is that of the others in its group, if there are any.
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _send(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
