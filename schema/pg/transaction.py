"""Transactions on a server: ReadTx and Tx with the same answers as on the file.

The first statement of a change locks the store's counter row: BEGIN IMMEDIATE's twin. Everything
an operation checks stays true until its COMMIT is visible, and event ids are given out and seen
in one order (docs/decisions/0021-postgresql.md).
"""

from schema.pg import wire
from schema.pg.errors import failure_of
from schema.pg.statements import text_of
from schema.transaction import Commit, ReadTx, Tx, _Read, _Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.pg.database import PgDatabase
    from schema.queries import Query


class PgReadTx(ReadTx):
    """One consistent view of a store on a server."""

    __slots__ = ()
    _connection: "Any"  # The slot of the other engine's: two that differ cannot be mixed.

    def run(self, query: "Query", values: "dict[str, object]") -> "Any":
        """Run a statement; its rows are here already."""
        values["now"] = self.now.wall_ms
        try:
            return wire.run(self._connection, text_of(query), values)
        except ValueError:  # A NUL, which the driver refuses before the server does.
            from schema.failures import invalid_input

            raise invalid_input("a text holds a NUL character", reason="text")


class PgTx(PgReadTx, Tx):
    """One atomic change, from the lock to COMMIT."""

    __slots__ = ()

    def execute(self, query: "Query", **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        changed: int = self.run(query, values).rowcount
        return changed


class PgRead(_Read):
    """`with db.read()`."""

    __slots__ = ("_pg",)

    def __init__(self, db: "PgDatabase") -> None:
        self._pg = db

    def __enter__(self) -> PgReadTx:
        self._pg.signals.lower()
        return PgReadTx(*self._pg.begin("begin_read"))

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self._pg.rollback()
        if isinstance(error, wire.Error):
            raise failure_of(error) from error


class PgWrite(_Write):
    """`with db.write()`."""

    __slots__ = ("_pg",)

    def __init__(self, db: "PgDatabase") -> None:
        self._pg = db

    def __enter__(self) -> PgTx:
        self._pg.signals.lower()
        self._tx = PgTx(*self._pg.begin("begin_write"))
        return self._tx

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, Commit):
            try:
                self._pg.commit(self._tx)
            except BaseException:
                self._pg.rollback()
                raise
            return
        self._pg.rollback()
        if isinstance(error, wire.Error):
            raise failure_of(error) from error
