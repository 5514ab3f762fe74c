"""Absence of a store on a server: workers hold out while it cannot be reached, and go on.

A turn goes on until shortly before its lease ends: by then others may take its thread, so its agent
is stopped and what it did is kept on this machine (turn_result.py).
"""

import time

from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.agents.turn_monitor import Stop
    from schema.transaction import Database

MARGIN_SECONDS = 30.0  # Before its lease ends an agent is stopped; a third of a short lease.
_PAUSE_SECONDS = 1.0


def is_away(db: "Database", failure: Failure) -> bool:
    """Say whether a failure means that the server of a store is not there for now."""
    return not db.is_file and failure.code == "store_error" and failure.reason == "io"


def wait_for(db: "Database", stop: "Stop") -> None:
    """Wait until the store answers. Raises: what it refuses, once a stop is asked."""
    while True:
        try:
            with db.read():
                return
        except Failure as failure:
            if not is_away(db, failure) or stop.level > 0:
                raise
        time.sleep(_PAUSE_SECONDS)


def patience(ttl_ms: int) -> float:
    """Return for how many seconds after a renewal an agent may work on without another."""
    seconds = ttl_ms / 1000
    return seconds - min(MARGIN_SECONDS, seconds / 3)
