"""A task: added, edited, moved; every move of its status goes through `move`."""

from orch.model import ACTIVE, Run, Task
from orch.steps.model import say
from orch.store import attempts
from orch.store import tasks as store
from schema import events
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx


def require(tx: "ReadTx", run_id: str, task_id: str) -> Task:
    """Return the task. Raises: not_found/task with near ids."""
    task = store.find(tx, run_id, task_id)
    if task is None:
        near = store.near(tx, run_id, task_id)
        listed = say("task list", run=run_id).because("list them")
        raise not_found("task", f"{run_id}/{task_id}", near=near, next=[] if near else [listed])
    return task


def add(
    tx: "Tx",
    run: Run,
    values: dict[str, object],
    locks: tuple[str, ...],
    depends_on: tuple[str, ...],
    *,
    alone: bool = True,
) -> tuple[int, int]:
    """Add a task and return (its number, the event's id).

    Ready without unmet dependencies, else planned. Of one that does not come `alone` the caller
    has the waiting chains recomputed. Raises: invalid_state/duplicate, not_found/task for a
    dependency, invalid_state/cycle for itself.
    """
    task_id = str(values["task_id"])
    if store.find(tx, run.run_id, task_id) is not None:
        raise Failure(
            "invalid_state",
            "duplicate",
            f"task {run.run_id}/{task_id} already exists",
            hint="change it",
            next=[say("task edit", run=run.run_id, task=task_id)],
        )
    if task_id in depends_on:
        raise self_dependency(run.run_id, task_id)
    from orch.store import dependencies

    needed = [require(tx, run.run_id, other) for other in depends_on]
    event_id = events.record(
        tx,
        "task_added",
        run.leader,
        run_id=run.run_id,
        task_id=task_id,
        summary=str(values["title"]),
        payload=obj(
            depends_on=[task.task_id for task in needed],
            risk=values["risk"],
            required_checks=Json(str(values["required_checks"])),
        ),
    )
    unmet = sum(task.status != "done" for task in {t.task_no: t for t in needed}.values())
    status = "planned" if unmet else "ready"
    task_no = store.insert(
        tx,
        values | {"run_id": run.run_id, "status": status, "unmet": unmet, "event_id": event_id},
        locks,
    )
    for other in needed:
        dependencies.insert(tx, task_no, other.task_no)
        if alone:
            dependencies.lengthen(tx, other.task_no)
    return task_no, event_id


def told(values: dict[str, object]) -> dict[str, object]:
    """Return what an event keeps of changed values: what a landing is compared with."""
    found: dict[str, object] = {}
    if values.get("risk") is not None:
        found["risk"] = values["risk"]
    if values.get("required_checks") is not None:
        found["required_checks"] = Json(str(values["required_checks"]))
    return found


def self_dependency(run_id: str, task_id: str) -> Failure:
    """Return the refusal of a task that would wait for itself."""
    return Failure(
        "invalid_state",
        "cycle",
        f"task {run_id}/{task_id} would depend on itself: {task_id} -> {task_id}",
        hint="name another task",
        details={"cycle": [task_id, task_id]},
    )


def edit(
    tx: "Tx", task: Task, values: dict[str, object], locks: tuple[str, ...] | None, actor: str
) -> int:
    """Change a task that no attempt works on; return the event's id."""
    if task.status in ACTIVE or attempts.intent_of(tx, task.task_no) is not None:
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}: its attempt was briefed with what it says now",
            hint="wait for it, or call it off",
            next=[say("wait", run=task.run_id), say("cancel", task.name)],
        )
    if task.status in ("done", "cancelled"):
        raise Failure("invalid_state", "terminal", f"task {task.name} is {task.status}")
    changed = sorted(name for name, value in values.items() if value is not None)
    if not changed and locks is None:
        raise invalid_input("nothing to change: give at least one flag", reason="flag")
    store.edit(tx, task.task_no, values, locks)
    return events.record(
        tx,
        "task_edited",
        actor,
        run_id=task.run_id,
        task_id=task.task_id,
        payload=obj(changed=changed, **told(values)),
    )


def require_checks(tx: "Tx", task: Task, checks: "tuple[str, ...]", actor: str) -> int:
    """Let a task that names no checks require these; return the event's id."""
    names = array(checks)
    store.set_checks(tx, task.task_no, names)
    payload = obj(changed=["required_checks"], required_checks=names)
    return events.record(
        tx, "task_edited", actor, run_id=task.run_id, task_id=task.task_id, payload=payload
    )


def move(
    tx: "Tx",
    task: Task,
    event: str,
    actor: str,
    *,
    wanted: str | None = None,
    thread_no: int | None = None,
    reason: str = "",
    payload: str = "{}",
    at: int | None = None,
) -> int:
    """Move a task along its table, tell it, and do what follows for others; return the event.

    Guarantees: locks are held exactly while the task is active; a done task frees its
    dependents in the same transaction, one that is no longer done binds them again. `at` is when
    what led to it happened (ms), where that was before.
    """
    from orch.machines import EVENT_OF_STATUS, TASK

    target = TASK.next(task.status, event, wanted)
    event_id = events.record(
        tx,
        EVENT_OF_STATUS[target] if target != "planned" else "task_planned",
        actor,
        thread_no=thread_no,
        run_id=task.run_id,
        task_id=task.task_id,
        status=target,
        summary=reason or None,
        payload=payload,
    )
    was_active, was_done = task.status in ACTIVE, task.status == "done"
    store.move(tx, task, target, event_id, reason, at)
    if was_active and target not in ACTIVE:
        store.drop_locks(tx, task.task_no)
    if target == "done":
        _free_dependents(tx, task, actor, at)
    elif was_done:
        _bind_dependents(tx, task, actor)
    return event_id


def _free_dependents(tx: "Tx", task: Task, actor: str, at: int | None) -> None:
    from orch.store import dependencies

    for number in dependencies.satisfied(tx, task.task_no):
        move(tx, store.by_no(tx, number), "satisfy", actor, at=at)


def _bind_dependents(tx: "Tx", task: Task, actor: str) -> None:
    """Let what waits for a task wait again: its counter rises, and what was ready is planned."""
    from orch.store import dependencies

    for number, _, status in dependencies.dependents(tx, task.task_no):
        if status == "ready":
            move(tx, store.by_no(tx, number), "depend", actor)
        dependencies.recount(tx, number)
