"""A store on a PostgreSQL server: the same methods as the file's, the same promises.

Owns: the gate on opening, when a connection is made anew, what a COMMIT without an answer did,
and who is told of a change. Times are the server's: one clock for all machines.
"""

import time

from schema import events, ids, keys
from schema.clock import Clock, Instant
from schema.failures import Failure
from schema.file import SCHEMA_VERSION
from schema.pg import machine, whole_change, wire
from schema.pg.errors import failure_of, no_store, nul
from schema.pg.statements import in_schema, of_server
from schema.pg.transaction import PgRead, PgReadTx, PgTouching, PgTx, PgWrite
from schema.pg.where import Where
from schema.signals import Signals
from schema.steps import Step
from schema.store_folder import StoreFolder
from schema.transaction import _CRASHING, LOCK_SUFFIX, WAKE_SUFFIX, Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.queries import Query
    from schema.transaction import Row, Tx

_MOST_NOTICE = 7_000  # Bytes; PostgreSQL refuses 8,000.


class PgDatabase(Database):
    """An open store on a server; the methods promise what Database's do."""

    is_file = False

    __slots__ = (
        "_alive",
        "_oldest",
        "_server",
        "_virtual",
        "machine",
        "secret",
        "seen",
        "store_id",
        "where",
    )

    def __init__(self, where: Where) -> None:
        """Connect and pass the gate. Raises: not_found/store, store_error."""
        self.where, self.path = where, where.shown
        self.clock, self.signals = Clock(), Signals()
        self.notes: list[str] = []
        self.guard = None
        self._server = self._connect()
        self.store_id = self._passed()
        self._virtual = machine.store_place(self.store_id)
        self.machine = machine.machine_id()
        self._alive, self._oldest = self.store_id, 0

    def _connect(self) -> "wire.Connection":
        try:
            return wire.connect(self.where.parameters)
        except wire.Error as error:
            raise failure_of(error) from error

    def _passed(self) -> str:
        """Return the store's id if this program may use it. Raises: not_found, store_error."""
        try:
            row = self.ask("gate")
        except wire.Error as error:
            raise failure_of(error) from error
        if not row:
            raise no_store(self.path)
        version, oldest, store_id, is_replica, self.seen, self.secret = row[0]
        if is_replica:
            raise Failure(
                "store_error", "readonly", f"{self.path} is a replica, which lags behind",
                hint="name the primary server with --db",
            )  # fmt: skip
        if oldest > SCHEMA_VERSION or version < SCHEMA_VERSION:
            raise _other_version(self.path, max(version, oldest), oldest)
        return str(store_id)

    @property
    def folder(self) -> StoreFolder:
        """What belongs to the store on this machine's disk beside its rows."""
        return StoreFolder(self._virtual, self._virtual + WAKE_SUFFIX, self._virtual + LOCK_SUFFIX)

    def ask(self, name: str, **values: object) -> "list[Row]":
        """Run a block of server.pg.sql outside of any transaction. Raises: Error."""
        return wire.run(self._server, self.text(name), values).fetchall()

    def text(self, name: str) -> str:
        """Return a block of server.pg.sql for this store."""
        return of_server(name, self.where.schema)

    @property
    def channel(self) -> str:
        """Where changes of this store are told."""
        return f"orch_{self.store_id}"

    def described(self) -> str:
        """Return the version and the kind of the store, for people."""
        server = self.ask("server_version")[0][0]
        return f"version {SCHEMA_VERSION}, PostgreSQL {server}, schema {self.where.schema}"

    def read(self) -> PgRead:
        """Begin a consistent read."""
        return PgRead(self)

    def write(self) -> PgWrite:
        """Begin an atomic change."""
        return PgWrite(self)

    def touch(self) -> PgTouching:
        """Begin a change of one fenced statement, without the store's lock."""
        return PgTouching(self)

    def require_allowed(self, tx: "Tx") -> None:
        """Raise what the guard says against a change."""
        if self.guard is not None:
            self.guard(tx)

    def begin(self, how: str) -> "tuple[wire.Connection, Instant, tuple[int, int]]":
        """Begin a transaction; a connection that was lost meanwhile is made anew, once.

        Raises: store_busy, store_error.
        """
        self.live()
        try:
            row = self.ask(how, machine=self.machine)[0]
        except wire.LostConnection as error:
            self.rollback()
            if not wire.is_closed(self._server):
                raise failure_of(error) from error
            self._server = self._connect()
            return self.begin(how)
        except wire.Error as error:
            self.rollback()
            raise failure_of(error) from error
        return self._server, Instant(row[0], row[0], "server"), row[1:]

    def at_once(self, query: "Query", values: dict[str, object]) -> "Row | None":
        """Run a function of the store that is a whole change, in one round trip.

        Guarantees: once, also where an answer is lost and it is asked again. None: nothing was
        done, and the operation may say why. Raises: AnswerLost, store_busy, store_error.
        """
        if self.guard is not None:
            return None
        self.signals.lower()
        self.signals.shield()
        if _CRASHING:
            from schema import crash_points

            crash_points.reach("commit.before")
        values |= {"machine": self.machine, "seen": None, "tx": ids.random_63_bits()}
        row = whole_change.call(self, in_schema(query, self.where.schema), values)
        if row is not None:
            if _CRASHING:
                crash_points.reach("commit.after")
            self.seen = int(row[1])
            self._wake(set(row[4].split(" ")), is_awaited=row[5])
        return row

    def look(self, query: "Query", values: dict[str, object]) -> "Row":
        """Run a function of the store that only reads, in one round trip. Raises: store_error."""
        self.signals.lower()
        text = in_schema(query, self.where.schema)
        for left in (1, 0):  # A connection that was lost meanwhile is made anew, once.
            try:
                row: Row = wire.run(self.live(), text, values).fetchall()[0]
                return row
            except ValueError:
                raise nul()
            except wire.Error as error:
                if not left or not wire.is_closed(self._server):
                    raise failure_of(error) from error
        raise AssertionError

    def _wake(self, topics: set[str], is_awaited: bool) -> None:
        """Tell who waits here, and then elsewhere: a hint, and so no failure."""
        self.ring(topics)
        if is_awaited:
            try:
                self.ask("tell", **self._told(topics))
            except wire.Error:
                self.rollback()

    def live(self) -> "wire.Connection":
        """Return the connection, made anew if it was lost. Raises: store_error."""
        if wire.is_closed(self._server):
            self._server = self._connect()
        return self._server

    def rollback(self) -> None:
        """Leave the open transaction, if there is one."""
        try:
            if not wire.is_closed(self._server):
                wire.run(self._server, "ROLLBACK")
        except wire.Error:
            pass  # The connection is gone, and the server undoes what it held.

    def commit(self, tx: "Tx") -> None:
        """COMMIT and tell who waits, or find out what a COMMIT without an answer did.

        Raises: store_error (nothing was done) or store_error/outcome_unknown.
        """
        self.signals.shield()
        if _CRASHING:
            from schema import crash_points

            crash_points.reach("commit.before")
        try:
            wire.run(self._server, self._ending(tx))
        except wire.Error as error:
            failure = failure_of(error)
            if not self._is_there(tx, failure):
                raise failure from error
        if _CRASHING:
            crash_points.reach("commit.after")
        if tx.topics:
            self.ring(tx.topics)

    def _ending(self, tx: "Tx") -> bytes:
        """Return what was put off, the COMMIT, and who is told of it elsewhere, in one text."""
        assert isinstance(tx, PgTx)
        silent = b"" if tx.last_event_id else self.text("silent").encode().rstrip(b";")
        parts = [part for part in (tx.taken(), silent, b"COMMIT") if part]
        if tx.topics and tx.is_awaited:
            tell = of_server("tell", self.where.schema)
            parts.append(wire.written(self._server, tell, self._told(tx.topics)))
        return b";".join(parts)

    def _told(self, rung: set[str]) -> dict[str, object]:
        topics = " ".join(sorted(rung))
        topics = topics if len(topics.encode()) < _MOST_NOTICE else "any"
        return {"channel": self.channel, "topics": topics, "machine": self.machine}

    def ring(self, topics: set[str]) -> None:
        """Wake who waits on this machine; other machines are told by the server."""
        from schema import wakeup

        wakeup.ring(self._virtual, topics)

    def _is_there(self, tx: "Tx", failure: Failure) -> bool:
        """Say whether `tx` was committed after all; when the answer is no, it stays no.

        The lost connection's transaction holds the counter row until it is over, either way: so
        its lock is taken before anybody looks. Raises: store_error/outcome_unknown.
        """
        wire.close(self._server)
        try:
            again = PgReadTx(*self._return()[:2])
            if tx.last_event_id:
                done = events.was_committed(again, tx.last_event_id, tx.tx_id)
            else:
                done = keys.find(again, tx.key) is not None
        except (wire.Error, Failure) as error:
            raise whole_change.unknown(failure) from error
        self.rollback()
        return done

    def _return(self) -> "tuple[wire.Connection, Instant, tuple[int, int]]":
        """Begin on a new connection, as soon as the server lets us. Raises: store_error."""
        for left in reversed(range(whole_change.RETURNS)):
            try:
                return self.begin("begin_write")
            except Failure:
                if not left:
                    raise
                time.sleep(whole_change.RETURN_SECONDS)
        raise AssertionError

    def data_version(self) -> int:
        """Return a number that changes with every change under the lock."""
        try:
            self.live()
            rows = self.ask("data_version")
        except wire.LostConnection:
            return -1  # Whoever looks makes the connection anew, or says why not.
        except wire.Error:
            rows = []
        self._alive, self._oldest = rows[0][1:] if rows else ("", 0)
        return int(rows[0][0]) if rows else -1

    def require_same_file(self) -> None:
        """Raise store_error/replaced if another store is there now, as `data_version` saw it.

        Raises also: newer_schema, once it is only for newer programs.
        """
        if self._oldest > SCHEMA_VERSION:
            raise _other_version(self.path, self._oldest, self._oldest)
        if self._alive != self.store_id:
            raise Failure(
                "store_error", "replaced",
                f"the store at {self.path} was replaced or removed while it was in use",
                hint="find out who did that before going on; inbox doctor --deep",
            )  # fmt: skip

    @property
    def place(self) -> str:
        """A path as a file store's is; beside it stand the FIFOs of this machine's waiters."""
        return self._virtual

    def expect(self, topics: list[str], until_ms: int) -> None:
        """Tell writers elsewhere that this machine waits on the topics for so long from now."""
        told = {"topics": " ".join(topics), "machine": self.machine, "ms": until_ms}
        try:
            if self.ask("expect_again", **told)[0][0] < len(set(topics)):
                self.ask("expect", **told)
        except wire.Error as error:
            self.rollback()
            raise failure_of(error) from error

    def close(self) -> None:
        """Close the connection."""
        wire.close(self._server)


def _other_version(path: str, version: int, oldest: int) -> Failure:
    if oldest > SCHEMA_VERSION:
        return Failure(
            "store_error", "newer_schema",
            f"{path} has schema {version}; this program knows up to {SCHEMA_VERSION}",
            hint="update orch-inbox; the store was left untouched",
        )  # fmt: skip
    return Failure(
        "store_error", "older_schema",
        f"{path} has schema {version}; this program needs {SCHEMA_VERSION}",
        hint="its owner brings it up to date, others go on meanwhile",
        next=[Step(("orch", "store", "migrate"), "act")],
    )  # fmt: skip


def server(db: Database) -> PgDatabase:
    """Return an open store of which it is known that a server keeps it."""
    assert isinstance(db, PgDatabase)
    return db


def another(db: Database) -> PgDatabase:
    """Return the same store on a connection of its own."""
    return PgDatabase(server(db).where)


def open_pg(url: str) -> PgDatabase:
    """Open the store that a URL names. Raises: invalid_input, not_found/store, store_error."""
    return PgDatabase(Where(url))
