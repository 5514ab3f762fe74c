"""Waiting, the only code that sleeps: look, arm the bell, look again, sleep.

Guarantees: no transaction is held while asleep; a commit between a look and the sleep is not
missed; nothing is lost when a wait is killed, since only what was found moves anything; the
end is measured by the monotonic clock; a swapped file ends the wait with store_error/replaced.
"""

import time

from schema import open as stores
from schema.failures import Failure
from schema.json_text import obj
from schema.steps import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from schema.transaction import Database

    Found = TypeVar("Found")

_LOOK_SECONDS = 2.0  # Between looks at a store that nobody has changed.
_WAKES_PER_STAT = 4  # A swapped file is noticed within a second: a stat is a fifth of a wake.


def until(
    db: "Database",
    topics: list[str],
    look: "Callable[[], Found | None]",
    timeout: float,
    nap: "Callable[[], float | None] | None" = None,
    warm: "Callable[[], object] | None" = None,
) -> "Found | None":
    """Return what `look` finds, or None after `timeout` seconds (0: for ever).

    `look` is called at once, whenever a topic is rung, within SAFETY_MS of any commit, after
    `nap()` seconds where that is given, and every _LOOK_SECONDS at the latest. `warm` is called
    before the first sleep: what it loads and prepares does not delay the answer after a ring.
    """
    deadline = time.monotonic() + timeout if timeout > 0 else None
    found = look()
    if found is not None:
        return found
    with stores.waiter(db, topics) as waiter:
        rung, seen, due, wakes = True, 0, 0.0, 0
        while True:
            version = db.data_version()  # Before the look: a commit after it is seen next time.
            looks = rung or version != seen or time.monotonic() >= due
            if looks or wakes % _WAKES_PER_STAT == 0:
                db.require_same_file()
            wakes += 1
            if looks:
                seen = version
                found = look()
                if found is not None:
                    return found
                seconds = nap() if nap is not None else None
                due = time.monotonic() + min(
                    _LOOK_SECONDS, _LOOK_SECONDS if seconds is None else seconds
                )
            if warm is not None:
                warm()
                warm = None
            now = time.monotonic()
            left = 3600.0 if deadline is None else deadline - now
            if left <= 0:
                return None
            db.signals.lower()
            rung = waiter.sleep(1000 * min(left, max(due - now, 0.001)))


def timed_out(what: str, timeout: float, next_event_id: int, resume: str) -> Failure:
    """Return the failure of a wait that found nothing, with the command that goes on."""
    return Failure(
        "no_matching_work",
        "timeout",
        f"{what} within {timeout:g} s",
        hint="nothing is lost; wait on with",
        next=[read(resume, "look")],
        data=obj(woke=False, next_event_id=next_event_id, resume=resume),
    )
