"""Rows of `council` and `council_reviewer`: written once, when the reviewers are asked."""

from council.rows import Council
from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.json_text import Json
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def find(tx: "ReadTx", run_id: str) -> Council | None:
    """Return the council of a run, or None."""
    return Council.maybe(tx, _SQL["council_find"], run_id=run_id)


def near(tx: "ReadTx", run_id: str) -> list[str]:
    """Return a few councils' runs that look like `run_id`."""
    from difflib import get_close_matches

    names = [row[0] for row in tx.many(_SQL["council_ids"])]
    return get_close_matches(run_id, names, 3, 0.5)


def insert(tx: "Tx", council: Council) -> None:
    """Add a council; its run exists."""
    tx.execute(_SQL["council_insert"], **council.values())


def insert_reviewer(tx: "Tx", run_id: str, seat: int, role: str, task_no: int) -> None:
    """Give a seat (1 to 3) to a task."""
    tx.execute(
        _SQL["council_reviewer_insert"],
        run_id=run_id,
        seat=seat,
        reviewer_role=role,
        task_no=task_no,
    )


def insert_voter(tx: "Tx", run_id: str, seat: int, task_no: int, sheet: str) -> None:
    """Give a seat's part in round two to a task."""
    tx.execute(_SQL["council_cross_insert"], run_id=run_id, seat=seat, task_no=task_no, sheet=sheet)


def document(tx: "ReadTx", run_id: str) -> "Json":
    """Return the published JSON of one council with its reviewers."""
    return tx.json(_SQL["council_document"], run_id=run_id)


def agents(tx: "ReadTx", run_id: str) -> set[str]:
    """Return everybody who was given a reviewer's task of the council."""
    return {str(row[0]) for row in tx.many(_SQL["council_agents"], run_id=run_id)}
