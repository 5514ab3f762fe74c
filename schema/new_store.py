"""Make an empty store: never half of one.

It is built in a temporary file that is renamed when it is whole. Stores live on a local disk alone.
"""

import fcntl
import os

import apsw

from schema import crash_points, file, migrate, writer_queue
from schema.failures import Failure
from schema.store_errors import failure_of
from schema.transaction import BEGIN_WRITE, BUSY_BUDGET_MS

# Stores live on one kernel's local disk: elsewhere WAL is not sound (sqlite.org/wal, section 1).
# fmt: off
_UNSAFE_FILE_SYSTEMS = frozenset((
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "virtiofs", "fuse", "fuseblk",
    "afs", "ceph", "glusterfs", "lustre", "ncpfs", "coda", "gpfs", "beegfs", "vboxsf", "vmhgfs",
))
# fmt: on


def file_system_of(path: str) -> str:
    """Return the type of the file system that holds `path`, '' where it cannot be told."""
    real = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                fields = line.split(" ")
                point = fields[1].replace("\\040", " ")
                inside = real == point or real.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, fields[2]
    except OSError:
        return ""
    return kind


def require_local(path: str) -> None:
    """Refuse a directory on a network or host-shared file system."""
    kind = file_system_of(path)
    if kind in _UNSAFE_FILE_SYSTEMS or kind.startswith("fuse."):
        raise Failure(
            "store_error",
            "unsafe",
            f"{path} is on {kind}, where SQLite's WAL is not safe",
            hint="keep the store on a local disk and name it with --db or ORCH_DB",
        )


def create(path: str, version: int = file.SCHEMA_VERSION) -> bool:
    """Make an empty store at `path`; say whether it is new. Safe to race and to kill.

    `version` below the newest exists for tests of the upgrade.
    Raises: store_error (unsafe, io, full, readonly).
    """
    file.require_sqlite()
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        folder = os.path.realpath(folder)
        path = os.path.join(folder, os.path.basename(path))
        file.require_safe_folder(path)
        require_local(folder)
        if os.path.basename(folder) == file.STORE_FOLDER:
            _ignore(folder)
        return _create_locked(path, version)
    except apsw.Error as error:
        raise failure_of(error, BUSY_BUDGET_MS) from error
    except OSError as error:
        reason = "full" if error.errno == 28 else "readonly" if error.errno in (13, 30) else "io"
        raise Failure(
            "store_error",
            reason,
            f"cannot make a store at {path}: {error.strerror}",
            hint=f"make {folder} writable, or name another file with --db",
        )


def _ignore(folder: str) -> None:
    """Keep the store out of git, without a commit of the user's."""
    try:
        fd = os.open(folder + "/.gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    os.write(fd, b"*\n")
    os.close(fd)


def _create_locked(path: str, version: int) -> bool:
    lock = writer_queue.open_side_file(path + ".lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.lexists(path):
            return False
        draft = path + ".new"
        for leftover in (draft, draft + "-wal", draft + "-shm", draft + "-journal"):
            if os.path.lexists(leftover):
                os.unlink(leftover)  # Of a creation that was killed: nobody ever opened it.
        _build(draft, version)
        crash_points.reach("create.before_rename")
        os.rename(draft, path)
        migrate.sync(os.path.dirname(path))
        crash_points.reach("create.after_rename")
        return True
    finally:
        os.close(lock)


def _build(draft: str, version: int) -> None:
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    connection = apsw.Connection(draft, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(1000)
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute(BEGIN_WRITE)
    migrate.apply(connection, 1, version, file.APPLICATION_ID)
    connection.execute(
        "INSERT INTO store (only_row, store_id, secret, created_at) "
        "VALUES (1, lower(hex(randomblob(8))), ?, unixepoch() * 1000)",
        (os.urandom(32),),
    )
    connection.execute("COMMIT")
    connection.close()  # The last close folds the WAL in: one whole file is renamed.
    migrate.sync(draft)
