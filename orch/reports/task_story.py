"""All that is known of one task: what was asked for, each attempt, its words and its changes."""

from orch import reads
from orch.operations import checks, runs, scheduling, tasks
from orch.store import attempts as attempt_rows
from orch.store import requests as request_rows
from schema.json_text import NULL, Json, array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Attempt
    from schema.transaction import Database, ReadTx

_UNSEEN: dict[str, object] = {"changed_files": NULL, "left_behind": NULL, "mending": NULL}


def gather(db: "Database", run_id: str, task_id: str) -> Json:
    """Return the task with its attempts, oldest first. Raises: not_found (run, task).

    What git cannot tell any more is null; the rest is told all the same.
    """
    with db.read() as tx:
        attempts = attempt_rows.of_task(tx, tasks.require(tx, run_id, task_id).task_no)
    name = f"{run_id}/{task_id}"
    seen = _UNSEEN
    if attempts and attempts[-1].branch_name:
        from orch.reports import task_in_git  # 25 ms, and its processes.

        seen = task_in_git.seen(name, attempts[-1])
    with db.read() as tx:
        run, task = runs.require(tx, run_id), tasks.require(tx, run_id, task_id)
        found = reads.one(tx, task.task_no)
        is_ready = task.status == "ready"
        document = merge(
            found.task,
            request_id=request_rows.of_task(tx, task.task_no),
            gate=checks.gate(tx, task),
            integration=found.integration,
            waits_for=scheduling.hindrance(tx, run, task) if is_ready else None,
        )
        newest = attempts[-1].attempt_no if attempts else 0
        told = [
            _attempt(tx, one, seen if one.attempt_no == newest else _UNSEEN)
            for one in attempt_rows.of_task(tx, task.task_no)
        ]
        return obj(task=document, attempts=array(told))


def _attempt(tx: "ReadTx", attempt: "Attempt", seen: "dict[str, object]") -> Json:
    """Return an attempt with the result and the last words of its thread."""
    result, last = reads.words(tx, attempt.thread_no)
    document = attempt_rows.document(tx, attempt.task_no, attempt.attempt_no)
    return merge(document, result=result, last_message=last, **seen)
