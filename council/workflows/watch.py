"""Waiting for the three reviewers: until all have ended, or a deadline passes."""

from council import reads
from council.operations import councils
from inbox.workflows import wait
from orch.reconcile import reconcile
from schema import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


class Waited:
    """What a wait found: the reviewers, whether all ended, whether its deadline is over."""

    __slots__ = ("all_complete", "expired", "position", "reviewers")

    def __init__(self) -> None:
        self.reviewers: list[reads.Reviewer] = []
        self.all_complete = False
        self.expired = False
        self.position = 0


def for_all(db: "Database", run_id: str, timeout: float) -> Waited:
    """Return once every reviewer is done, failed or cancelled, or time is over.

    `timeout` 0 waits for ever; the council's deadline ends the wait all the same, and nothing
    else. Raises: not_found (run, council).
    """
    found = Waited()
    with db.read() as tx:
        deadline = councils.require(tx, run_id).deadline_at
        left = None if deadline is None else (deadline - tx.now.wall_ms) / 1000
    if left is not None and (timeout == 0 or left <= timeout):
        found.expired = True  # Unless all are there: it is the deadline that this wait meets.
        timeout = max(left, 0.001)

    def _look() -> bool | None:
        reconcile(db, run_id)
        with db.read() as tx:
            found.reviewers = reads.reviewers(tx, run_id)
            found.position = events.last_id(tx)
        return True if all(one.has_ended for one in found.reviewers) else None

    found.all_complete = wait.until(db, ["run=" + run_id], _look, timeout) is not None
    found.expired = found.expired and not found.all_complete
    return found
