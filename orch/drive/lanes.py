"""Lanes of a driver: threads for what takes long, each with a connection of its own.

So that nobody waits for trials: checks, reviews, landings and cleanups run beside the passes. A
lane does what its step says by committing; its end rings the driver, which looks again.
"""

import os
import threading
from queue import Empty, SimpleQueue

from schema import open as stores
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from orch.drive.driver_lease import DriverLease
    from schema.transaction import Database

    Job = Callable[[Database], Any]
    Done = Callable[[Any, "Failure | None"], None]


class Lanes:
    """What runs beside the passes of one driver, by what it is about."""

    def __init__(self, db: "Database") -> None:
        self._db = db
        self._running: dict[tuple[object, ...], threading.Thread] = {}
        self._ended: SimpleQueue[tuple[tuple[object, ...], Done, Any, Exception | None]] = (
            SimpleQueue()
        )

    @property
    def topic(self) -> str:
        """What the end of a lane rings."""
        return f"drive={os.getpid()}"

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs, and every end was looked at."""
        return not self._running

    def start(
        self, key: "tuple[object, ...]", lease: "DriverLease", job: "Job", done: "Done"
    ) -> bool:
        """Run a job in a lane, unless one of this key runs; `done` is called by `collect`."""
        if key in self._running:
            return False
        thread = threading.Thread(target=self._run, args=(key, lease, job, done), daemon=True)
        self._running[key] = thread
        thread.start()
        return True

    def collect(self) -> int:
        """Call `done` for every lane that has ended, on this thread; return how many.

        Raises: what a lane met that is no Failure: our bug.
        """
        count = 0
        while True:
            try:
                key, done, result, error = self._ended.get_nowait()
            except Empty:
                return count
            self._running.pop(key).join()
            count += 1
            if error is not None and not isinstance(error, Failure):
                raise error
            done(result, error)

    def join(self, seconds: float) -> bool:
        """Wait for all lanes, at most so long; say whether they have ended."""
        for thread in list(self._running.values()):
            thread.join(seconds)
        self.collect()
        return self.is_idle

    def _run(
        self, key: "tuple[object, ...]", lease: "DriverLease", job: "Job", done: "Done"
    ) -> None:
        result, error = None, None
        try:
            db = stores.another(self._db)
            try:
                with lease.over(db):
                    result = job(db)
            finally:
                db.close()
        except Exception as found:
            error = found
        self._ended.put((key, done, result, error))
        stores.ring(self._db, {self.topic})
