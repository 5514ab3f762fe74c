"""Time limits of looking at a run: how long one look may stay with a place that does not answer.

A worktree on a slow disk, or one that somebody made a trap of, is named; the others get their turn
all the same. A wait keeps one Pace: its looks have what is left of its time, and a place that took
long is left alone for a while, then given longer.
"""

import time

from schema.failures import Failure

_SECONDS = 24.0  # For all places of one look together; each gets half of what is left,
_LEAST = 0.5  # but so much at least.
_PATIENCE = 1.5  # So long a wait stays with a place first, and is deaf to all else;
_REST = 10.0  # then it leaves it alone for so many times what it took, and stays twice as long.


class Pace:
    """The time of one command for looking at places.

    One that looks again and again keeps it, and says so by `waits`; `deadline` is its end by the
    monotonic clock, if it has one.
    """

    __slots__ = ("_deadline", "_slow", "_until", "_waits")

    def __init__(self, *, waits: bool = False, deadline: float | None = None) -> None:
        self._waits = waits
        self._deadline = deadline
        self._until = 0.0
        self._slow: dict[str, _Slow] = {}
        self.begin_look()

    def begin_look(self) -> None:
        """Begin another look at all places."""
        self._until = time.monotonic() + _SECONDS
        if self._deadline is not None:
            self._until = min(self._until, self._deadline)

    def known(self, place: str) -> str:
        """Return what is wrong with a place that is left alone for now, "" to look at it."""
        slow = self._slow.get(place)
        return slow.words if slow is not None and time.monotonic() < slow.until else ""

    def at(self, place: str) -> "_Share":
        """Return a block that looks at a place, within its share of the time."""
        slow = self._slow.setdefault(place, _Slow())
        share = max(_LEAST, (self._until - time.monotonic()) / 2)
        return _Share(slow, min(share, slow.patience) if self._waits else share)


class _Share:
    __slots__ = ("_began", "_limit", "_seconds", "_slow")

    def __init__(self, slow: "_Slow", seconds: float) -> None:
        self._slow = slow
        self._seconds = seconds

    def __enter__(self) -> None:
        from orch.git import process

        self._began = time.monotonic()
        self._limit = process.within(self._seconds)
        self._limit.__enter__()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._limit.__exit__(None, None, None)
        if isinstance(error, Failure):
            self._slow.note(self._began, error)


class _Slow:
    """A place that could not be looked at: why, until when it is left alone, how long it gets."""

    __slots__ = ("patience", "until", "words")

    def __init__(self) -> None:
        self.patience = _PATIENCE
        self.until = 0.0
        self.words = ""

    def note(self, began: float, failure: Failure) -> None:
        """Note a look that came to nothing."""
        now = time.monotonic()
        self.words = described(failure)
        self.until = now + _REST * (now - began)
        if failure.reason == "timeout":
            self.patience *= 2


def described(failure: Failure) -> str:
    """Return what a failure says, with what to do about it."""
    return failure.message + (f"; {failure.hint}" if failure.hint else "")
