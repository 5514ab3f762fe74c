"""Is there anything that a run's tasks have not heard yet? Asked by every command of a run.

Kept apart from reconciliation, which only loads when the answer is yes.
"""

from orch.store import attempts, news

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Attempt, Run
    from schema.transaction import ReadTx

LIVENESS = {True: "stale", False: "live"}  # By whether the lease has lapsed.


def is_due(tx: "ReadTx", run: "Run") -> bool:
    """Say whether `absorb` would find anything; takes no write lock."""
    if news.is_any(tx, run.run_id, run.reconciled_through):
        return True
    return any(is_new(attempt, lapsed) for attempt, lapsed in attempts.lapsed(tx, run.run_id))


def is_new(attempt: "Attempt", lapsed: bool) -> bool:
    """Say whether what a lease tells about its worker is not recorded yet."""
    return attempt.liveness not in ("gone", LIVENESS[lapsed])
