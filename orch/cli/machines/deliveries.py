"""push: what inbox done does by itself, for whoever is asked to do it by hand."""

import os

from inbox.operations import leases
from orch import process_identity
from orch.cli import task_names
from orch.operations import attempts
from orch.steps.model import say
from orch.store import attempts as attempt_rows
from orch.store import tasks as task_rows
from orch.worktrees import delivered
from schema import ids
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Attempt, Task
    from schema.transaction import ReadTx


def push(call: "Call", *, run: str | None, task: str | None, task_name: str | None) -> None:
    """Bring a task's commits to its remote."""
    with call.db.read() as tx:
        subject, attempt = _chosen(tx, run, task, task_name)
        _require_here(subject, attempt)
        epoch = leases.require_thread(tx, attempt.thread_id).epoch
    token = os.environ.get("INBOX_LEASE", "")
    if token and os.environ.get("INBOX_THREAD") == attempt.thread_id:
        epoch = ids.token_epoch(token)  # Of a turn that lost its thread: then it is refused.
    head = delivered.push(call.db, attempt, epoch)
    call.say(
        obj(
            run_id=subject.run_id,
            task_id=subject.task_id,
            attempt_no=attempt.attempt_no,
            branch_name=attempt.branch_name,
            head_commit=head,
        )
    )


def _chosen(
    tx: "ReadTx", run: str | None, task: str | None, name: str | None
) -> "tuple[Task, Attempt]":
    thread = os.environ.get("INBOX_THREAD")
    if task is None and name is None and thread:
        mine = attempt_rows.of_thread(tx, leases.require_thread(tx, thread).thread_no)
        if mine is not None:
            return task_rows.by_no(tx, mine.task_no), mine
    _, subject = task_names.require_task(tx, run, task, name)
    return subject, attempts.require_active(tx, subject)


def _require_here(task: "Task", attempt: "Attempt") -> None:
    if not attempt.repo_id:
        raise Failure(
            "invalid_state", "unsupported", f"{task.name} is worked on by one machine only",
            hint="its work needs no remote: report it", next=[say("task show", task.name)],
        )  # fmt: skip
    if not process_identity.is_this(attempt.machine_id):
        where = "on another machine" if attempt.machine_id else "nowhere yet"
        raise Failure(
            "invalid_state", "unsupported", f"{task.name} has its worktree {where}",
            hint="push it from where it is worked on", next=[say("machine list")],
        )  # fmt: skip
