"""Edges between tasks: no cycles, counters kept, nothing written when refused."""

from orch.model import ACTIVE, Task
from orch.operations import tasks
from orch.steps.model import say
from orch.store import dependencies as store
from orch.store import tasks as task_rows
from schema import events
from schema.failures import Failure, not_found
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Tx


def add(tx: "Tx", task: Task, other: Task, actor: str) -> int:
    """Let `task` wait for `other`; return the event's id (0 if it waited already).

    Raises: invalid_state/cycle naming the cycle; invalid_state/transition once it started.
    """
    if task.task_no == other.task_no:
        raise tasks.self_dependency(task.run_id, task.task_id)
    if task.status in ACTIVE or task.status in ("done", "cancelled"):
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}: it cannot wait for {other.task_id} any more",
        )
    trail = store.path(tx, other.task_no, task.task_no)
    if trail:
        names = [task.task_id, *(task_rows.by_no(tx, number).task_id for number in trail)]
        raise Failure(
            "invalid_state",
            "cycle",
            "these would wait for each other forever: " + " -> ".join(names),
            hint="remove an edge first",
            next=[say("dep list", run=task.run_id, task=task.task_id)],
            details={"cycle": names},
        )
    if not store.insert(tx, task.task_no, other.task_no):
        return 0
    store.lengthen(tx, other.task_no)
    event_id = _tell(tx, "task_dependency_added", task, other, actor)
    if task.status == "ready" and other.status != "done":
        tasks.move(tx, task, "depend", actor)
    store.recount(tx, task.task_no)
    return event_id


def remove(tx: "Tx", task: Task, other: Task, actor: str) -> int:
    """Let `task` no longer wait for `other`; return the event's id.

    Raises: not_found/dependency.
    """
    if not store.remove(tx, task.task_no, other.task_no):
        raise not_found(
            "dependency",
            f"{task.task_id} -> {other.task_id}",
            next=[say("dep list", run=task.run_id, task=task.task_id)],
        )
    store.lengthen(tx, other.task_no)
    event_id = _tell(tx, "task_dependency_removed", task, other, actor)
    if store.recount(tx, task.task_no) == 0 and task.status == "planned":
        tasks.move(tx, task, "satisfy", actor)
    return event_id


def _tell(tx: "Tx", event_type: str, task: Task, other: Task, actor: str) -> int:
    return events.record(
        tx,
        event_type,
        actor,
        run_id=task.run_id,
        task_id=task.task_id,
        payload=obj(depends_on=other.task_id),
    )
