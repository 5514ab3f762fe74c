"""Runner lease of a queue, with a fence: who has lost it can change nothing any more.

Every write of a pass goes through `Lease.write`, which compares the fence. What changes something
outside the file happens in `Lease.effects`: under a lock that dies with the process, fence compared
again. A runner that was stopped, taken over and woken up is refused by both.
"""

import os
from contextlib import contextmanager

from orch import process_identity
from orch.git import repository
from orch.store import queues as store
from orch.store import trials
from orch.store.queues import Queue
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Database, Tx

LEASE_MS = 60_000
_LOCK_SECONDS = 30.0


class RunnerLease:
    """The right to run one queue."""

    __slots__ = ("db", "fence", "folder", "queue_no")

    def __init__(self, db: "Database", queue_no: int, fence: int, folder: str) -> None:
        self.db = db
        self.queue_no = queue_no
        self.fence = fence
        self.folder = folder

    @contextmanager
    def write(self) -> "Iterator[Tx]":
        """Begin an atomic change as the runner. Raises: lease_conflict/superseded."""
        with self.db.write() as tx:
            self.require(tx)
            store.renew(tx, self.queue_no, self.fence, tx.now.wall_ms + LEASE_MS)
            yield tx

    def require(self, tx: "Tx") -> None:
        """Raise lease_conflict/superseded when another runner took over."""
        queue = store.get(tx, self.queue_no)
        if queue.fence != self.fence:
            raise Failure(
                "lease_conflict",
                "superseded",
                f"another runner (pid {queue.runner_pid}) took over the queue of {queue.branch}",
                hint="stop: it continues there",
            )

    def renew(self) -> None:
        """Show that the runner is there, during long checks. Raises: lease_conflict/superseded."""
        with self.write():
            pass

    @contextmanager
    def effects(self) -> "Iterator[None]":
        """Hold the lock of what lies outside the file. Raises: lease_conflict, git_error."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        with repository.locked_directory(self.folder, _LOCK_SECONDS):
            self.renew()
            yield

    def leave(self) -> None:
        """Let the next runner begin at once."""
        with self.db.write() as tx:
            store.leave(tx, self.queue_no, self.fence)


def take(db: "Database", queue: Queue, folder: str, *, steal: bool) -> RunnerLease:
    """Become the runner of a queue.

    Taken over from a runner whose process is gone; with `steal` also from one that has not shown
    itself for a minute. Raises: lease_conflict/held naming who has it.
    """
    with db.write() as tx:
        found = store.get(tx, queue.queue_no)
        _refuse_running(found, tx.now.wall_ms, steal=steal)
        process = process_identity.mine()
        fence = store.take(tx, queue.queue_no, process, tx.now.wall_ms + LEASE_MS)
        trials.interrupt(tx, queue.queue_no, fence)
    crash_points.reach("queue.taken")
    return RunnerLease(db, queue.queue_no, fence, folder)


def _refuse_running(queue: Queue, now: int, *, steal: bool) -> None:
    """Raise lease_conflict/held while the runner may still be there."""
    if queue.runner is None or process_identity.is_gone(*queue.runner):
        return
    silent = now - (queue.runner_until or 0)
    if steal and silent > 0:
        return
    since = (now - queue.updated_at) // 1000
    hint = (
        f"it has not shown itself for {(silent + LEASE_MS) // 1000} s: if it is stuck, add --steal"
        if silent > 0
        else "wait for it; --steal takes over only from one that has been silent for a minute"
    )
    raise Failure(
        "lease_conflict",
        "held",
        f"the queue of {queue.branch} is run by process {queue.runner_pid}, for {since} s",
        hint=hint,
        details={"pid": queue.runner_pid, "seconds": since, "target": queue.branch},
    )
