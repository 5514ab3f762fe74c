"""Rows of `council_tally`: append-only revisions."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Row, Tx

_SQL = queries.load(__file__)


class Stored:
    """One revision as it was stored: its document is the tally's canonical JSON."""

    __slots__ = ("document", "event_id", "fingerprint", "revision")

    def __init__(self, row: "Row") -> None:
        self.revision, self.fingerprint, self.document, self.event_id = row


def latest(tx: "ReadTx", run_id: str) -> Stored | None:
    """Return the newest revision, None before the first."""
    row = tx.maybe(_SQL["tally_latest"], run_id=run_id)
    return Stored(row) if row else None


def at(tx: "ReadTx", run_id: str, revision: int) -> Stored | None:
    """Return one revision, or None."""
    row = tx.maybe(_SQL["tally_at"], run_id=run_id, revision=revision)
    return Stored(row) if row else None


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
    return Stored((revision, fingerprint, document, event_id))
