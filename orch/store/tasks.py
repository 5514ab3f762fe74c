"""Rows of `task`, with its locks."""

from orch.model import Task
from schema import queries
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def find(tx: "ReadTx", run_id: str, task_id: str) -> Task | None:
    """Return the task, or None."""
    return Task.maybe(tx, _SQL["task_find"], run_id=run_id, task_id=task_id)


def by_no(tx: "ReadTx", task_no: int) -> Task:
    """Return the task with this number."""
    return Task.one(tx, _SQL["task_by_no"], task_no=task_no)


def near(tx: "ReadTx", run_id: str, task_id: str) -> list[str]:
    """Return a few task ids of the run that look like `task_id`."""
    from difflib import get_close_matches

    names = [row[0] for row in tx.many(_SQL["task_ids"], run_id=run_id)]
    return get_close_matches(task_id, names, 3, 0.5)


def open_runs_with(tx: "ReadTx", task_id: str) -> list[str]:
    """Return the open runs that have a task of this name."""
    return [row[0] for row in tx.many(_SQL["task_open_runs"], task_id=task_id)]


def insert(tx: "Tx", values: dict[str, object], locks: "Iterable[str]") -> int:
    """Add a task and return its number."""
    task_no: int = tx.value(_SQL["task_insert"], **{"kind": None, **values})
    for lock in locks:
        tx.execute(_SQL["task_lock_insert"], task_no=task_no, lock=lock)
    return task_no


def edit(tx: "Tx", task_no: int, values: dict[str, object], locks: "Iterable[str] | None") -> None:
    """Change what is given; None leaves a column as it is."""
    tx.execute(_SQL["task_edit"], task_no=task_no, **values)
    if locks is not None:
        tx.execute(_SQL["task_lock_clear"], task_no=task_no)
        for lock in locks:
            tx.execute(_SQL["task_lock_insert"], task_no=task_no, lock=lock)


def move(
    tx: "Tx", task: Task, target: str, event_id: int, reason: str = "", at: int | None = None
) -> None:
    """Move the task from the status it was read with, `at` (ms) or now; the object follows."""
    tx.one(
        _SQL["task_move"],
        task_no=task.task_no,
        source=task.status,
        target=target,
        event_id=event_id,
        reason=reason,
        at=at,
    )
    task.status = target


def waiting_for_locks(tx: "ReadTx", run_id: str) -> "list[tuple[int, str, str]]":
    """Return (task number, lock, its holder as run/task) of ready tasks that another one keeps."""
    rows = tx.many(_SQL["task_waiting_for_locks"], run_id=run_id)
    return [(row[0], row[1], f"{row[2]}/{row[3]}") for row in rows]


def since(tx: "ReadTx", task_no: int) -> int:
    """Return when what led to the task's status happened, in ms."""
    found: int = tx.value(_SQL["task_since"], task_no=task_no)
    return found


def set_attempt(tx: "Tx", task_no: int, attempt_no: int) -> None:
    """Make `attempt_no` the newest attempt; its number is spent for ever."""
    tx.execute(_SQL["task_set_attempt"], task_no=task_no, attempt_no=attempt_no)


def adopt_attempt(tx: "Tx", task_no: int, attempt_no: int) -> None:
    """Make an older attempt the one that counts."""
    tx.execute(_SQL["task_adopt_attempt"], task_no=task_no, attempt_no=attempt_no)


def burn_attempt(tx: "Tx", task_no: int, attempt_no: int) -> None:
    """Spend a number whose attempt never came to be but whose branch may have."""
    tx.execute(_SQL["task_burn_attempt"], task_no=task_no, attempt_no=attempt_no)


def document(tx: "ReadTx", task_no: int) -> Json:
    """Return the published JSON of one task."""
    return tx.json(_SQL["task_document"], task_no=task_no)


def list_documents(tx: "ReadTx", run_id: str, statuses: Json | None) -> list[Json]:
    """Return the run's tasks in the order they were added."""
    rows = tx.many(_SQL["task_list"], run_id=run_id, statuses=statuses)
    return [Json(row[0]) for row in rows]


def in_dispatch_order(tx: "ReadTx", run_id: str, limit: int, offset: int) -> list[Task]:
    """Return ready tasks: priority, rank, longest chain waiting on them, age."""
    return Task.many(tx, _SQL["task_ready"], run_id=run_id, limit=limit, offset=offset)


def with_status(tx: "ReadTx", run_id: str, status: str) -> list[Task]:
    """Return the run's tasks in one status."""
    return Task.many(tx, _SQL["task_with_status"], run_id=run_id, status=status)


def of_run(tx: "ReadTx", run_id: str) -> list[Task]:
    """Return all tasks of a run in the order they were added."""
    return Task.many(tx, _SQL["task_of_run"], run_id=run_id)


def lock_holder(tx: "ReadTx", task_no: int) -> "tuple[str, str] | None":
    """Return (lock, run/task that holds it) of the first of the task's locks that is taken."""
    row = tx.maybe(_SQL["task_lock_holder"], task_no=task_no)
    return (row[0], f"{row[1]}/{row[2]}") if row else None


def lock_documents(tx: "ReadTx", run_id: str | None) -> list[Json]:
    """Return each lock of open tasks, its holder and who waits for it, in the published shape."""
    rows = tx.many(_SQL["lock_list"], run_id=run_id)
    return [
        obj(lock=lock, held_by=Json(held) if held else None, waiting=Json(waiting or "[]"))
        for lock, held, waiting in rows
    ]


def take_locks(tx: "Tx", task_no: int) -> None:
    """Hold the task's locks; the file's key refuses a second holder."""
    tx.execute(_SQL["held_lock_take"], task_no=task_no)


def drop_locks(tx: "Tx", task_no: int) -> None:
    """Let go of the task's locks."""
    tx.execute(_SQL["held_lock_drop"], task_no=task_no)


def owned_paths(tx: "ReadTx", except_no: int) -> "list[tuple[str, str, str]]":
    """Return (repository or '', run/task, glob) of what the tasks being worked on own."""
    rows = tx.many(_SQL["task_active_paths"], except_no=except_no)
    return [(row[0], f"{row[1]}/{row[2]}", row[3]) for row in rows]


def globs(tx: "ReadTx", task_no: int) -> list[str]:
    """Return the task's own allowed paths."""
    return [row[0] for row in tx.many(_SQL["task_globs"], task_no=task_no)]


def set_checks(tx: "Tx", task_no: int, checks: Json) -> None:
    """Let a task require these checks."""
    tx.execute(_SQL["task_set_checks"], task_no=task_no, checks=checks)


def count_overtaken(tx: "Tx", run_id: str, task_no: int, most: int) -> None:
    """Count for each ready task that came before one which was begun that it was passed by."""
    tx.execute(_SQL["task_count_overtaken"], run_id=run_id, task_no=task_no, most=most)
