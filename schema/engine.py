"""Protocol of an engine's store, for readers and the type checker; never imported at run time.

`schema.transaction.Database` is the one on a file, `schema.pg.database.PgDatabase` the one on a
server. Whoever is handed a Database may use what stands here and nothing else of it.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from schema.signals import Signals
from schema.store_folder import StoreFolder
from schema.transaction import ReadTx, Tx


class Store(Protocol):
    """An open store: reads, changes, and its folder on this machine."""

    is_file: bool
    machine: str  # Which one of its machines this is, "" for a file.
    path: str  # The file, or the URL without its password: which store it is.
    signals: Signals
    notes: list[str]

    @property
    def folder(self) -> StoreFolder:
        """Where this machine keeps what is no row."""

    def read(self) -> AbstractContextManager[ReadTx]:
        """Begin a consistent read."""

    def write(self) -> AbstractContextManager[Tx]:
        """Begin an atomic change: alone in the store until its commit is visible."""

    def touch(self) -> AbstractContextManager[Tx]:
        """Begin a change of one fenced statement without an event; a server takes no lock."""

    def data_version(self) -> int:
        """Return a number that changes with others' commits."""

    def require_same_file(self) -> None:
        """Raise store_error/replaced if another store is there now."""

    def described(self) -> str:
        """Return the version and the kind of the store, for people."""

    def close(self) -> None:
        """Close it."""
