"""One worker of `orch work`: claims, starts the agent's program, stays with it, reports.

Everything a killed runner leaves is found by the next one (orch/agents/recovery.py). Nothing is
begun after a stop was asked.
"""

import time

from inbox.store import threads as thread_rows
from inbox.workflows import wait
from orch.agents import liveness as workers
from orch.agents import recovery
from orch.agents import turn as turns
from orch.agents.turn_monitor import lost
from orch.harness import outcome as verdict
from orch.operations import work
from orch.operations.work import HeldThread
from orch.store import turns as store
from orch.store.turns import Turn
from schema import crash_points
from schema.failures import Failure
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.agents.turn import Begun
    from orch.agents.worker_pool import WorkerPool
    from schema.transaction import Database, Tx

_CRASHES_IN_A_ROW = 3
_NAP_SECONDS = 0.5
_BUDGET_WAIT_MS = 60_000
RENEWALS_PER_LEASE = 3
_NOT_OURS = ("lease_conflict", "invalid_state")


class Worker:
    """One worker: a name, a connection, one thread of the bus at a time."""

    def __init__(self, db: "Database", agent: str, pool: "WorkerPool") -> None:
        self._db = db
        self._agent = agent
        self._pool = pool
        self._stop = pool.stop
        self._crashes = 0
        self._rest_until = 0.0
        self._is_logged_out = False

    def work(self) -> None:
        """Bring what is left to its end, then take thread after thread."""
        plan = self._pool.plan
        workers.sweep(self._db)
        for turn in recovery.take_over(self._db, plan.harness, self._agent, self._stop):
            self._note(turn, turn.thread_id)
        with self._db.read() as tx:
            waiting = store.waiting(tx, self._agent)
        for thread_id in waiting:
            if self._wait_for_answer(self._held(thread_id)):
                self._do(self._go_on(thread_id))
        while not self._stop.is_asked and not self._goes_home():
            begun = self._claim()
            if begun is None:
                return
            crash_points.reach("work.claimed")
            self._do(begun)
            if (
                self._goes_home()
                or plan.mode == "once"
                or (plan.mode == "until_idle" and self._rest_until)
            ):
                return

    def _goes_home(self) -> bool:
        """Say whether the client itself seems broken: it would only ruin more tasks."""
        name = self._pool.plan.harness.name
        if self._is_logged_out:
            why = f"{name} is not logged in"
        elif self._crashes >= _CRASHES_IN_A_ROW:
            why = f"{self._crashes} turns in a row crashed"
        else:
            return False
        self._pool.complain(
            f"{self._agent} stops: {why}; look at: orch logs TASK, then "
            f"orch work --check --agent {self._agent} {self._pool.plan.harness.words}"
        )
        return True

    def _held(self, thread_id: str) -> HeldThread:
        with self._db.read() as tx:
            return work.hold(tx, thread_id, self._agent)

    def _claim(self) -> "Begun | None":
        """Begin a turn of the next thread; wait for one unless it is to be once or until idle."""
        plan = self._pool.plan
        self._rest()
        if self._stop.is_asked:
            return None
        if plan.mode != "forever":
            return self._take()
        addressees = array([self._agent, *plan.pools])
        soonest: list[float | None] = [None]
        nothing: list[bool] = []

        def _look() -> "list[Begun] | None":
            if self._stop.is_asked:
                nothing.append(True)
                return []
            with self._db.read() as tx:
                idle = thread_rows.offered(tx, self._agent, addressees) is None
                wait_ms = thread_rows.next_release(tx, self._agent, addressees)
                soonest[0] = wait_ms / 1000 if wait_ms is not None else None
            begun = None if idle else self._take()
            return None if begun is None else [begun]

        topics = ["agent=" + name for name in (self._agent, *plan.pools)]
        found = wait.until(self._db, topics, _look, self._left(), lambda: soonest[0])
        return found[0] if found else None

    def _left(self) -> float:
        """Return the seconds until nothing new is begun, 0 for no end."""
        deadline = self._stop.deadline
        return 0 if deadline is None else max(0.01, deadline - time.monotonic())

    def _take(self) -> "Begun | None":
        """Claim and begin in one transaction: killed in between, nothing was claimed.

        What the budget of its run forbids is left for later, and the next thread is taken.
        """
        plan = self._pool.plan
        while True:
            with self._db.write() as tx:
                held = work.take(tx, self._agent, plan.pools, plan.ttl_ms)
                if held is None:
                    return None
                begun = self._begin(tx, held)
            if isinstance(begun, Failure):
                self._pool.refuse(begun)
            else:
                return begun

    def _begin(self, tx: "Tx", held: HeldThread) -> "Begun | Failure":
        """Begin a turn; give its thread back, when its run has spent its budget."""
        try:
            return turns.begin(tx, self._pool.plan.harness, held, self._db.folder.logs)
        except Failure as refusal:
            if refusal.reason != "budget":
                raise
            work.give_back(tx, held, refusal.message, _BUDGET_WAIT_MS)
            return refusal

    def _go_on(self, thread_id: str) -> "Begun | None":
        """Begin a further turn of a thread that this worker holds; None when it may not."""
        try:
            with self._db.write() as tx:
                begun = self._begin(tx, work.hold(tx, thread_id, self._agent))
        except Failure as failure:
            if failure.code not in _NOT_OURS:
                raise
            self._pool.tell(f"{thread_id} is not {self._agent}'s any more: {failure.message}")
            return None
        if isinstance(begun, Failure):
            self._pool.refuse(begun)
            return None
        return begun

    def _rest(self) -> None:
        """After a rate limit: the next task would meet the same one."""

        def _look() -> bool | None:
            return True if self._stop.is_asked or time.monotonic() >= self._rest_until else None

        if self._rest_until > time.monotonic():
            wait.until(self._db, ["agent=" + self._agent], _look, 0, lambda: _NAP_SECONDS)
        self._rest_until = 0.0

    def _do(self, begun: "Begun | None") -> None:
        """Do turns until the thread is out of this worker's hands."""
        while begun is not None:
            held = begun.held
            try:
                turn = turns.run(self._db, self._pool.plan.harness, begun, self._stop)
            except Failure as failure:
                if failure.code not in _NOT_OURS:
                    raise
                self._pool.tell(f"{held.name} is not {self._agent}'s any more: {failure.message}")
                return
            self._note(turn, held.name)
            if turn.outcome != "waiting" or not self._wait_for_answer(held):
                return
            begun = self._go_on(held.thread_id)

    def _note(self, turn: Turn, name: str) -> None:
        with self._db.read() as tx:
            document = store.document(tx, turn.turn_key)
        self._pool.note(turn, document)
        self._crashes = self._crashes + 1 if turn.outcome == "crashed" else 0
        self._is_logged_out = turn.outcome == "limited" and turn.reason == verdict.LOGGED_OUT
        if turn.outcome == "limited":
            self._rest_until = time.monotonic() + self._pool.plan.harness.table.limited_wait
        self._pool.tell(f"{self._agent}: {name} turn {turn.turn_no} {turn.outcome}")

    def _wait_for_answer(self, held: HeldThread) -> bool:
        """Wait for an answer to the thread's question, renewing; False when to stop or lost.

        A stop leaves the question standing: the next worker of this name waits on.
        """
        renew_at = [0.0]
        self._pool.tell(f"{self._agent}: {held.name} waits for an answer")

        def _look() -> str | None:
            if self._stop.is_asked:
                return "stop"
            with self._db.read() as tx:
                asked, answered = store.question(tx, held.thread_no, self._agent)
                thread = thread_rows.find(tx, held.thread_id)
            if thread is None or lost(thread, held) or thread.lease is None:
                return "lost"
            if answered or not asked:
                return "answered"
            if time.monotonic() >= renew_at[0]:
                with self._db.touch() as tx:
                    work.renew(tx, held)
                renew_at[0] = time.monotonic() + held.ttl_ms / 1000 / RENEWALS_PER_LEASE
            return None

        topics = ["thread=" + held.thread_id, "agent=" + self._agent]
        found = wait.until(
            self._db, topics, _look, 0, lambda: max(0.05, renew_at[0] - time.monotonic())
        )
        return found == "answered"
