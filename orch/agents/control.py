"""orch stop and orch continue: what a leader does about a worker.

Stop: the runner ends its worker, or this process does where the runner is gone. Continue: the
worker goes on with a word more: in its session where the attempt is open, else as a new attempt
on top of the old one's commits.
"""

from inbox import model as bus
from inbox.operations import leases, threads
from inbox.workflows import wait
from orch import process_identity
from orch.agents import lost_machine, recovery
from orch.model import Attempt, Run, Task
from orch.operations import attempts, runs
from orch.steps import task as steps
from orch.steps.model import say
from orch.store import turns as store
from orch.store.turns import Turn
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, ReadTx, Tx

_MARGIN_SECONDS = 30.0


def running_turn(tx: "ReadTx", task: Task) -> Turn:
    """Return the task's running turn. Raises: invalid_state/transition when none is."""
    attempt = attempts.require_active(tx, task)
    turn = store.latest(tx, attempt.thread_no)
    if turn is None or turn.outcome is not None:
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}, but no program of orch work is at work on it",
            hint="cancel the task",
            next=[say("cancel", run=task.run_id, task=task.task_id)],
        )
    return turn


def ask_to_stop(tx: "Tx", task: Task, reason: str) -> Turn:
    """Ask the program that works on a task to end; return its turn.

    Raises: invalid_state/transition without one or in a closed run.
    """
    runs.require_open(tx, task.run_id)
    turn = running_turn(tx, task)
    store.ask_stop(tx, turn, reason)
    return turn


def ended(db: "Database", turn: Turn, name: str, reason: str) -> Turn:
    """Return the turn of task `name` once its program has ended: asked first, then killed.

    The task fails (retryable), so that nobody takes it up again by itself.
    Raises: no_matching_work/timeout, store_busy.
    """
    patience = recovery.harness_of(db, turn, None).table.grace + _MARGIN_SECONDS

    def _look() -> Turn | None:
        with db.read() as tx:
            now = store.require(tx, turn.turn_key)
        if now.outcome is None and process_identity.is_gone(*now.runner) is True:
            if process_identity.is_of_here(now.runner[2]):
                now = recovery.end_now(db, now)
            else:
                now = lost_machine.end_there(db, now, reason)
        return now if now.outcome is not None else None

    found = wait.until(db, ["thread=" + turn.thread_id], _look, patience, lambda: 0.2)
    if found is None:
        raise Failure(
            "no_matching_work",
            "timeout",
            f"the runner (pid {turn.runner[0]}) has not ended {name} within {patience:g} s",
            hint="it was asked; look again",
            next=[say("task show", name)],
        )
    return found


def speak(tx: "Tx", run: Run, task: Task, text: str) -> "bus.Change | None":
    """Put a leader's word into an open attempt; None when it is over.

    Raises: invalid_state/transition while its program runs, or before any turn.
    """
    attempt = attempts.latest(tx, task)
    if attempt is None:
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} was never dispatched: there is nothing to continue",
            next=[steps.dispatch(task.name, task.execution_mode, task.default_to)],
        )
    thread = leases.require_thread(tx, attempt.thread_id)
    if thread.status in bus.TERMINAL:
        return None
    turn = store.latest(tx, attempt.thread_no)
    if turn is not None and turn.outcome is None:
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is being worked on right now by {turn.agent}",
            hint="wait for it, or stop it first",
            next=[say("stop", f"{task.run_id}/{task.task_id}")],
        )
    draft = bus.draft(None, text, obj(told_by="orch continue"), ())
    return threads.append(
        tx, thread, sender=run.leader, to=thread.assigned_to, kind="answer", draft=draft
    )


def base_of(attempt: Attempt) -> str | None:
    """Return where an attempt that goes on from this one starts: the old branch, else as usual."""
    return attempt.branch_name or None
