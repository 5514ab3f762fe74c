"""Database, Tx, ReadTx: how every package reads and changes the file.

Owns: BEGIN IMMEDIATE, one frozen `now` per transaction, the queue of writers, what a failed
COMMIT means, ringing the waiters, and turning apsw's errors into Failures (by class, never by
text). A function whose first parameter is a Database is a workflow; Tx, one atomic step;
ReadTx cannot write. Accepts only Query objects from the packages' `.sql` files.
"""

import os

import apsw

from schema import ids
from schema.clock import Clock, Instant
from schema.failures import Failure
from schema.json_text import Json
from schema.signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from schema.keys import Key
    from schema.queries import Query
    from schema.store_folder import StoreFolder
    from schema.writer_queue import Queue

    Row = tuple[Any, ...]

BUSY_BUDGET_MS = 10_000
WAKE_SUFFIX, LOCK_SUFFIX = ".wake", ".lock"

_CRASHING = "ORCH_CRASH_AT" in os.environ  # Tests only; nobody else loads the module.
if _CRASHING:
    from schema import crash_points

_DATA_VERSION, BEGIN_READ, BEGIN_WRITE = "PRAGMA data_version", "BEGIN", "BEGIN IMMEDIATE"


class ReadTx:
    """One consistent view of the store; `now` is frozen for all of it.

    `machine`: which one of the store's machines this is, "" for a file, which has but one.
    """

    __slots__ = ("_connection", "machine", "now")

    def __init__(self, connection: apsw.Connection, now: Instant) -> None:
        self._connection = connection
        self.machine = ""
        self.now = now

    def run(self, query: "Query", values: "dict[str, object]") -> apsw.Cursor:
        """Begin a statement; who asks fetches all its rows."""
        values["now"] = self.now.wall_ms
        return self._connection.execute(query.text, values)

    def many(self, query: "Query", **values: object) -> "list[Row]":
        """Return all rows; none are left to fetch."""
        return self.run(query, values).fetchall()

    def maybe(self, query: "Query", **values: object) -> "Row | None":
        """Return the first row, or None."""
        rows = self.run(query, values).fetchall()
        return rows[0] if rows else None

    def one(self, query: "Query", **values: object) -> "Row":
        """Return the one row. Raises: internal_error when there is none (our bug)."""
        row = self.maybe(query, **values)
        if row is None:
            raise Failure("internal_error", "bug", f"{query.name}: no row where one must be")
        return row

    def value(self, query: "Query", **values: object) -> "Any":
        """Return the first column of the one row."""
        return self.one(query, **values)[0]

    def json(self, query: "Query", **values: object) -> Json:
        """Return the first column of the one row as JSON text."""
        return Json(self.one(query, **values)[0])


class Tx(ReadTx):
    """One atomic change: everything between BEGIN IMMEDIATE and COMMIT."""

    __slots__ = ("_topics", "key", "last_event_id", "tx_id")

    def __init__(self, connection: apsw.Connection, now: Instant) -> None:
        super().__init__(connection, now)
        self.tx_id = ids.random_63_bits()
        self.last_event_id = 0
        self.key: Key | None = None  # Stored in this transaction: its other trace in the file.
        self._topics: set[str] = set()

    def execute(self, query: "Query", **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        self.run(query, values).fetchall()
        return self._connection.changes()

    def ring(self, topic: str) -> None:
        """Wake the waiters on `topic` once this transaction is committed."""
        self._topics.add(topic)

    @property
    def topics(self) -> set[str]:
        """The topics to ring."""
        return self._topics


class Database:
    """An open store. `read()` and `write()` are context managers that yield a transaction.

    Guarantees: an exception inside `write()` leaves nothing behind; when it ends normally the
    change is durable (synchronous=FULL) and the waiters have been rung. Raises out of both:
    store_busy, store_error with the reason, output of the operation.
    `notes` are sentences that the command tells people beside its answer. `guard` may refuse each
    change as it begins: that of a driver which lost its lease.
    """

    is_file = True  # The other engine: schema/pg.
    machine = ""  # As in its transactions.
    __slots__ = (
        "_queue", "_require_known", "_ring", "_was_committed", "_wrote", "clock", "connection",
        "guard", "inode", "notes", "path", "signals",
    )  # fmt: skip

    def __init__(
        self,
        path: str,
        connection: apsw.Connection,
        was_committed: "Callable[[Database, Tx, Failure], bool]",
        ring: "Callable[[str, set[str]], None]",
        require_known: "Callable[[str, apsw.Connection], None]",
        clock: Clock | None = None,
    ) -> None:
        """Take what is handed in by file.open_store: each loads its module when called."""
        self._require_known = require_known
        self._was_committed = was_committed
        self._ring = ring
        self.path, self.connection = path, connection
        self.clock, self.signals = clock or Clock(), Signals()
        self.inode = inode_of(path)
        self.notes: list[str] = []
        self.guard: Callable[[Tx], None] | None = None
        self._queue: Queue | None = None
        self._wrote = False

    @property
    def folder(self) -> "StoreFolder":
        """What belongs to the store on this machine's disk beside its rows."""
        from schema.store_folder import StoreFolder

        return StoreFolder(self.path, self.path + WAKE_SUFFIX, self.path + LOCK_SUFFIX)

    def described(self) -> str:
        """Return the version and the kind of the store, for people."""
        version, journal = (self.connection.pragma(n) for n in ("user_version", "journal_mode"))
        return f"version {version}, journal {journal}"

    def read(self) -> "_Read":
        """Begin a consistent read."""
        return _Read(self)

    def write(self) -> "_Write":
        """Begin an atomic change."""
        return _Write(self)

    def touch(self) -> "_Write":
        """Begin a change that leaves no event: one statement, fenced by its own WHERE.

        A server's store takes no lock for it, so what was read before it may have changed: whoever
        changed no row reads again. Renewals and cursors are of this kind.
        """
        return _Write(self)

    def data_version(self) -> int:
        """Return a number that changes with others' commits; apsw's own method misses them.

        Not by apsw's pragma(), which makes the statement anew: waiters ask four times a second.
        """
        row: Row = self.connection.execute(_DATA_VERSION).fetchall()[0]
        return int(row[0])

    def require_same_file(self) -> None:
        """Raise store_error/replaced if the path no longer names the file that is open.

        Raises also: newer_schema, once a newer program changed it in a way that we do not know.
        """
        if inode_of(self.path) != self.inode:
            raise Failure(
                "store_error", "replaced",
                f"{self.path} was replaced or removed while it was in use",
                hint="find out who swapped the file before going on; inbox doctor --deep",
            )  # fmt: skip
        self._require_known(self.path, self.connection)

    def close(self) -> None:
        """Close the connection and the queue's file."""
        self.connection.close()
        if self._queue is not None:
            self._queue.close()

    def begin_write(self) -> None:
        """BEGIN IMMEDIATE: at once, or after queueing, within the busy budget. Raises: store_busy.

        A process's first write tries at once; losers, and who writes again, queue on flock of a
        side file: the kernel wakes them in order, and death frees the place. The head keeps its
        place until its transaction is over (`end_write`). Without a queue a loop that has just
        committed takes the lock again before anyone wakes up, and SQLite's own busy handler
        starves (decision 0004). One that does not move is passed by: SQLite's lock decides.
        """
        try:
            if not self._wrote:
                self._wrote = True
                self.connection.set_busy_timeout(0)
                try:
                    self.connection.execute(BEGIN_WRITE)
                    return
                except apsw.BusyError:
                    pass
            self._begin_queued()
        finally:
            self.connection.set_busy_timeout(BUSY_BUDGET_MS)

    def _begin_queued(self) -> None:
        if self._queue is None:
            from schema.writer_queue import Queue

            self._queue = Queue(self.path + LOCK_SUFFIX)
        self._queue.begin_write(self.connection, BEGIN_WRITE, BUSY_BUDGET_MS)

    def end_write(self) -> None:
        """Let the next one of the queue write, after a COMMIT or ROLLBACK."""
        if self._queue is not None:
            self._queue.leave()

    def commit(self, tx: Tx) -> None:
        """COMMIT, or find out what a failed COMMIT did.

        An I/O error out of COMMIT is not a rollback: the row may be there after recovery.
        So the file is asked, on a new connection, for this transaction's last event, or its key.
        What leaves neither (a cursor, an implicit renewal) may be repeated.
        Raises: store_error (nothing was done) or store_error/outcome_unknown.
        """
        self.signals.shield()
        if _CRASHING:
            crash_points.reach("commit.before")
        try:
            self.connection.execute("COMMIT")
        except apsw.Error as error:
            failure = _failure_of(error)
            if not self._was_committed(self, tx, failure):
                raise failure from error
        self.end_write()  # Before the waiters are rung: the next writer need not wait for that.
        if _CRASHING:
            crash_points.reach("commit.after")
        if tx.topics:
            self._ring(self.path, tx.topics)


class _Read:
    __slots__ = ("_db",)

    def __init__(self, db: Database) -> None:
        self._db = db

    def __enter__(self) -> ReadTx:
        self._db.signals.lower()
        try:
            self._db.connection.execute(BEGIN_READ)
        except apsw.Error as error:
            raise _failure_of(error) from error
        return ReadTx(self._db.connection, self._db.clock.now())

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        _rollback(self._db.connection)
        if isinstance(error, apsw.Error):
            raise _failure_of(error) from error


class _Write:
    __slots__ = ("_db", "_tx")

    def __init__(self, db: Database) -> None:
        self._db = db

    def __enter__(self) -> Tx:
        self._db.signals.lower()
        try:
            self._db.begin_write()
        except apsw.Error as error:
            raise _failure_of(error) from error
        self._tx = Tx(self._db.connection, self._db.clock.now())
        if self._db.guard is not None:
            try:
                self._db.guard(self._tx)
            except BaseException:
                self._undo()
                raise
        return self._tx

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, Commit):
            try:
                self._db.commit(self._tx)
            except BaseException:
                self._undo()
                raise
            return
        self._undo()
        if isinstance(error, apsw.Error):
            raise _failure_of(error) from error

    def _undo(self) -> None:
        _rollback(self._db.connection)
        self._db.end_write()


class Commit(Failure):
    """A refusal that keeps what it wrote: an abandoned thread, a late result."""

    __slots__ = ()


def _rollback(connection: apsw.Connection) -> None:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except apsw.Error:
        pass  # SQLite has rolled back already, or the connection is gone: nothing is kept.


def inode_of(path: str) -> tuple[int, int]:
    """Return (device, inode) of `path`, zeros when nothing is there."""
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _failure_of(error: apsw.Error) -> Failure:
    from schema.store_errors import failure_of

    return failure_of(error, BUSY_BUDGET_MS)
