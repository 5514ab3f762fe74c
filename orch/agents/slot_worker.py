"""Worker without a name of its own: it works under whichever name of its pool is free.

A question does not hold it up. It leaves the thread to the name that asked, and takes other work
under another one; whoever is free when the answer comes goes on under the first. What a killed
worker of the pool left is served first.
"""

import time

from inbox.store import threads as thread_rows
from inbox.workflows import wait
from orch.agents import liveness, recovery
from orch.agents.turn import Begun
from orch.agents.worker import RENEWALS_PER_LEASE, Worker
from orch.operations import openings, work
from orch.operations.work import HeldThread
from orch.store.turns import Turn
from schema import crash_points
from schema.failures import Failure
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.agents.worker_pool import WorkerPool
    from schema.transaction import Database


class SlotWorker(Worker):
    """One process of a pool: it serves one name at a time."""

    def __init__(self, db: "Database", base: str, pool: "WorkerPool") -> None:
        super().__init__(db, base, pool)
        self._base = base
        self._soonest: float | None = None
        self._renew_at = 0.0

    def work(self) -> None:
        """Take one opening after the other, until a stop is asked."""
        liveness.sweep(self._db)
        topics = ["agent=" + name for name in (self._base, *self._pool.plan.pools)]
        while not self._stop.is_asked and not self._goes_home():
            self._rest()
            found = wait.until(self._db, topics, self._look, self._left(), lambda: self._soonest)
            if not found:
                return
            if isinstance(found[0], Turn):
                self._take_over(found[0])
            else:
                crash_points.reach("work.claimed")
                self._do(found[0])

    def _look(self) -> "list[Begun | Turn] | None":
        """Return what was begun or is left; an empty list for a stop, None for nothing yet."""
        if self._stop.is_asked:
            return []
        self._keep_parked()
        with self._db.read() as tx:
            opening = openings.first(tx, self._base)
            if opening.turn is not None:
                return [opening.turn]
            addressees = array([opening.agent, *self._pool.plan.pools])
            idle = (
                not opening.thread_id
                and thread_rows.offered(tx, opening.agent, addressees) is None
            )  # fmt: skip
            wait_ms = thread_rows.next_release(tx, opening.agent, addressees) if idle else None
        self._soonest = wait_ms / 1000 if wait_ms is not None else None
        begun = None if idle else self._take()
        return None if begun is None else [begun]

    def _keep_parked(self) -> None:
        """Renew the leases of parked threads now and then: a driver does, but there may be none."""
        if time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + self._pool.plan.ttl_ms / 1000 / RENEWALS_PER_LEASE
        with self._db.read() as tx:
            some = openings.has_parked(tx, self._base)
        if some:
            with self._db.write() as tx:
                openings.renew_parked(tx, self._base)

    def _take(self) -> "Begun | None":
        """Begin what is first, decided again under the lock; None when others were faster."""
        plan = self._pool.plan
        while True:
            with self._db.write() as tx:
                opening = openings.first(tx, self._base)
                if opening.turn is not None:
                    return None
                self._agent = opening.agent
                held: HeldThread | None
                if opening.thread_id:
                    held = work.hold(tx, opening.thread_id, opening.agent)
                else:
                    held = work.take(tx, opening.agent, plan.pools, plan.ttl_ms)
                if held is None:
                    return None
                begun = self._begin(tx, held)
            if not isinstance(begun, Failure):
                return begun
            self._pool.refuse(begun)

    def _take_over(self, left: Turn) -> None:
        """Bring a turn to its end whose worker was killed, unless another one does."""
        self._agent = left.agent
        turn = recovery.take_over_turn(self._db, self._pool.plan.harness, left, self._stop)
        if turn is not None:
            self._note(turn, turn.thread_id)

    def _wait_for_answer(self, held: HeldThread) -> bool:
        """Leave the thread to its name; whoever is free, or the driver, renews its lease."""
        self._pool.tell(f"{self._agent}: {held.name} waits for an answer; taking other work")
        return False
