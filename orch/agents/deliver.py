"""Delivery of a turn to the remote, where other machines share the repository.

Its commits to the attempt's branch, what it left uncommitted to a ref of the lease's own. Work is
done only once the remote has it; else the thread is given back and its worktree stays as it is.
During a long turn what was committed so far goes there now and then, beside its watcher.
"""

import contextlib
import threading
import time

from orch import config_in_force
from orch.config.model import Config
from orch.fleet import mirrors
from orch.git import repository
from orch.operations.work import HeldThread
from orch.worktrees import delivered
from schema import open as stores
from schema.failures import Failure
from schema.signals import heed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orch.harness.log import Log
    from schema.transaction import Database

WAIT_MS = 60_000  # Before somebody tries again what the remote did not take.
_PAUSES = (1.0, 4.0, 0.0)


def at_end(db: "Database", held: HeldThread, salvage: str, log: "Log", *, is_done: bool) -> str:
    """Push what a turn made; return why the remote does not have its commits, "" where it has."""
    attempt = held.attempt
    if attempt is None or not attempt.branch_name or not attempt.repo_id:
        return ""
    if attempt.machine_id != db.machine:
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


@contextlib.contextmanager
def meanwhile(db: "Database", held: HeldThread, log: "Log") -> "Iterator[None]":
    """Push what a turn has committed so far, now and then while the body watches it.

    What the remote or the store refuses is tried again the next time, or at the turn's end.
    """
    attempt = held.attempt
    if attempt is None or not attempt.branch_name or not attempt.repo_id:
        yield
        return
    is_over, said = threading.Event(), [""]
    beside = threading.Thread(target=_push_on, args=(db, held, is_over, said), daemon=True)
    beside.start()
    try:
        yield
    finally:
        is_over.set()
        beside.join()
        if said[0]:
            log.note(said[0])


def _push_on(
    db: "Database", held: HeldThread, is_over: threading.Event, said: list[str]
) -> None:  # fmt: skip
    """Look for new commits until it is over, on connections of its own."""
    attempt, run = held.attempt, held.run
    assert attempt is not None
    assert run is not None
    seconds = -1.0
    while seconds < 0 or not is_over.wait(seconds):
        try:
            with contextlib.closing(stores.another(db)) as own:
                if seconds < 0:
                    seconds = config_in_force.at(own, run, attempt.repo_path).push_every
                    if not seconds:
                        return
                    continue
                head = delivered.push_meanwhile(own, attempt, held.epoch)
        except Failure as failure:
            said[0] = f"while it worked: {failure.message}"
            seconds = seconds if seconds > 0 else Config().push_every
        else:
            if head:
                said[0] = f"pushed {head[:12]} to {attempt.branch_name} while it worked"


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
