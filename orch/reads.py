"""What the commands of orch show, as published JSON. Nothing here writes."""

from schema import queries
from schema.json_text import NULL, Json, array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Run
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


def blocked(tx: "ReadTx", run_id: str) -> list[Json]:
    """Return {task, attempt, question, answered} of every blocked task."""
    return [
        obj(
            task=Json(row[0]),
            attempt=Json(row[1]),
            question=Json(row[2]) if row[2] else NULL,
            answered=bool(row[3]),
        )
        for row in tx.many(_SQL["blocked_tasks"], run_id=run_id)
    ]


def status(tx: "ReadTx", run_id: str) -> list[Json]:
    """Return each task with its latest attempt, its latest message and its open question."""
    return [
        merge(
            row[0],
            latest_attempt=Json(row[1]) if row[1] else NULL,
            latest_message=Json(row[2]) if row[2] else NULL,
            blocked_question=Json(row[3]) if row[3] else NULL,
            integration=NULL,
        )
        for row in tx.many(_SQL["status_tasks"], run_id=run_id)
    ]


def changed(tx: "ReadTx", task_nos: list[int]) -> list[Json]:
    """Return each task of the list with its latest attempt."""
    found = []
    for number in task_nos:
        row = tx.one(_SQL["task_with_attempt"], task_no=number)
        found.append(merge(row[0], latest_attempt=Json(row[1]) if row[1] else NULL))
    return found


def with_attempt(tx: "ReadTx", task_no: int) -> tuple[Json, Json]:
    """Return (task, its latest attempt or null)."""
    row = tx.one(_SQL["task_with_attempt"], task_no=task_no)
    return Json(row[0]), Json(row[1]) if row[1] else NULL


def wanted_now(tx: "ReadTx", run: "Run", kinds: tuple[str, ...]) -> "tuple[str, int] | None":
    """Return (kind, task number or 0) of something waited for that is so already.

    A blocked task counts while its latest question is unanswered.
    """
    row = tx.maybe(_SQL["wait_state"], run_id=run.run_id, kinds=array(kinds))
    if row is not None:
        return row[0], row[1]
    if "run_done" in kinds and run.settled_event:
        return "run_done", 0
    return None


def state_event(tx: "ReadTx", run: "Run", kind: str, task_no: int) -> int:
    """Return the event that brought about what `wanted_now` found."""
    if kind == "run_done":
        return int(run.settled_event)
    found: int = tx.value(_SQL["wait_state_event"], task_no=task_no, kind=kind, run_id=run.run_id)
    return found
