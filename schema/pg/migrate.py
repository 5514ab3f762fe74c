"""Make a store on a server, and bring one up to date: never half of it, never by two at once.

One migration number counts for both engines: `schema/pg/migrations/NNNN_words.sql` is what
`schema/migrations/NNNN_….sql` is to the file; the first ones hold all that came before. A store
is brought up to date by its owner alone, and never by opening it: others may be at work.
"""

import os

from schema.failures import Failure
from schema.file import SCHEMA_VERSION
from schema.pg import wire
from schema.pg.errors import failure_of, no_store
from schema.pg.statements import of_server
from schema.pg.where import Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Row

_FOLDER = os.path.join(os.path.dirname(__file__), "migrations")


def scripts(first: int, last: int) -> "Iterator[tuple[int, str]]":
    """Yield (number, SQL) of the files `first`..`last`, in order."""
    for name in sorted(os.listdir(_FOLDER)):
        if name.endswith(".sql") and first <= int(name[:4]) <= last:
            with open(os.path.join(_FOLDER, name), encoding="utf-8") as script:
                yield int(name[:4]), script.read()


def create(url: str, newest: int = SCHEMA_VERSION) -> bool:
    """Make an empty store where a URL says, schema and all; say whether it is new.

    `newest` below the newest exists for tests of the upgrade.
    Guarantees: two at once make one; killed, it leaves nothing. Raises: store_busy, store_error.
    """
    return _at(url, newest, may_make=True) < 0


def upgrade(url: str) -> int:
    """Bring a store up to date and return the version that it had. Raises: as `create` does."""
    return _at(url, SCHEMA_VERSION, may_make=False)


def _at(url: str, newest: int, may_make: bool) -> int:
    """Do it in one transaction; return the version that was there, -1 for none."""
    where = Where(url)
    try:
        server = wire.connect(where.parameters)
        try:
            return _do(server, where, newest, may_make)
        finally:
            wire.close(server)
    except wire.Error as error:
        raise failure_of(error) from error


def _do(server: "wire.Connection", where: Where, newest: int, may_make: bool) -> int:
    def _ask(name: str, **values: object) -> "list[Row]":
        return wire.run(server, of_server(name, where.schema), values).fetchall()

    wire.run(server, "BEGIN")
    if not _ask("migrate_lock", schema=where.schema)[0][0]:
        raise Failure(
            "store_busy", "locked", "somebody else is making or migrating this store",
            hint="run the same command again",
        )  # fmt: skip
    is_there = _ask("migrate_there", table=f"{where.schema}.store_version")[0][0]
    found = _ask("migrate_version") if is_there else []
    version = int(found[0][0]) if found else -1
    if version < 0 and not may_make:
        raise no_store(where.shown)
    if version >= 0 and may_make:
        return version
    if version < 0:
        _require_fit(*_ask("migrate_fit")[0])
        _ask("migrate_begin")
    _ask("migrate_path")
    for _, script in scripts(version + 1, newest):
        wire.run(server, script)
    if version < 0:
        _ask("migrate_store", id=os.urandom(8).hex(), secret=os.urandom(32))
    _ask("migrate_done", version=newest)
    wire.run(server, "COMMIT")
    return version


def _require_fit(encoding: str, collation: str, number: int) -> None:
    """Refuse a database in which text would be ordered or kept otherwise. Raises: store_error."""
    if number < 150000:
        raise _unfit(f"the server is PostgreSQL {number // 10000}", "use PostgreSQL 15 or newer")
    if encoding != "UTF8" or collation not in ("C", "POSIX", "C.UTF-8", "C.utf8"):
        raise _unfit(
            f"the database has encoding {encoding} and collation {collation}",
            "make one: createdb --template=template0 --encoding=UTF8 --locale=C NAME",
        )


def _unfit(message: str, hint: str) -> Failure:
    return Failure("store_error", "unsafe", message, hint=hint)
