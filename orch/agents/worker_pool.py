"""Workers of one `orch work`: one thread of this process and one connection for each.

Everything a killed runner leaves is found by the next one (orch/agents/recovery.py). Nothing is
begun after a stop was asked.
"""

import threading

from orch.agents import store_away
from orch.agents import turn as turns
from orch.agents.slot_worker import SlotWorker
from orch.agents.turn_monitor import Stop
from orch.agents.worker import Worker
from orch.fleet import here
from orch.harness import preflight
from orch.harness.config import Harness
from orch.store.turns import Turn
from schema import open as stores
from schema.failures import Failure
from schema.json_text import Json, array
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import Database

    Tell = Callable[[str], None]

_TIDY_SECONDS = 30.0
_MOST_KEPT = 500  # How many ended turns the answer holds.


class WorkerOptions(Value):
    """What a runner is to do: for whom, with what, how long.

    `by_slots`: an agent is no name but what the free names of its pool begin with.
    """

    agents: list[str]
    pools: tuple[str, ...]
    harness: Harness
    mode: str
    ttl_ms: int
    by_slots: bool = False


def check(db: "Database", harness: Harness) -> preflight.HarnessFindings:
    """Look whether a harness can start here: everything that is wrong, at once."""
    import os

    found = preflight.look(harness, turns.base_environment(harness))
    for path in (db.folder.path, db.folder.logs, db.folder.spool):
        if os.path.lexists(path) and not os.path.isdir(path):
            found.problems.append(f"{path} is not a directory: no log can be kept")
        elif os.path.lexists(path) and not os.access(path, os.W_OK):
            found.problems.append(f"{path} is not writable: no log can be kept")
    return found


class WorkerPool:
    """The workers of one `orch work`, and what they have done."""

    def __init__(self, db: "Database", plan: WorkerOptions, stop: Stop, tell: "Tell") -> None:
        self.db = db
        self.plan = plan
        self.stop = stop
        self.tell = tell
        self.ended: list[Json] = []
        self.counts: dict[str, int] = {}
        self.problems: list[str] = []
        self.failure: BaseException | None = None
        self.refusal: Failure | None = None
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    def run(self) -> None:
        """Work until all workers are through. Raises: the first failure that was not a task's."""
        workers = [
            threading.Thread(target=self._work, args=(agent,), name=agent, daemon=True)
            for agent in self.plan.agents
        ]
        for worker in workers:
            worker.start()
        shown = self.db if self.db.is_file else stores.another(self.db)
        try:
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.2)  # Bounded, so that a signal is handled meanwhile.
                    _show(shown)
        finally:
            if shown is not self.db:
                shown.close()
        if self.failure is not None:
            raise self.failure

    def ask_stop(self, level: int) -> None:
        """Finish what runs (1), or end it now (2); waiting workers are woken."""
        self.stop.level = max(self.stop.level, level)
        stores.ring(self.db, {"agent=" + name for name in (*self.plan.agents, *self.plan.pools)})

    def _work(self, agent: str) -> None:
        try:
            db = stores.another(self.db)
            try:
                self._work_on(db, agent)
            finally:
                db.close()
        except BaseException as error:
            with self._lock:
                self.failure = self.failure or error
            self.ask_stop(1)

    def _work_on(self, db: "Database", agent: str) -> None:
        """Let a worker work; where its store is away for a while, again once it is back."""
        kind = SlotWorker if self.plan.by_slots else Worker
        while True:
            try:
                kind(db, agent, self).work()
                return
            except Failure as failure:
                if not store_away.is_away(db, failure) or self.stop.is_asked:
                    raise
                self.tell(f"{agent}: {failure.message}; going on once the store is back")
            store_away.wait_for(db, self.stop)

    def note(self, turn: Turn, document: Json) -> None:
        """Keep what came of a turn."""
        with self._lock:
            self.ended.append(document)
            del self.ended[:-_MOST_KEPT]
            outcome = str(turn.outcome)
            self.counts[outcome] = self.counts.get(outcome, 0) + 1

    def complain(self, text: str) -> None:
        """Keep why a worker stopped early."""
        with self._lock:
            self.problems.append(text)
        self.tell(text)

    def refuse(self, refusal: Failure) -> None:
        """Keep which rule said no to a turn, each once."""
        with self._lock:
            self.refusal = self.refusal or refusal
            text = f"{refusal.message}; {refusal.advice}"
            if text in self.problems:
                return
            self.problems.append(text)
        self.tell(text)

    def documents(self) -> Json:
        """Return the turns that ended, the oldest first."""
        return array(self.ended)


def _show(db: "Database") -> None:
    """Show that somebody works on this machine. Raises: invalid_input for a copied one.

    On a connection that heeds no signal: who is stopped finishes what runs, and is shown meanwhile.
    """
    try:
        here.appear(db)
    except Failure as failure:
        if failure.code not in ("store_busy", "store_error"):
            raise
