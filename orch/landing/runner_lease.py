"""Runner lease of a queue: who has lost it can change nothing any more.

Every write of a pass goes through `Lease.write`, which compares the fence. What changes something
outside the file happens in `Lease.effects`: under a lock that dies with the process, fence compared
again. A runner that was stopped, taken over and woken up is refused by both.
"""

import os
from contextlib import contextmanager

from orch import process_identity
from orch.fenced_lease import LEASE_MS, FencedLease, LeaseRow, refuse_held
from orch.fleet import here
from orch.git import repository
from orch.store import queues as store
from orch.store import trials
from orch.store.queues import Queue
from schema import crash_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Database, ReadTx, Tx

_LOCK_SECONDS = 30.0


class RunnerLease(FencedLease):
    """The right to run one queue."""

    __slots__ = ("folder", "queue_no")

    def __init__(self, db: "Database", queue: Queue, fence: int, folder: str) -> None:
        super().__init__(db, fence, f"the queue of {queue.branch}")
        self.queue_no = queue.queue_no
        self.folder = folder

    def row(self, tx: "ReadTx") -> LeaseRow:
        """Return what the file says of it now."""
        return _row(store.get(tx, self.queue_no))

    def prolong(self, tx: "Tx", until: int) -> bool:
        """Write down until when it shows itself again; False when another took over."""
        return store.renew(tx, self.queue_no, self.fence, until)

    def forget(self, tx: "Tx") -> None:
        """Write down that nobody runs the queue, if this process still does."""
        store.leave(tx, self.queue_no, self.fence)

    @contextmanager
    def effects(self) -> "Iterator[None]":
        """Hold the lock of what lies outside the file. Raises: lease_conflict, git_error."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        with repository.locked_directory(self.folder, _LOCK_SECONDS):
            self.renew()
            yield


def take(db: "Database", queue: Queue, folder: str, *, steal: bool) -> RunnerLease:
    """Become the runner of a queue.

    Taken over from a runner whose process is gone; with `steal` also from one that has not shown
    itself for a minute. Raises: lease_conflict/held naming who has it.
    """
    if queue.repo_id:
        here.appear(db, at_once=True)  # Whether who had it is gone.
    with db.write() as tx:
        found = store.get(tx, queue.queue_no)
        what = f"the queue of {queue.branch} is run"
        refuse_held(
            _row(found), tx.now.wall_ms, what, steal=steal, details={"target": queue.branch}
        )
        process = process_identity.mine(tx.machine)
        fence = store.take(tx, queue.queue_no, process, tx.now.wall_ms + LEASE_MS)
        trials.interrupt(tx, queue.queue_no, fence)
    crash_points.reach("queue.taken")
    return RunnerLease(db, queue, fence, folder)


def is_run(queue: Queue) -> bool:
    """Say whether a living process runs a queue."""
    return not _row(queue).is_free


def _row(queue: Queue) -> LeaseRow:
    return LeaseRow(queue.fence, queue.runner, queue.updated_at, queue.runner_until)
