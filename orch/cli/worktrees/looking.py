"""diff, open: what an attempt changed, and where it works."""

import os

from orch.cli import task_names
from orch.git import merges, names, refs
from orch.model import WORKED, Attempt, Task
from orch.operations import attempts, tasks
from orch.steps.model import git, say
from orch.store import attempts as attempt_rows
from orch.store import tasks as task_rows
from orch.store import turns
from orch.worktrees import inspect
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import loads, obj
from schema.steps import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call
    from schema.transaction import ReadTx

_MOST_BYTES = 4 << 20
_MOST_FILES = 1000


def diff(
    call: "Call", *, name: str | None, run: str | None, attempt: int | None, stat: bool
) -> None:
    """Show what a task's attempt changed, or what each task of a run did."""
    from orch.reconcile import reconcile

    with call.db.read() as tx:
        run_id, task_id = task_names.run_or_task(tx, run, name)
    reconcile(call.db, run_id, call.note)
    with call.db.read() as tx:
        meant = _meant(tx, run_id, task_id, attempt)
    found = [_difference(task, one, stat=stat) for task, one in meant]
    call.say(obj(run_id=run_id, task_id=task_id, stat=stat, diffs=found))


def _meant(
    tx: "ReadTx", run_id: str, task_id: str | None, attempt_no: int | None
) -> list[tuple[Task, Attempt]]:
    """Return the code attempts whose changes are asked for. Raises: invalid_state, not_found."""
    if task_id is None:
        newest = [(t, attempts.latest(tx, t)) for t in task_rows.of_run(tx, run_id)]
        found = [(t, one) for t, one in newest if one is not None and one.branch_name]
        if found:
            return found
        raise Failure(
            "no_matching_work",
            "empty",
            f"no task of run {run_id} has a branch yet",
            next=[say("status", run=run_id)],
        )
    task = tasks.require(tx, run_id, task_id)
    one = (
        attempts.latest(tx, task) if attempt_no is None else attempts.require(tx, task, attempt_no)
    )
    if one is None or not one.branch_name:
        why = "was not dispatched yet" if one is None else "is not code: it has no branch"
        raise Failure(
            "invalid_state",
            "not_ready" if one is None else "unsupported",
            f"task {task.name} {why}",
            next=[say("task show", task.name)],
        )
    return [(task, one)]


def _difference(task: Task, attempt: Attempt, *, stat: bool) -> "dict[str, object]":
    """Return what lies between an attempt's base and its head, or where its branch is now."""
    repo = inspect.open_of(attempt)
    branch = refs.read_ref(repo, "refs/heads/" + attempt.branch_name)
    is_at_work = attempt.status in WORKED
    head = (branch if is_at_work else "") or attempt.head_commit or branch or attempt.base_commit
    counts = merges.line_counts(repo, attempt.base_commit, head)
    text, is_cut = "", False
    if not stat:
        text, is_cut = merges.diff_text(repo, attempt.base_commit, head, limit=_MOST_BYTES)
    return {
        "run_id": task.run_id,
        "task_id": task.task_id,
        "attempt_no": attempt.attempt_no,
        "branch_name": attempt.branch_name,
        "base_commit": attempt.base_commit,
        "head_commit": head,
        "added": sum(n for _, n, _ in counts if n > 0),
        "removed": sum(n for _, _, n in counts if n > 0),
        "files": [
            {"path": names.display(path), "added": max(0, more), "removed": max(0, less)}
            for path, more, less in counts[:_MOST_FILES]
        ],
        "dirty_files": attempt.dirty_files,
        "text": text,
        "truncated": is_cut or len(counts) > _MOST_FILES,
    }


def open_place(
    call: "Call", *, run: str | None, task: str | None, task_name: str | None, attempt: int | None
) -> None:
    """Say where a task's attempt works and how its client goes on there; $ORCH_OPEN opens it."""
    with call.db.read() as tx:
        _, subject = task_names.require_task(tx, run, task, task_name)
        one = (
            attempts.latest(tx, subject)
            if attempt is None
            else attempts.require(tx, subject, attempt)
        )
        if one is None:
            raise Failure(
                "invalid_state",
                "not_ready",
                f"task {subject.name} was not dispatched yet: it has no place",
                next=[say("task show", subject.name)],
            )
        place = str(loads(attempt_rows.document(tx, one.task_no, one.attempt_no))["place_path"])
        turn = turns.latest(tx, one.thread_no)
    path = _path(subject, one, place)
    harness, session = (turn.harness, turn.session) if turn is not None else ("", "")
    resume = _resume(call, harness, session)
    answer: dict[str, Any] = {
        "run_id": subject.run_id,
        "task_id": subject.task_id,
        "attempt_no": one.attempt_no,
        "assigned_to": one.assigned_to,
        "path": path,
        "branch_name": one.branch_name,
        "harness": harness or None,
        "session": session or None,
        "resume": f"cd {joined([path])} && {resume}" if resume else None,
        "running": turn is not None and turn.outcome is None,
        "opened": _opened(path),
    }
    call.say(obj(**answer))


def _path(task: Task, attempt: Attempt, place: str) -> str:
    """Return where an attempt works. Raises: not_found/file with how its branch is looked at."""
    if not attempt.branch_name:
        if os.path.isdir(place):
            return place
        raise not_found("file", f"the place of {task.name}", hint="it was cleaned up, or is made "
                        "when its worker begins", next=[say("task show", task.name)])  # fmt: skip
    repo = inspect.open_of(attempt)
    found = inspect.place_of(repo, attempt)
    if found is not None:
        return found.top
    again = git("worktree", "add", "DIR", attempt.branch_name, where=repo.top or repo.common_dir)
    raise not_found(
        "file",
        f"the worktree of {task.name}",
        hint="it was cleaned up; its branch is there",
        next=[say("diff", task.name).because("look at its changes"), again],
    )


def _resume(call: "Call", harness: str, session: str) -> str:
    """Return how a person takes a client's session up, "" where that is not known."""
    if not harness or not session:
        return ""
    from orch import config_in_force
    from orch.harness import config as harnesses

    words = harnesses.session_command(harness, config_in_force.here(call.db).harnesses)
    return joined(word.replace("{session}", session) for word in words)


def _opened(path: str) -> bool:
    """Run the program that ORCH_OPEN names on the path; say whether one did."""
    import shlex

    program = os.environ.get("ORCH_OPEN", "")
    if not program:
        return False
    from orch import process

    try:
        status = process.hand_over([*shlex.split(program), path], path)
        why = f"ended with {status}" if status else ""
    except (OSError, ValueError) as error:
        why = f"cannot be run: {error}"
    if why:
        raise invalid_input(f"ORCH_OPEN={program} {why}", hint=f"the worktree is {path}")
    return True
