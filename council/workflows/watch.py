"""Waiting for the reviewers: until all have ended, and their votes are in, or a deadline passes."""

import time

from council import reads
from council.operations import councils
from council.workflows import cross
from inbox.workflows import wait
from orch.pace import Pace
from orch.reconcile import reconcile
from schema import events
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


class Waited(Value):
    """What a wait found: who was asked, whether all ended, whether its deadline is over.

    `voters` are those of round two, once it has begun.
    """

    reviewers: list[reads.Reviewer] = own(factory=list)
    voters: list[reads.Reviewer] = own(factory=list)
    all_complete: bool = False
    expired: bool = False
    position: int = 0

    def missing(self) -> list[reads.Reviewer]:
        """Return who is still waited for."""
        return [one for one in (*self.reviewers, *self.voters) if not one.has_ended]


def for_all(db: "Database", run_id: str, timeout: float) -> Waited:
    """Return once every reviewer is done, failed or cancelled, or time is over.

    With two rounds, round two is begun when round one has ended, and waited for as well. `timeout`
    0 waits for ever; the council's deadline ends the wait of each round all the same, and nothing
    else. Raises: not_found (run, council).
    """
    end = time.monotonic() + timeout if timeout else None
    while True:
        left = max(0.001, end - time.monotonic()) if end is not None else 0
        found = _for_round(db, run_id, left)
        if not found.expired or not cross.advance(db, run_id):
            return found


def _for_round(db: "Database", run_id: str, timeout: float) -> Waited:
    found = Waited()
    with db.read() as tx:
        councils.require(tx, run_id)
        deadline = reads.deadline(tx, run_id)
        left = None if deadline is None else (deadline - tx.now.wall_ms) / 1000
    if left is not None and (timeout == 0 or left <= timeout):
        found.expired = True  # Unless all are there: it is the deadline that this wait meets.
        timeout = max(left, 0.001)

    pace = Pace(waits=True, deadline=time.monotonic() + timeout if timeout > 0 else None)

    def _look() -> bool | None:
        reconcile(db, run_id, pace=pace)
        cross.advance(db, run_id)
        with db.read() as tx:
            found.reviewers = reads.reviewers(tx, run_id)
            found.voters = reads.voters(tx, run_id)
            found.position = events.last_id(tx)
        return None if found.missing() else True

    found.all_complete = wait.until(db, ["run=" + run_id], _look, timeout) is not None
    found.expired = found.expired and not found.all_complete
    return found
