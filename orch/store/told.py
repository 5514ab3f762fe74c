"""Rows of `told`: how far each leader has been told of a run's news; and that news in the log."""

from schema import queries
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Told(queries.Record):
    """A leader's place in a run's log: offered up to there, and surely delivered up to there."""

    offered: int
    delivered: int


class LoggedNews(queries.Record):
    """One event that is worth telling; `task_id` is "" where it is the run's own."""

    event_id: int
    event_type: str
    task_id: str
    who: str
    text: str
    since: int


def of(tx: "ReadTx", leader: str, run_id: str) -> Told | None:
    """Return a leader's place, None for one who was never told anything."""
    return Told.maybe(tx, _SQL["told_of"], leader=leader, run_id=run_id)


def offer(tx: "Tx", leader: str, run_id: str, through: int, event_id: int) -> None:
    """Note that news up to `through` is about to be printed; `event_id` is the most urgent."""
    tx.execute(_SQL["told_offer"], leader=leader, run_id=run_id, through=through, event_id=event_id)


def deliver(tx: "Tx", leader: str, run_id: str, through: int) -> None:
    """Note that news up to `through` was printed; never back."""
    tx.execute(_SQL["told_deliver"], leader=leader, run_id=run_id, through=through)


def news(tx: "ReadTx", run_id: str, after: int, types: "Iterable[str]") -> list[LoggedNews]:
    """Return the events of some types after `after`, oldest first."""
    return LoggedNews.many(tx, _SQL["told_news"], run_id=run_id, after=after, types=array(types))


def newest(tx: "ReadTx", run_id: str, task_id: str, event_type: str) -> int:
    """Return the newest event of a type about a task, 0 if there is none."""
    row = tx.maybe(_SQL["told_newest"], run_id=run_id, task_id=task_id, event_type=event_type)
    return row[0] if row else 0


def last_of_run(tx: "ReadTx", run_id: str) -> int:
    """Return the newest event of a run."""
    found: int = tx.value(_SQL["told_last_of_run"], run_id=run_id)
    return found
