"""Driver's lease of a run: one driver at a time; who has lost it changes nothing more (I19).

Whatever a driver calls writes by the guard of its own Database, so dispatches, checks, landings and
all else it does are refused with it once another process drives the run.
"""

from contextlib import contextmanager

from orch import process_identity
from orch.fenced_lease import LEASE_MS, FencedLease, LeaseRow, refuse_held
from orch.fleet import here
from orch.operations import driving, runs
from orch.steps import run as run_steps
from orch.store import drives as store
from schema import crash_points
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Database, ReadTx, Tx

_RENEW_MS = LEASE_MS // 2


class DriverLease(FencedLease):
    """The right to drive one run."""

    __slots__ = ("run_id",)

    def __init__(self, db: "Database", run_id: str, fence: int) -> None:
        super().__init__(db, fence, f"run {run_id}")
        self.run_id = run_id

    def row(self, tx: "ReadTx") -> LeaseRow:
        """Return what the file says of it now."""
        return _row(store.find(tx, self.run_id))

    def prolong(self, tx: "Tx", until: int) -> bool:
        """Write down until when it shows itself again; False when another took over."""
        return store.renew(tx, self.run_id, self.fence, until)

    def forget(self, tx: "Tx") -> None:
        """Write down that nobody drives the run, if this process still does."""
        store.leave(tx, self.run_id, self.fence)

    def guard(self, tx: "Tx") -> None:
        """Refuse a change of who was taken over. Raises: lease_conflict/superseded."""
        fence, _, until = store.fence(tx, self.run_id)
        if fence != self.fence:
            self.require(tx)
        if until - tx.now.wall_ms < _RENEW_MS:
            self.prolong(tx, tx.now.wall_ms + LEASE_MS)

    @contextmanager
    def over(self, db: "Database") -> "Iterator[Database]":
        """Let every change on a connection be one of this driver."""
        before, db.guard = db.guard, self.guard
        try:
            yield db
        finally:
            db.guard = before


def take(db: "Database", run_id: str, *, steal: bool, until: str) -> DriverLease:
    """Become the driver of a run.

    Raises: lease_conflict/held naming who has it, not_found/run, invalid_state/closed.
    """
    here.appear(db, at_once=True)  # Whether who had it is gone.
    with db.write() as tx:
        run = runs.require_open(tx, run_id)
        found = store.open_one(tx, run_id)
        what = f"run {run_id} is driven"
        refuse_held(
            _row(found), tx.now.wall_ms, what, steal=steal, details={"run_id": run_id},
            wait=(run_steps.wait(run_id),),
        )  # fmt: skip
        lease_until = tx.now.wall_ms + LEASE_MS
        fence = store.take(tx, run_id, process_identity.mine(tx.machine), lease_until, until)
        payload = obj(fence=fence, until=until, pid=process_identity.mine()[0])
        driving.tell(tx, run.run_id, "drive_begun", f"driven until {until}", payload)
    crash_points.reach("drive.taken")
    return DriverLease(db, run_id, fence)


def _row(found: "store.Drive | None") -> LeaseRow:
    if found is None:
        return LeaseRow(0, None, 0, None)
    return LeaseRow(found.fence, found.runner, found.taken_at, found.runner_until)
