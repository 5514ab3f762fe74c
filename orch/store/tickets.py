"""Rows of `ticket`: contents of files that a run was given, each applied at most once (I24)."""

from schema import queries
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class OpenTicket(queries.Record):
    """A content that was not applied, and why."""

    sha256: str
    path: str
    state: str
    text: str
    created_at: int


class KnownTicket(queries.Record):
    """A content that the run was given."""

    sha256: str
    path: str
    state: str


def known(tx: "ReadTx", run_id: str, digests: "Iterable[str]") -> dict[str, str]:
    """Return the state of those of the contents that the run knows."""
    rows = tx.many(_SQL["ticket_known"], run_id=run_id, digests=array(digests))
    return {row[0]: row[1] for row in rows}


def put(
    tx: "Tx", run_id: str, digest: str, path: str, state: str, text: str = "", event_id: int = 0
) -> None:
    """Record what became of a content; one that was applied stays so."""
    tx.execute(
        _SQL["ticket_put"], run_id=run_id, sha256=digest, path=path, state=state, text=text,
        event_id=event_id,
    )  # fmt: skip


def open_ones(tx: "ReadTx", run_id: str) -> list[OpenTicket]:
    """Return what was refused or waits."""
    return OpenTicket.many(tx, _SQL["ticket_open"], run_id=run_id)


def of_run(tx: "ReadTx", run_id: str) -> list[KnownTicket]:
    """Return all contents that a run was given, the newest first."""
    return KnownTicket.many(tx, _SQL["ticket_of_run"], run_id=run_id)


def globs(tx: "ReadTx") -> list[str]:
    """Return what names the files of tickets: those that were given, and those to be watched."""
    rows = [*tx.many(_SQL["ticket_paths"]), *tx.many(_SQL["ticket_globs"])]
    return [str(row[0]) for row in rows]
