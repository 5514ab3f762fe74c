"""Published JSON of runs, tasks and attempts, for commands that show. Nothing here writes."""

from schema import queries
from schema.json_text import NULL, Json, dumps, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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


def status(
    tx: "ReadTx", run_id: str, waiting: "Mapping[int, str]", most: int | None = None
) -> list[Json]:
    """Return each task with its latest attempt, its latest message, its open question, its way to a
    target, and what a ready one waits for; of the first `most` and of those at work, the others in
    brief."""
    row = tx.maybe(_SQL["status_nth_task"], run_id=run_id, most=most) if most else None
    through = None if row is None else row[0]
    found = {
        row[5]: Json(
            f'{row[0][:-1]},"latest_attempt":{row[1] or NULL},"latest_message":{row[2] or NULL},'
            f'"blocked_question":{row[3] or NULL},"integration":{row[4] or NULL},'
            f'"waits_for":{dumps(waiting.get(row[5]))}}}'
        )
        for row in tx.many(_SQL["status_tasks"], run_id=run_id, through=through)
    }
    if through is not None:
        for row in tx.many(_SQL["status_briefs"], run_id=run_id, after=through):
            found[row[1]] = Json(f'{row[0][:-1]},"waits_for":{dumps(waiting.get(row[1]))}}}')
    return [found[number] for number in sorted(found)]


class One:
    """One task as published, with its way to a target."""

    __slots__ = ("integration", "task")

    def __init__(self, task: Json, integration: Json) -> None:
        self.task = task
        self.integration = integration


def one(tx: "ReadTx", task_no: int) -> One:
    """Return one task as `status` shows it, without its gate."""
    row = tx.one(_SQL["one_task"], task_no=task_no)
    return One(Json(row[0]), Json(row[1]) if row[1] else NULL)


def words(tx: "ReadTx", thread_no: int) -> tuple[Json, Json]:
    """Return (the newest result, the last message) of a thread, null where there is none."""
    row = tx.one(_SQL["thread_words"], thread_no=thread_no)
    return Json(row[0]) if row[0] else NULL, Json(row[1]) if row[1] else NULL


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


def wanted_now(tx: "ReadTx", run: "Run", kinds: tuple[str, ...]) -> "tuple[int, int] | None":
    """Return (event id, task number or 0) of what is so already, the first that was told.

    A blocked task counts while its latest question is unanswered. Going on after that event
    meets everything else that is so.
    """
    found = []
    for kind in kinds:
        if kind == "run_done":
            row = (0, run.settled_event) if run.settled_event else None
        elif kind.startswith("entry_"):
            row = tx.maybe(_SQL["wait_state_entry"], run_id=run.run_id, status=kind[6:])
        elif kind in ("task_blocked", "task_stale"):
            row = tx.maybe(_SQL["wait_state_" + kind[5:]], run_id=run.run_id)
        else:
            row = tx.maybe(_SQL["wait_state"], run_id=run.run_id, status=kind[5:])
        if row is not None:
            found.append((row[1], row[0]))
    return min(found, default=None)


def driven(tx: "ReadTx", run_id: str) -> "tuple[int | None, bool]":
    """Return (the pid of the living process that drives a run or None, whether it is paused)."""
    row = tx.maybe(_SQL["driven_by"], run_id=run_id)
    if row is None or row[1] is None:
        return None, bool(row and row[0])
    from orch import process_identity

    gone = process_identity.is_gone(row[1], row[2], row[3]) is True
    return (None if gone else row[1]), bool(row[0])
