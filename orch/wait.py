"""Waiting in a run: reconcile, look at what is so, look at what happened, sleep."""

import time

from inbox.workflows import wait
from orch import reads
from orch.operations import runs
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.store import due, tasks
from schema import events
from schema.json_text import NULL, Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import Database, ReadTx


def for_event(
    db: "Database",
    run_id: str,
    kinds: tuple[str, ...],
    after: int | None,
    timeout: float,
    tell: "Callable[[str], None]",
) -> tuple[Json | None, int]:
    """Return (what the wait answers or None at its end, the last event looked at).

    Without `after` it wakes at once on what is so already; after that, on the first event of a
    kind. What cannot be looked at does not hold it up; `tell` hears of it. Raises: not_found/run.
    """
    position = [after]
    pace = Pace(waits=True, deadline=time.monotonic() + timeout if timeout > 0 else None)

    def _look() -> Json | None:
        reconcile(db, run_id, tell, pace)
        with db.read() as tx:
            run = runs.require(tx, run_id)
            if position[0] is None:
                now = reads.wanted_now(tx, run, kinds)
                position[0] = events.last_id(tx)
                if now is not None:
                    position[0] = now[0]  # What is so as well, and was told later, comes next.
                    return woken(tx, run_id, *now)
                return None
            found = due.first_of_types(tx, run_id, position[0], array(kinds))
            if found is None:
                position[0] = max(position[0], events.last_id(tx))
                return None
            position[0] = found[0]
            task = tasks.find(tx, run_id, found[1]) if found[1] else None
            return woken(tx, run_id, found[0], task.task_no if task is not None else 0)

    answer = wait.until(db, ["run=" + run_id], _look, timeout)
    return answer, position[0] or 0


def woken(tx: "ReadTx", run_id: str, event_id: int, task_no: int) -> Json:
    """Return what a wait answers for an event: with its task, its attempt and its run."""
    from orch.store import runs as run_rows

    task, attempt = reads.with_attempt(tx, task_no) if task_no else (NULL, NULL)
    return obj(
        woke=True,
        event=events.document(tx, event_id) if event_id else NULL,
        task=task,
        attempt=attempt,
        run=run_rows.document(tx, run_id),
        next_event_id=event_id or events.last_id(tx),
    )
