"""Rows of `need`: what waits for a person in a run, once per (task, kind, cause)."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class NeedRow(queries.Record):
    """One need; `task_id` is "" where it is the run's own."""

    need_no: int
    run_id: str
    task_id: str
    kind: str
    cause: str
    who: str
    text: str
    command: str
    since: int
    event_id: int


def open_of(tx: "ReadTx", run_id: str) -> list[NeedRow]:
    """Return the needs of a run that hold, the first that was told first."""
    return NeedRow.many(tx, _SQL["need_open_of"], run_id=run_id)


def count_open(tx: "ReadTx", run_id: str) -> int:
    """Return how many needs of a run hold."""
    found: int = tx.value(_SQL["need_open_count"], run_id=run_id)
    return found


def newest_actor(tx: "ReadTx", run_id: str) -> str:
    """Return who did what happened last in a run, "" where nothing has."""
    row = tx.maybe(_SQL["need_newest_actor"], run_id=run_id)
    return row[0] if row else ""


def number(tx: "ReadTx", run_id: str, task_id: str, kind: str, cause: str) -> "int | None":
    """Return the number of a need, over or not, None if there never was one."""
    row = tx.maybe(_SQL["need_number"], run_id=run_id, task_id=task_id, kind=kind, cause=cause)
    return row[0] if row else None


def insert(tx: "Tx", **columns: object) -> None:
    """Add a need."""
    tx.execute(_SQL["need_insert"], **columns)


def renew(tx: "Tx", need_no: int, who: str, text: str, command: str) -> None:
    """Give a need its words of now; one that was over holds again."""
    tx.execute(_SQL["need_renew"], need_no=need_no, who=who, text=text, command=command)


def end(tx: "Tx", need_no: int) -> None:
    """Note that a need is no more."""
    tx.execute(_SQL["need_end"], need_no=need_no, at=tx.now.wall_ms)


def runner(tx: "ReadTx", run_id: str) -> "tuple[int, int, str] | None":
    """Return the process that drives a run, None where none does."""
    row = tx.maybe(_SQL["need_runner"], run_id=run_id)
    return (row[0], row[1], row[2]) if row else None
