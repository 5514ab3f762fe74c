"""Waiting on a store for several machines: one listener a machine, and the FIFOs of the file.

A writer rings the FIFOs of its own machine, and tells other machines by NOTIFY after its COMMIT
where a row of `waiter` says that somebody waits there. On each machine the first waiter holds the
relay's lock, listens for all of them, and rings their FIFOs (schema/wakeup.py); when it dies the
kernel frees the lock and the next waiter takes it at its next look. As on the file, a ring is a
hint: a lost one costs latency and never an event.
"""

import fcntl
import os
import time
from typing import cast

from schema.pg import wire
from schema.pg.errors import failure_of
from schema.wakeup import Waiter, ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.pg.database import PgDatabase
    from schema.transaction import Database

LOOK_MS = 2_000
_EXPECTED_MS, _RENEW_SECONDS = 60_000, 20.0


class PgWaiter(Waiter):
    """A place to sleep until one of the topics is rung, on this machine or another."""

    __slots__ = ("_db", "_due", "_listening", "_lock", "_place", "_socket")

    def __init__(self, db: "PgDatabase", topics: list[str]) -> None:
        super().__init__(db.place, topics)
        self._db = db
        self._place = db.place
        self._due = 0.0
        self._lock = self._socket = -1
        self._listening: wire.Connection | None = None

    def __enter__(self) -> "PgWaiter":
        self._expect()
        super().__enter__()
        try:
            self._relay()
        except BaseException:
            self.__exit__()  # A signal that came meanwhile leaves no FIFO behind.
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        super().__exit__()

    def sleep(self, limit_ms: float) -> bool:
        """Sleep until rung, LOOK_MS or `limit_ms`; say whether it was a ring."""
        self._expect()
        self._relay()
        end = time.monotonic() + min(limit_ms, LOOK_MS) / 1000
        if self._poll is None:
            time.sleep(max(0.001, min(end - time.monotonic(), 0.1)))
            return False
        while True:
            woken = {fd for fd, _ in self._poll.poll(max(0.0, 1000 * (end - time.monotonic())))}
            if self._socket in woken:
                self._pass_on()
            if self._was_rung():
                return True
            if time.monotonic() >= end:
                return False

    def _was_rung(self) -> bool:
        try:
            return bool(os.read(self._fd, 4096))  # However many rings: one look answers them all.
        except BlockingIOError:
            return False

    def _expect(self) -> None:
        """Say in the store that somebody waits here, and go on saying it."""
        if time.monotonic() >= self._due:
            self._db.expect(self._topics, _EXPECTED_MS)
            self._due = time.monotonic() + _RENEW_SECONDS

    def _relay(self) -> None:
        """Listen for this machine, unless somebody does."""
        if self._listening is not None or self._poll is None:
            return
        if self._lock < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._lock = os.open(self._place + ".relay", flags, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        try:
            self._listening = wire.connect(self._db.where.parameters)
            wire.run(self._listening, f'LISTEN "{self._db.channel}"')
            self._socket = self._listening.fileno()
            self._poll.register(self._socket, 1)  # POLLIN
        except wire.Error:
            self._leave()  # The look says what is wrong with the server.

    def _pass_on(self) -> None:
        assert self._listening is not None
        try:
            told = wire.notifies(self._listening)
        except wire.Error:
            self._leave()
            return
        topics = {topic for notice in told for topic in notice.split(" ")}
        if topics:
            ring(self._place, topics)

    def _leave(self) -> None:
        """Let another waiter listen."""
        if self._poll is not None and self._socket >= 0:
            self._poll.unregister(self._socket)
            self._socket = -1
        if self._listening is not None:
            wire.close(self._listening)
            self._listening = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def waiter_of(db: "Database", topics: list[str]) -> PgWaiter:
    """Return a place to sleep until one of the topics is rung on a store of a server."""
    return PgWaiter(cast("PgDatabase", db), topics)


def awaited(db: "Database") -> list[str]:
    """Return what somebody waits for now, on whichever machine of a store on a server."""
    return [str(row[0]) for row in cast("PgDatabase", db).ask("awaited")]


def show_machine(db: "Database", boot: str, session: str, ms: int) -> bool:
    """Say in the store that this machine is there for so long; False where its row says otherwise.

    Raises: store_error.
    """
    try:
        given = {"machine": db.machine, "boot": boot, "session": session, "ms": ms}
        return bool(cast("PgDatabase", db).ask("show_machine", **given))
    except wire.Error as error:
        raise failure_of(error) from error
