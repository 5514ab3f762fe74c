"""Rows of `council_decline`: a leader's word on a group, given once."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Row, Tx

_SQL = queries.load(__file__)


def find(tx: "ReadTx", run_id: str, group_id: str) -> "Row | None":
    """Return (reason, event id) of a group's decline, or None."""
    return tx.maybe(_SQL["decline_find"], run_id=run_id, group_id=group_id)


def of_council(tx: "ReadTx", run_id: str) -> "list[Row]":
    """Return (group id, reason, the tally's document) of every decline in a council."""
    return list(tx.many(_SQL["decline_of_council"], run_id=run_id))


def insert(
    tx: "Tx", run_id: str, revision: int, group_id: str, reason: str, by: str, event_id: int
) -> None:
    """Add a decline of a group of a stored tally."""
    tx.execute(
        _SQL["decline_insert"],
        run_id=run_id,
        revision=revision,
        group_id=group_id,
        reason=reason,
        declined_by=by,
        event_id=event_id,
    )
