"""A file's store becomes a server's: every row, its identity, its secret, its tokens.

Under the file's write lock, so that nothing is added meanwhile; in one transaction of the server,
so that half a copy is none. The file is marked only after the copy was compared with it: until
then it is the store, and the same command again begins anew. What is no row stays where it is,
and is found there by a link in this machine's state folder.
"""

import os

from schema.failures import Failure
from schema.file import MOVED_ID
from schema.pg import blobs, machine, migrate, wire
from schema.pg.errors import failure_of
from schema.pg.statements import of_server
from schema.pg.where import Where
from schema.store_folder import StoreFolder
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

    from schema.transaction import Row, Tx

_ROWS_AT_ONCE = 20_000
_OWN = ("blob", "counter", "store_version", "waiter", "message_text", "message_text_state")


class Moved(Value):
    """What was copied: where to, how many rows of each table, and the newest event."""

    shown: str
    rows: dict[str, int]
    high_event_id: int


def copy(tx: "Tx", folder: str, url: str) -> Moved:
    """Copy the store of an open write on a file to a server; the file is not touched.

    Raises: invalid_state/duplicate when another store with threads is there; store_error.
    """
    where = Where(url)
    migrate.create(url)
    source: apsw.Connection = tx._connection
    store_id = str(source.execute("SELECT store_id FROM store").fetchall()[0][0])
    try:
        server = wire.connect(where.parameters)
        try:
            _require_free(server, where, store_id)
            rows = _fill(server, where, source, folder)
        finally:
            wire.close(server)
    except wire.Error as error:
        raise failure_of(error) from error
    _link(store_id, folder)
    last = source.execute("SELECT coalesce(max(event_id), 0) FROM event").fetchall()[0][0]
    return Moved(where.shown, rows, int(str(last)))


def mark(tx: "Tx") -> None:
    """Let the file say that its rows are elsewhere, and take no more: others may have it open."""
    file: apsw.Connection = tx._connection
    file.execute(
        "CREATE TRIGGER store_moved BEFORE INSERT ON event"
        " BEGIN SELECT RAISE(ABORT, 'the store was moved to a server'); END"
    )
    file.pragma("application_id", MOVED_ID)


def _ask(server: "wire.Connection", where: Where, name: str) -> "list[Row]":
    return wire.run(server, of_server(name, where.schema)).fetchall()


def _require_free(server: "wire.Connection", where: Where, store_id: str) -> None:
    found, events, threads = _ask(server, where, "move_state")[0]
    if found != store_id and (events or threads):
        raise Failure(
            "invalid_state", "unsupported", f"{where.shown} holds another store with threads",
            hint="name an empty schema: ?schema=NAME",
        )  # fmt: skip


def _fill(
    server: "wire.Connection", where: Where, source: "apsw.Connection", folder: str
) -> dict[str, int]:
    """Replace all rows by those of the file, and count them on both sides."""
    tables = [
        (str(table), str(columns).split(" "))
        for table, columns in _ask(server, where, "move_columns")
        if table not in _OWN
    ]
    wire.run(server, "BEGIN")
    _ask(server, where, "migrate_path")
    names = ", ".join(f'"{table}"' for table, _ in tables)
    wire.run(server, f"TRUNCATE {names}, message_text, counter CASCADE")
    for table, _ in tables:  # They judge steps; a row that is history took its steps elsewhere.
        wire.run(server, f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    counts = {table: _copy_table(server, source, table, columns) for table, columns in tables}
    wire.run(server, "SET CONSTRAINTS ALL IMMEDIATE")
    for table, _ in tables:
        wire.run(server, f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
    _number(server, where)
    _give(server, where, source, folder)
    wire.run(server, "COMMIT")
    return counts


def _copy_table(
    server: "wire.Connection", source: "apsw.Connection", table: str, columns: list[str]
) -> int:
    named = ", ".join(f'"{column}"' for column in columns)
    rows = source.execute(f'SELECT {named} FROM "{table}" ORDER BY 1')
    copied = 0
    # What a row refers to in its own table is there by the end of its statement.
    while some := [row for _, row in zip(range(_ROWS_AT_ONCE), rows, strict=False)]:
        wire.fill(server, f'INSERT INTO "{table}" ({named}) VALUES %s', some)
        copied += len(some)
    there = wire.run(server, f'SELECT count(*) FROM "{table}"').fetchall()[0][0]
    if there != copied:
        raise Failure(
            "store_error", "corrupt", f"{table}: {copied} rows were sent, {there} arrived"
        )
    return copied


def _give(server: "wire.Connection", where: Where, source: "apsw.Connection", folder: str) -> None:
    """Let other machines have the kept bytes; what is too large for that stays found here."""
    asked = source.execute("SELECT DISTINCT sha256 FROM artifact WHERE copied = 1").fetchall()
    for (sha256,) in asked:
        path = StoreFolder(os.path.join(folder, "store"), "", "").artifact(str(sha256))
        if os.path.isfile(path) and os.path.getsize(path) <= blobs.MOST_BYTES:
            with open(path, "rb") as file:
                values = {"sha256": sha256, "content": file.read()}
            wire.run(server, of_server("blob_give", where.schema), values)


def _number(server: "wire.Connection", where: Where) -> None:
    """Let every number go on from where the file was."""
    numbered = [("event", "event_id"), *_ask(server, where, "move_numbers")]
    for table, column in numbered:
        wire.run(
            server,
            "INSERT INTO counter (name, last)"
            f' SELECT %(table)s, coalesce(max("{column}"), 0) FROM "{table}"',
            {"table": table},
        )
    wire.run(server, "UPDATE message_text_state SET indexed_through = 0")


def _link(store_id: str, folder: str) -> None:
    """Let what is no row be found where it is."""
    place = os.path.join(machine.state_folder(), "stores", store_id)
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    if not os.path.lexists(place):
        os.symlink(os.path.abspath(folder), place)
