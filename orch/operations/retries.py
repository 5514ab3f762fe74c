"""Attempts that are begun by themselves: why the one before ended, and how many more there may be.

Asked like budgets, in the transaction that begins an attempt: whatever a driver planned, the
numbers of the task, of the class and of the run hold (I20), and what a person stopped, rejected or
called off is not begun (I21).
"""

from orch.config.drive_policy import RetryPolicy
from orch.model import Attempt, Run, Task
from orch.operations import scheduling
from orch.store import attempts as store
from orch.store import tasks as task_rows
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_WORDS = {
    "people": "a person decides whether it is begun again",
    "class": "it was tried again for that reason as often as it may be",
    "task": "its attempts are spent",
    "run": "the run's automatic retries are spent",
}


class Automatic(Value):
    """An attempt that a driver begins by itself.

    `cause` is the class of end that it answers, "" for a first one; `numbers` are the run's, and
    `overtakes` how often a task may be passed by.
    """

    cause: str
    numbers: RetryPolicy
    overtakes: int


def refuse_automatic(tx: "ReadTx", run: Run, task: Task, wanted: Automatic) -> None:
    """Raise invalid_state/not_ready when an attempt may not be begun by itself (any more)."""
    if not wanted.cause:
        return
    ended = store.end_class(tx, task.task_no)
    if task.status == "failed" and ended != wanted.cause:
        raise scheduling.not_ready(tx, task, f"it ended otherwise meanwhile: {ended or 'failed'}")
    tried, of_run = store.begun_for(tx, run.run_id, task.task_no, wanted.cause)
    limit = wanted.numbers.limit(
        wanted.cause, tried=tried, spent=store.worked(tx, task.task_no), most=task.max_attempts,
        of_run=of_run,
    )  # fmt: skip
    if limit:
        raise scheduling.not_ready(tx, task, _WORDS[limit])


def note_begun(tx: "Tx", task: Task, attempt_no: int, wanted: Automatic) -> None:
    """Count an attempt that was begun by itself; a first one may have passed by others (I26)."""
    if wanted.cause:
        store.set_begun_for(tx, task.task_no, attempt_no, wanted.cause)
    else:
        task_rows.count_overtaken(tx, task.run_id, task.task_no, wanted.overtakes)


def class_of_failure(tx: "ReadTx", attempt: Attempt) -> str:
    """Return the class of an attempt whose thread failed: by its last turn, else by its report."""
    from orch.harness.outcome import LOGGED_OUT

    return store.failure_class(tx, attempt.attempt_key, LOGGED_OUT)
