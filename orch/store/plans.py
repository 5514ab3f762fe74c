"""Tasks as plans see them: all that a plan may say, read and written together."""

import json

from orch.plans.diff import Standing
from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)
_COLUMNS = (
    "title", "summary", "default_to", "priority", "rank", "acceptance", "check_profile",
    "required_checks", "allowed_paths", "blocked_paths", "metadata", "max_attempts", "risk",
    "execution_mode", "kind", "request_id",
)  # fmt: skip
_LISTS = ("required_checks", "allowed_paths", "blocked_paths")


def standing(tx: "ReadTx", run_id: str) -> dict[str, Standing]:
    """Return all tasks of a run by id, in the order they were added."""
    found = [_standing(row) for row in queries.named(tx, _SQL["plan_tasks"], run_id=run_id)]
    return {task.task_id: task for task in found}


def _standing(row: "dict[str, Any]") -> Standing:
    columns = {name: row[name] for name in _COLUMNS}
    columns |= {name: json.loads(row[name]) for name in _LISTS}
    task = Standing(row["task_no"], row["task_id"], row["status"], columns)
    task.spec = row["spec_sha256"]
    task.locks, task.depends_on = json.loads(row["locks"]), json.loads(row["depends_on"])
    task.dispatching = bool(row["is_dispatching"])
    return task


def specs(tx: "ReadTx", run_id: str) -> dict[str, str]:
    """Return the texts of the run's specifications by task id."""
    return {row[0]: row[1] for row in tx.many(_SQL["plan_specs"], run_id=run_id)}


def write(tx: "Tx", task_no: int, values: dict[str, object]) -> None:
    """Set every column that a plan speaks of, but not its specification."""
    tx.execute(_SQL["plan_task_write"], task_no=task_no, **values)


def write_spec(tx: "Tx", task_no: int, spec: dict[str, object]) -> None:
    """Set the specification: its path, text and digest, or None three times."""
    tx.execute(_SQL["plan_spec_write"], task_no=task_no, **spec)


def write_locks(tx: "Tx", task_no: int, locks: "Iterable[str]") -> None:
    """Set the locks of a task that holds none now."""
    tx.execute(_SQL["plan_lock_clear"], task_no=task_no)
    for lock in locks:
        tx.execute(_SQL["plan_lock_insert"], task_no=task_no, lock=lock)


def allowed(tx: "ReadTx", run_id: str, request_id: str) -> list[str]:
    """Return the rules that plans of a request may break, as was recorded."""
    return [row[0] for row in tx.many(_SQL["plan_allowed"], run_id=run_id, request_id=request_id)]
