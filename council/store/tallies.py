"""Rows of `council_tally`: append-only revisions."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Stored(queries.Record):
    """One revision as it was stored: its document is the tally's canonical JSON."""

    revision: int
    fingerprint: str
    document: str
    event_id: int


def latest(tx: "ReadTx", run_id: str) -> Stored | None:
    """Return the newest revision, None before the first."""
    return Stored.maybe(tx, _SQL["tally_latest"], run_id=run_id)


def at(tx: "ReadTx", run_id: str, revision: int) -> Stored | None:
    """Return one revision, or None."""
    return Stored.maybe(tx, _SQL["tally_at"], run_id=run_id, revision=revision)


def insert(
    tx: "Tx", run_id: str, revision: int, fingerprint: str, document: str, event_id: int
) -> Stored:
    """Add the next revision and return it."""
    tx.execute(
        _SQL["tally_insert"],
        run_id=run_id,
        revision=revision,
        fingerprint=fingerprint,
        document=document,
        event_id=event_id,
    )
    return Stored.one(tx, _SQL["tally_at"], run_id=run_id, revision=revision)
