"""Delivery at a turn's end to the remote, where other machines share the repository.

Its commits to the attempt's branch, what it left uncommitted to a ref of the lease's own. Work is
done only once the remote has it; else the thread is given back and its worktree stays as it is.
"""

import time

from orch.fleet import mirrors
from orch.git import repository
from orch.operations.work import HeldThread
from orch.worktrees import delivered
from schema import clock
from schema.failures import Failure
from schema.signals import heed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.harness.log import Log
    from schema.transaction import Database

WAIT_MS = 60_000  # Before somebody tries again what the remote did not take.
_PAUSES = (1.0, 4.0, 0.0)


def at_end(db: "Database", held: HeldThread, salvage: str, log: "Log", *, is_done: bool) -> str:
    """Push what a turn made; return why the remote does not have its commits, "" where it has."""
    attempt = held.attempt
    if attempt is None or not attempt.branch_name or not attempt.repo_id:
        return ""
    if attempt.machine_id != clock.machine:
        return ""
    if salvage:
        _push_salvage(db, held, salvage, log)
    why = ""
    for pause in _PAUSES if is_done else (0.0,):
        heed()
        try:
            head = delivered.push(db, attempt, held.epoch)
        except Failure as failure:
            if failure.code not in ("invalid_state", "lease_conflict", "git_error", "not_found"):
                raise
            why = failure.message
            log.note(why)
            if failure.code == "lease_conflict":
                break
            time.sleep(pause)
        else:
            log.note(f"pushed {head[:12]} to {attempt.branch_name}")
            return ""
    return why


def _push_salvage(db: "Database", held: HeldThread, salvage: str, log: "Log") -> None:
    """Push what was left uncommitted, under a name that no other lease uses."""
    attempt = held.attempt
    assert attempt is not None
    checkout = mirrors.need(db, attempt.repo_id)
    try:
        repo = repository.open_repository(checkout.path)
        delivered.push_salvage(repo, checkout.remote, salvage, held.epoch)
    except Failure as failure:
        if failure.code not in ("git_error", "not_found"):
            raise
        log.note(f"what was left uncommitted stays on this machine: {failure.message}")
