"""Rows of `council_report`, and where their files stand: beside the store, by their digest."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.store_folder import StoreFolder
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def place(folder: "StoreFolder", sha256: str) -> str:
    """Return where the Markdown with this digest is kept; named so that viewers know it."""
    return folder.artifact(sha256) + ".md"


def find(tx: "ReadTx", run_id: str, revision: int, levels: str, sha256: str) -> int | None:
    """Return the event of a report that was made before, or None."""
    row = tx.maybe(
        _SQL["report_find"], run_id=run_id, revision=revision, levels=levels, sha256=sha256
    )
    return row[0] if row else None


def insert(
    tx: "Tx", run_id: str, revision: int, levels: str, sha256: str, size: int, event_id: int
) -> None:
    """Add a report whose file exists."""
    tx.execute(
        _SQL["report_insert"],
        run_id=run_id,
        revision=revision,
        levels=levels,
        sha256=sha256,
        size=size,
        event_id=event_id,
    )
