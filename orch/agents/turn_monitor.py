"""Monitor of a running turn: what the store says of it, its lease, its runner's stop."""

import contextlib
import threading
import time

from inbox.model import TERMINAL, Thread
from inbox.operations import leases
from orch.agents import store_away
from orch.harness import orphans
from orch.harness.process import Orders
from orch.operations.work import HeldThread
from orch.store import turns as store
from orch.store.turns import Turn
from schema.failures import Failure
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orch.harness.events import OutputReader
    from schema.transaction import Database

_RENEWALS_PER_LEASE = 3
_GUARD_SECONDS = 0.5
_GRACE_SECONDS = 3.0
_CUT_OFF = "the store could not be reached, and its lease is about to end"


class Stop(Value):
    """How far a runner is to stop: 0 go on, 1 finish what runs, 2 end it now.

    `deadline` (monotonic): from then on nothing new is begun.
    """

    level: int = 0
    deadline: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether nothing new is to be begun."""
        late = self.deadline is not None and time.monotonic() >= self.deadline
        return self.level > 0 or late


class Watcher:
    """What the store says of a running turn; renews the lease meanwhile."""

    def __init__(self, db: "Database", held: HeldThread, turn: Turn, stop: "Stop") -> None:
        self.lost = ""
        self.failure: Failure | None = None  # The store is not ours to write any more.
        self.reader: OutputReader | None = None  # Of its output, once it runs.
        self._db = db
        self._grip = held
        self._turn = turn
        self._stop = stop
        self._version = -1
        self._activity = -1
        self._renew_at = 0.0
        self._session = turn.session
        self.cut_off = False  # From a store on a server, until the lease was about to end.
        self._until = time.monotonic() + store_away.patience(held.ttl_ms)
        self._asked_at = 0.0  # When the store was asked that has not answered yet.
        self._last = Orders()

    def __call__(self) -> "Orders":
        """Return what is to be heeded now; a busy store is asked again next time."""
        self._asked_at = time.monotonic()
        try:
            return self._look()
        finally:
            self._asked_at = 0.0

    @contextlib.contextmanager
    def guarded(self) -> "Iterator[None]":
        """End the turn's processes in time, even while a look gets no answer at all.

        On a network that swallows what it is given a look lasts as long as its time-outs, which
        may be longer than the lease.
        """
        if self._db.is_file:
            yield
            return
        is_over = threading.Event()
        beside = threading.Thread(target=self._guard, args=(is_over,), daemon=True)
        beside.start()
        try:
            yield
        finally:
            is_over.set()
            beside.join()

    def _guard(self, is_over: threading.Event) -> None:
        while not is_over.wait(_GUARD_SECONDS):
            asked, now = self._asked_at, time.monotonic()
            if asked and now - asked >= _GUARD_SECONDS and now >= self._until:
                self.cut_off = True
                orphans.end(self._turn.mark, 0, _GRACE_SECONDS)

    def _look(self) -> "Orders":
        try:
            version = self._db.data_version()
            if version != self._version:
                self._db.require_same_file()
                self._read()
                self._version = version
            else:
                self._last.active = False
            if time.monotonic() >= self._renew_at and not (self._last.reported or self.lost):
                self._renew()
            self._keep_session()
        except Failure as failure:
            if failure.reason == "newer_schema":
                self.failure = failure
                self._last.stop = failure.message
            elif store_away.is_away(self._db, failure):
                self._miss()
            elif failure.code != "store_busy":
                raise
        if self.cut_off:
            self._last.stop = _CUT_OFF
            self._last.hurry = True
        if self._stop.level >= 2:
            self._last.stop = self._last.stop or "its runner was stopped"
            self._last.hurry = True
        return self._last

    def _miss(self) -> None:
        """Go on without the store, but not beyond what the lease allows."""
        self._last.active = False
        self._version = -1
        if time.monotonic() >= self._until:
            self.cut_off = True

    def _read(self) -> None:
        with self._db.read() as tx:
            thread = leases.require_thread(tx, self._grip.thread_id)
            turn = store.require(tx, self._turn.turn_key)
            activity = store.activity(tx, self._grip.thread_no)
            _, answered = store.question(tx, self._grip.thread_no, self._grip.agent)
        orders = Orders()
        orders.active = self._activity >= 0 and activity != self._activity
        self._activity = activity
        orders.waiting = thread.status == "blocked" and not answered
        orders.reported = thread.status in ("done", "failed") and thread.epoch == self._grip.epoch
        if turn.stop_reason is not None:
            orders.stop = f"stopped: {turn.stop_reason}"
        elif not orders.reported:
            self.lost = lost(thread, self._grip)
            orders.stop = self.lost
        self._last = orders

    def _renew(self) -> None:
        began = time.monotonic()
        with self._db.touch() as tx:
            thread = leases.require_thread(tx, self._grip.thread_id)
            mine = None if lost(thread, self._grip) else thread.lease
            if mine is None or not leases.refresh(tx, thread, mine):
                self._version = -1  # Look again: it changed since, or was reported done.
                return
        self._until = began + store_away.patience(self._grip.ttl_ms)
        self._renew_at = time.monotonic() + self._grip.ttl_ms / 1000 / _RENEWALS_PER_LEASE

    def _keep_session(self) -> None:
        """Remember the client's session while it runs: a successor may have to resume it."""
        session = self.reader.session if self.reader is not None else ""
        if session and session != self._session:
            with self._db.write() as tx:
                store.set_session(tx, self._turn.turn_key, session)
            self._session = session


def lost(thread: Thread, held: HeldThread) -> str:
    """Return why the thread is not ours any more, "" while it is."""
    if thread.status == "cancelled":
        return "the thread was cancelled"
    if thread.lease is None and thread.status not in TERMINAL:
        return "the agent gave the thread back"
    if thread.lease is not None and thread.lease.epoch != held.epoch:
        return f"{thread.lease.holder} claimed the thread"
    if thread.epoch != held.epoch:
        return "it was claimed again, and is over"
    return ""
