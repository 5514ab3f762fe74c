"""A task's story as the log has it."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


def steps(tx: "ReadTx", run_id: str, task_id: str) -> "list[dict[str, object]]":
    """Return {at, order, what, detail} of every event of the task and its threads."""
    rows = tx.many(_SQL["trace_events"], run_id=run_id, task_id=task_id)
    return [
        {"at": row[0], "order": row[1], "what": f"{row[2]} by {row[3]}", "detail": row[4]}
        for row in rows
    ]


def heads(tx: "ReadTx", task_no: int) -> "list[tuple[str, str, str, int]]":
    """Return (repository, base, head, attempt number) of the attempts whose head is recorded."""
    rows = tx.many(_SQL["trace_heads"], task_no=task_no)
    return [(row[0], row[1], row[2], row[3]) for row in rows]
