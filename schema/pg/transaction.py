"""Transactions on a server: ReadTx and Tx with the same answers as on the file.

The first statement of a change locks the store's counter row: BEGIN IMMEDIATE's twin. Everything
an operation checks stays true until its COMMIT is visible, and event ids are given out and seen
in one order (docs/decisions/0021-postgresql.md).
"""

from schema.pg import wire
from schema.pg.errors import failure_of, nul
from schema.pg.statements import text_of
from schema.transaction import Commit, ReadTx, Tx, _Read, _Write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.clock import Instant
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
        except ValueError:
            raise nul()


# On the hot way, and nobody looks at what they give: they travel with what comes next, so that the
# lock is held for half as many round trips.
_LATER = frozenset((
    "agent_note", "artifact_insert", "event_record", "key_store", "lease_end", "lease_start",
    "message_insert", "thread_insert", "thread_touch",
))  # fmt: skip


class PgTx(PgReadTx, Tx):
    """One atomic change, from the lock to COMMIT.

    `is_awaited`: another machine waited for something when the lock was had. Who comes later takes
    the lock before it looks (`PgDatabase.expect`), and so finds what this one does.
    """

    __slots__ = ("_last", "_later", "is_awaited")

    def __init__(self, server: "wire.Connection", now: "Instant", more: "tuple[int, int]") -> None:
        super().__init__(server, now)
        self._last, self.is_awaited = more[0], bool(more[1])
        self._later: list[bytes] = []

    def run(self, query: "Query", values: "dict[str, object]") -> "Any":
        """Run what waits and then this statement, in one round trip."""
        if not self._later:
            return super().run(query, values)
        self._put_off(query, values)
        return wire.run(self._connection, self.taken())

    def execute(self, query: "Query", **values: object) -> int:
        """Run a statement and return how many rows it changed; 1 for one that is put off."""
        if query.name in _LATER:
            self._put_off(query, values)
            return 1
        changed: int = self.run(query, values).rowcount
        return changed

    def value(self, query: "Query", **values: object) -> "Any":
        """Return the first column of the one row; an event's id is known: the lock is held."""
        if query.name in _LATER:
            self._put_off(query, values)
            self._last += 1
            return self._last
        return super().value(query, **values)

    def taken(self) -> bytes:
        """Return what was put off, as one text, and forget it."""
        text = b";".join(self._later)
        self._later.clear()
        return text

    def _put_off(self, query: "Query", values: "dict[str, object]") -> None:
        values["now"] = self.now.wall_ms
        try:
            self._later.append(wire.written(self._connection, text_of(query), values))
        except ValueError:
            raise nul()


class PgTouch(PgReadTx, Tx):
    """Statements that are a whole change each, committed at once and without the lock."""

    __slots__ = ("_first",)

    def __init__(self, server: "wire.Connection", now: "Instant", first: str) -> None:
        super().__init__(server, now)
        self._first = first.encode()

    def run(self, query: "Query", values: "dict[str, object]") -> "Any":
        """Run a statement and commit it, in one round trip."""
        values["now"] = self.now.wall_ms
        try:
            text = wire.written(self._connection, text_of(query), values)
        except ValueError:
            raise nul()
        return wire.run(self._connection, self._first + b";" + text)

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
        server, now, _ = self._pg.begin("begin_read")
        tx = PgReadTx(server, now)
        tx.machine = self._pg.machine
        return tx

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
        self._tx.machine = self._pg.machine
        try:
            self._pg.require_allowed(self._tx)
        except BaseException:
            self._pg.rollback()
            raise
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


class PgTouching(_Write):
    """`with db.touch()`."""

    __slots__ = ("_pg",)

    def __init__(self, db: "PgDatabase") -> None:
        self._pg = db

    def __enter__(self) -> PgTouch:
        self._pg.signals.lower()
        server, now, _ = self._pg.begin("begin_touch")
        touch = PgTouch(server, now, self._pg.text("touch"))
        touch.machine = self._pg.machine
        self._pg.require_allowed(touch)
        self._pg.signals.shield()  # What it says is done at once.
        return touch

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, wire.Error):
            self._pg.rollback()
            raise failure_of(error) from error
