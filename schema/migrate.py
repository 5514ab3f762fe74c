"""Bring an older store up to date: never half of it.

First a verified backup is written beside it, then every missing migration runs in one transaction,
re-checked under the write lock. Migrations are append-only files.
"""

import os

import apsw

from schema import crash_points
from schema.failures import Failure
from schema.transaction import BEGIN_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.transaction import Database


def scripts(first: int, last: int) -> "Iterator[tuple[int, str]]":
    """Yield (number, SQL) of the migrations `first`..`last`, in order."""
    folder = os.path.join(os.path.dirname(__file__), "migrations")
    for name in sorted(os.listdir(folder)):
        number = int(name[:4])
        if name.endswith(".sql") and first <= number <= last:
            with open(os.path.join(folder, name), encoding="utf-8") as script:
                yield number, script.read()


def apply(connection: apsw.Connection, first: int, last: int, application_id: int) -> None:
    """Run the migrations `first`..`last` in the caller's transaction, and sign the file."""
    for number, script in scripts(first, last):
        connection.execute(script)
        crash_points.reach(f"migrate.{number}")
    connection.pragma("application_id", application_id)
    connection.pragma("user_version", last)


def upgrade(
    path: str, connection: apsw.Connection, version: int, newest: int, application_id: int
) -> None:
    """Bring an open store from `version` to `newest`, after a verified backup.

    Guarantees: killed at any point, the store is whole at one of the two versions.
    """
    backup(connection, f"{path}.v{version}-{os.urandom(3).hex()}.bak")
    crash_points.reach("migrate.after_backup")
    connection.execute(BEGIN_WRITE)
    try:
        current = connection.pragma("user_version")
        if current < newest:  # Another process may have been faster.
            apply(connection, current + 1, newest, application_id)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def backup_store(db: "Database", target: str) -> None:
    """Write a copy of an open store, as `backup` does. Raises: what that does."""
    backup(db.connection, target)


def backup(connection: apsw.Connection, target: str) -> None:
    """Write a consistent, verified 0600 copy to `target`, which must not exist.

    VACUUM INTO reads one snapshot while others write; the copy is checked, synced and
    only then given its name. Raises: apsw.Error, OSError, store_error/corrupt.
    """
    draft = f"{target}.part-{os.urandom(4).hex()}"
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 1)  # VACUUM INTO attaches.
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        connection.execute("VACUUM INTO ?", (draft,))
        crash_points.reach("backup.written")
        copy = apsw.Connection(draft, flags=apsw.SQLITE_OPEN_READWRITE)
        verdict = copy.pragma("integrity_check")
        copy.execute("PRAGMA journal_mode=WAL")  # As a store is opened: never switched later.
        copy.close()
        if verdict != "ok":
            raise Failure("store_error", "corrupt", f"the copy fails its check: {verdict}")
        sync(draft)
        os.link(draft, target)  # Refuses to replace anything, unlike rename.
        crash_points.reach("backup.linked")
    finally:
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        for leftover in (draft, draft + "-wal", draft + "-shm"):
            if os.path.lexists(leftover):
                os.unlink(leftover)
    sync(os.path.dirname(os.path.abspath(target)))


def sync(path: str) -> None:
    """Bring a file or folder to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
