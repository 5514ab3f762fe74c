"""An entry of a queue: put in, moved, held, released, called off; one atomic step each.

Every change of its status goes through `move`, which tells it (`entry_<status>`) with the run and
the task, so `orch events`, `orch wait` and `orch trace` see it.
"""

from orch.machines import ENTRY
from orch.model import Attempt, Run, Task
from orch.operations import attempts, runs
from orch.steps.model import say
from orch.steps.task import commit, verify
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store import tasks as task_rows
from orch.store import trials
from orch.store.entries import Entry
from orch.store.queues import Queue
from schema import events
from schema.failures import Failure, not_found
from schema.json_text import Json, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.steps import Step
    from schema.transaction import ReadTx, Tx

ACTOR = "orch"
FINAL = ENTRY.over
_ON_THE_WAY = ("build", "test", "pass", "approve", "requeue")


def require(tx: "ReadTx", entry_no: int) -> Entry:
    """Return the entry. Raises: not_found/entry."""
    found = store.find(tx, entry_no)
    if found is None:
        raise not_found("entry", f"ent_{entry_no}", hint="list them", next=[say("queue list")])
    return found


def require_of_task(tx: "ReadTx", task: Task) -> Entry:
    """Return a task's newest entry. Raises: not_found/entry."""
    found = store.of_task(tx, task.task_no)
    if not found:
        raise not_found("entry", task.name, hint="it was never queued", next=[_way_in(tx, task)])
    return found[0]


def _way_in(tx: "ReadTx", task: Task) -> "Step":
    run = runs.require(tx, task.run_id)
    try:
        runs.refuse_closed(run)
        attempt = require_fit(tx, run, task)
    except Failure:
        return say("task show", task.name)
    is_whole = not attempt.dirty_files or attempt.workspace_status != "created"
    return say("queue add", task.name) if is_whole else say("task show", task.name)


def require_fit(tx: "ReadTx", run: Run, task: Task) -> Attempt:
    """Return the attempt whose work can be queued: done, code, committed.

    Raises: invalid_state (transition, unsupported, no_change), refused/work_at_risk.
    """
    if task.status != "done":
        is_reported = task.status == "verifying"
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}, not done: only finished work can land",
            next=[verify(task.name) if is_reported else say("task show", task.name)],
            details={"status": task.status},
        )
    attempt = attempts.latest(tx, task)
    if attempt is None or attempt.execution_mode != "code" or not attempt.head_commit:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"task {task.name} has no commits to land: its work was not code",
            next=[say("task show", task.name)],
        )
    if attempt.dirty_files and attempt.workspace_status == "created":
        raise Failure(
            "refused",
            "work_at_risk",
            f"{task.name} left {many(attempt.dirty_files, 'file')} uncommitted in "
            f"{attempt.worktree_path}: they would not land",
            hint="commit them",
            next=commit(attempt.worktree_path, run.run_id),
            details={"worktree_path": attempt.worktree_path, "files": attempt.dirty_files},
        )
    if attempt.head_commit == attempt.base_commit:
        raise no_change(task, "it was reported done without a commit of its own")
    return attempt


def no_change(task: Task, why: str) -> Failure:
    """Return the refusal to queue finished work of which nothing would land."""
    return Failure(
        "invalid_state",
        "no_change",
        f"{task.name} has nothing to land: {why}",
        hint="it already counts as finished",
        next=[say("task show", task.name)],
    )


def add(tx: "Tx", queue: Queue, values: dict[str, object], task_id: str | None) -> Entry:
    """Put work into a queue and tell it. Raises: invalid_state/duplicate when it is there."""
    key = values["attempt_key"]
    known = store.open_of_attempt(tx, queue.queue_no, int(str(key))) if key is not None else None
    if known is not None:
        raise Failure(
            "invalid_state",
            "duplicate",
            f"{values['run_id']}/{task_id} is on its way to {queue.branch} already: ent_{known}",
            hint="look at it",
            next=[say("queue show", f"ent_{known}")],
            details={"entry_id": f"ent_{known}"},
        )
    event_id = events.record(
        tx,
        "entry_queued",
        str(values["added_by"]),
        run_id=str(values["run_id"]),
        task_id=task_id,
        status="queued",
        summary=f"queued for {queue.branch}",
        payload=obj(target=queue.target, head_commit=values["head_commit"], kind=values["kind"]),
    )
    number = store.insert(
        tx, {**values, "queue_no": queue.queue_no, "rank": values["rank"], "event_id": event_id}
    )
    return store.get(tx, number)


def move(
    tx: "Tx",
    entry: Entry,
    event: str,
    actor: str = ACTOR,
    reason: str = "",
    *,
    count: str = "",
    not_before: int = 0,
    payload: Json | None = None,
) -> int:
    """Move an entry along its table and tell it; return the event's id, 0 when it was there.

    A pass names only where an entry ends: the steps in between are walked here. Raises:
    invalid_state (transition, terminal).
    """
    for step in _steps_to(entry.status, event):
        store.move(tx, entry, ENTRY.next(entry.status, step), 0, "")
    target = ENTRY.next(entry.status, event)
    event_id = events.record(
        tx,
        f"entry_{target}",
        actor,
        run_id=entry.run_id,
        task_id=entry.task_id,
        status=target,
        summary=reason or f"{entry.entry_id} for {entry.target.removeprefix('refs/heads/')}",
        payload=payload or obj(entry_id=entry.entry_id, target=entry.target),
    )
    store.move(tx, entry, target, event_id, reason, count, not_before)
    return event_id


def _steps_to(status: str, event: str) -> list[str]:
    """Return the events that lead from a status to the nearest one in which `event` may come."""
    seen = {status}
    ways: list[tuple[str, list[str]]] = [(status, [])]
    while ways:
        at, way = ways.pop(0)
        if any(rule.source == at and rule.event == event for rule in ENTRY.rules):
            return way
        for rule in ENTRY.rules:
            if rule.source == at and rule.event in _ON_THE_WAY and rule.target not in seen:
                seen.add(rule.target)
                ways.append((rule.target, [*way, rule.event]))
    return []


def hold(tx: "Tx", entry: Entry, actor: str, reason: str) -> int:
    """Stop an entry until a person releases it. Raises: invalid_state."""
    return _by_request(tx, entry, "hold", actor, reason)


def release(tx: "Tx", entry: Entry, actor: str, reason: str) -> int:
    """Let a held or quarantined entry go on; what it failed before counts no more.

    Raises: invalid_state (transition, superseded).
    """
    _refuse_replaced(tx, entry)
    event_id = _by_request(tx, entry, "release", actor, reason)
    store.forgive(tx, entry.entry_no, event_id)
    queue_rows.retry(tx, entry.queue_no)
    trials.forget_built(tx, entry.queue_no, entry.entry_no)
    return event_id


def retry(tx: "Tx", entry: Entry, actor: str, reason: str) -> int:
    """Try a stopped entry again at once.

    Raises: invalid_state (transition, superseded); a quarantined one is released.
    """
    if entry.status == "quarantined":
        raise Failure(
            "invalid_state",
            "transition",
            f"{entry.entry_id} is quarantined: it failed too often ({entry.reason})",
            hint="once that is fixed",
            next=[say("queue release", entry.entry_id)],
        )
    _refuse_replaced(tx, entry)
    event_id = _by_request(tx, entry, "retry", actor, reason)
    queue_rows.retry(tx, entry.queue_no)
    trials.forget_built(tx, entry.queue_no, entry.entry_no)
    return event_id


def cancel(tx: "Tx", entry: Entry, actor: str, reason: str) -> int:
    """Take an entry out of its queue; its task and its branch stay. Raises: invalid_state."""
    return _by_request(tx, entry, "cancel", actor, reason)


def _refuse_replaced(tx: "ReadTx", entry: Entry) -> None:
    """Raise invalid_state/superseded for work of which a newer attempt was begun."""
    if entry.task_no is None or entry.kind != "task" or entry.status in FINAL:
        return
    newest = attempts.latest(tx, task_rows.by_no(tx, entry.task_no))
    if newest is None or newest.attempt_key == entry.attempt_key:
        return
    raise Failure(
        "invalid_state",
        "superseded",
        f"attempt {newest.attempt_no} takes the place of {entry.entry_id} ({entry.name}): when it "
        "is done, it is queued by itself",
        next=[say("wait", run=entry.run_id), say("queue run", run=entry.run_id)],
    )


def _by_request(tx: "Tx", entry: Entry, verb: str, actor: str, reason: str) -> int:
    """Do what a person asked for, or say in people's words why it cannot be."""
    status = entry.status
    try:
        return move(tx, entry, verb, actor, reason)
    except Failure as failure:
        if failure.code != "invalid_state":
            raise
        failure.message = f"{entry.entry_id} ({entry.name}) is {status}: there is nothing to {verb}"
        failure.hint, failure.next = "look at it", (say("queue show", entry.entry_id),)
        if status in FINAL:
            failure.reason = "terminal"
        if status in FINAL and entry.kind == "task":
            failure.hint = "look at it, or land it again"
            failure.next = (*failure.next, say("queue add", entry.name))
        raise


def take_back(tx: "Tx", entry: Entry, by: Entry) -> int:
    """Record that what landed was taken back, by a revert or by putting the target back.

    Where that was a revert itself, what it had taken back is on the target again.
    """
    store.roll_back(tx, entry.entry_no, by.entry_no)
    if entry.reverts is not None:
        _restore(tx, store.get(tx, entry.reverts), entry)
    how = f"by {by.entry_id}" if by.entry_no != entry.entry_no else "the target was put back"
    return move(tx, entry, "rollback", reason=f"rolled back: {how}")


def _restore(tx: "Tx", entry: Entry, revert: Entry) -> None:
    """Record that an entry's work is on the target again, since its revert was taken back."""
    if entry.status != "cancelled":
        return
    store.roll_back(tx, entry.entry_no, None)
    if entry.reverts is not None:
        take_back(tx, store.get(tx, entry.reverts), entry)
    reason = f"on the target again: {revert.entry_id} was taken back"
    move(tx, entry, "restore", reason=reason)


def hold_queue(tx: "Tx", queue: Queue, run_id: str | None, actor: str, reason: str) -> int:
    """Stop a whole queue until a person releases it; tell it in a run that is in it."""
    return _set_hold(tx, queue, run_id, actor, "queue_held", reason, "")


def hold_red(tx: "Tx", queue: Queue, run_id: str | None, reason: str, tree: str) -> int:
    """Stop a queue whose target's own tree fails; it goes on by itself when that changes."""
    return _set_hold(tx, queue, run_id, ACTOR, "queue_held", reason, tree)


def release_queue(tx: "Tx", queue: Queue, run_id: str | None, actor: str, reason: str) -> int:
    """Let a whole queue go on."""
    event_id = _set_hold(tx, queue, run_id, actor, "queue_released", reason, "")
    queue_rows.hold(tx, queue.queue_no, "")
    if actor != ACTOR:
        queue_rows.retry(tx, queue.queue_no)
    return event_id


def _set_hold(
    tx: "Tx", queue: Queue, run_id: str | None, actor: str, kind: str, reason: str, tree: str
) -> int:
    queue_rows.hold(tx, queue.queue_no, reason, tree)
    return events.record(
        tx,
        kind,
        actor,
        run_id=run_id,
        summary=f"{queue.branch}: {reason}",
        payload=obj(target=queue.target, reason=reason, tree=tree or None),
    )
