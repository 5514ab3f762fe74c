"""Waiting for news: all that a leader was not told yet of some runs, at once, with its command.

Moves nothing of the leader's place: who prints the news does that, before and after
(orch/operations/telling.py). Where a living driver looks after a run its word about needs counts;
where none does, they are found here and recorded.
"""

import time

from inbox.workflows.wait import until
from orch import wait
from orch.operations import runs, telling
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.store import tasks
from schema import events
from schema.json_text import Json
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.operations.telling import News, ToTell
    from schema.transaction import Database, ReadTx

_STALE_SECONDS = 60.0  # After that, needs that no event tells of (a repository) are looked for.


class Gathered(Value):
    """All news of some runs, the most urgent first, up to event `through` of the log.

    `still` counts the needs that were told before and hold yet.
    """

    news: "list[News]"
    still: int
    through: int


def for_news(
    db: "Database",
    runs_now: "Callable[[], list[str]]",
    leader: str | None,
    timeout: float,
    tell: "Callable[[str], None]",
    needs_of: "Callable[[str], list[ToTell]]",
) -> tuple[Gathered, bool]:
    """Return (what a leader was not told yet of the runs, whether that is anything).

    `leader` None: each run's own. `needs_of` says what a run needs of people where no driver
    does; it is asked when something happened. Raises: not_found/run.
    """
    pace = Pace(waits=True, deadline=time.monotonic() + timeout if timeout > 0 else None)
    looked: dict[str, tuple[int, float]] = {}
    last = Gathered([], 0, 0)

    def _look() -> Gathered | None:
        nonlocal last
        names = runs_now()
        for name in names:
            reconcile(db, name, tell, pace)
            settle(db, name, looked, needs_of)
        with db.read() as tx:
            last = gather(tx, names, leader)
        return last if last.news else None

    names = runs_now()
    topics = ["run=" + names[0]] if len(names) == 1 else ["any"]
    found = until(db, topics, _look, timeout)
    return found or last, found is not None


def gather(tx: "ReadTx", names: list[str], leader: str | None) -> Gathered:
    """Return all that a leader was not told yet of the runs."""
    news: list[News] = []
    still = 0
    for name in names:
        run = runs.require(tx, name)
        found = telling.news(tx, run, leader or run.leader)
        still += len(telling.holding(tx, run)) - sum(one.is_need for one in found)
        news += found
    return Gathered(telling.by_urgency(news), still, events.last_id(tx))


def settle(
    db: "Database",
    name: str,
    looked: dict[str, tuple[int, float]],
    needs_of: "Callable[[str], list[ToTell]]",
) -> None:
    """Record what an undriven run needs of people, where something may have changed."""
    with db.read() as tx:
        run = runs.require(tx, name)
        newest = telling.newest_event(tx, run)
        if telling.is_driven(tx, name):
            return
    seen, at = looked.get(name, (-1, 0.0))
    if newest == seen and time.monotonic() - at < _STALE_SECONDS:
        return
    wanted = needs_of(name)
    with db.read() as tx:
        is_known = telling.is_settled(tx, run, wanted)
    if not is_known:
        with db.write() as tx:
            telling.settle(tx, run, wanted, run.leader)
            newest = telling.newest_event(tx, run)
    looked[name] = newest, time.monotonic()


def woken(tx: "ReadTx", one: "News") -> Json:
    """Return one piece of news as a wait answers it: its event, its task, its run."""
    task = tasks.find(tx, one.run_id, one.task_id) if one.task_id else None
    number = task.task_no if task is not None else 0
    return wait.woken(tx, one.run_id, telling.cause_event(tx, one), number)
