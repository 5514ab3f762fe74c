"""Slots of a queue: the worktrees in which it tests, each under a lock that its checks inherit.

A slot stays between two runs, with what its builds left in ignored files. They go when everything
of a run is cleaned up and nothing is queued there any more.
"""

import contextlib
import os

from orch import process_identity
from orch.git import repository, slots
from orch.landing import kept_refs, open_queue
from orch.landing.open_queue import OpenQueue
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack

    from orch.store.queues import Queue
    from schema.transaction import Database

_MOST_SLOTS = 64


def take_free(opened: OpenQueue, stack: "ExitStack") -> tuple[str, int]:
    """Return (path, lock's descriptor) of the first slot in which nothing runs.

    Raises: git_error/timeout when all are in use.
    """
    for number in range(_MOST_SLOTS):
        with contextlib.suppress(FileExistsError):  # What else lies there is told by the lock.
            os.makedirs(_lock(opened.folder, number), mode=0o700, exist_ok=True)
        held = _try_lock(opened.folder, number, stack)
        if held is not None:
            return _slot(opened.folder, number), held
    raise Failure("git_error", "timeout", f"all {_MOST_SLOTS} slots in {opened.folder} are in use")


def idle(db: "Database", run_id: str) -> list[OpenQueue]:
    """Return the queues of a run with nothing open and no runner, of those that git can open."""
    with db.read() as tx:
        found = [
            queue
            for queue in queue_rows.all_of(tx, run_id)
            if not entry_rows.open_of_queue(tx, queue.queue_no) and not _is_run(queue)
        ]
    opened = []
    for queue in found:
        with contextlib.suppress(Failure):
            opened.append(open_queue.open_queue(db, queue))
    return opened


def remove_idle(db: "Database", run_id: str) -> int:
    """Remove the slots of a run's queues with nothing open and no runner; return how many.

    What git refuses stays: it is no work of anybody's.
    """
    removed = 0
    for opened in idle(db, run_id):
        with contextlib.suppress(Failure):
            kept_refs.delete_obsolete(db, opened)
            removed += _remove_all(opened)
    return removed


def _is_run(queue: "Queue") -> bool:
    return queue.runner is not None and not process_identity.is_gone(*queue.runner)


def _remove_all(opened: OpenQueue) -> int:
    removed = 0
    for number in range(_MOST_SLOTS):
        if not os.path.isdir(_lock(opened.folder, number)):
            break
        with contextlib.ExitStack() as stack:
            if _try_lock(opened.folder, number, stack) is None:
                continue
            removed += slots.remove_slot(opened.repo, _slot(opened.folder, number))
            os.rmdir(_lock(opened.folder, number))
    with contextlib.suppress(OSError):  # Something else lies there.
        os.rmdir(opened.folder)
        os.rmdir(os.path.dirname(opened.folder))
    return removed


def _lock(folder: str, number: int) -> str:
    return os.path.join(folder, f"slot-{number}.lock")


def _slot(folder: str, number: int) -> str:
    return os.path.join(folder, f"slot-{number}")


def _try_lock(folder: str, number: int, stack: "ExitStack") -> int | None:
    try:
        return stack.enter_context(repository.locked_directory(_lock(folder, number), 0.0))
    except FileNotFoundError:
        return None  # It is being removed.
    except Failure as failure:
        if failure.reason != "timeout":
            raise
        return None
