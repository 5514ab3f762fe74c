"""Find, create and open the store's file; each pragma with its reason.

The open procedure follows docs/invariants.md (I10): version gate, 0700/0600, no links, own
uid, no network file system, WAL, synchronous=FULL. Only `create()` makes a file.
"""

import os
import stat
import time

import apsw

from schema.failures import Failure
from schema.transaction import BUSY_BUDGET_MS, WAKE_SUFFIX, Database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.clock import Clock
    from schema.transaction import Tx

APPLICATION_ID = 0x4F524348  # "ORCH"
MOVED_ID = 0x4F52434D  # "ORCM": its rows are on a server now.
SCHEMA_VERSION = 16  # Number of the newest file in schema/migrations/.
STORE_FOLDER = ".orch"
STORE_NAME = "coord.db"
URL_FILE = "store-url"  # Beside where the file would be: the store is on a server.
URLS = ("postgresql://", "postgres://")
LEGACY_STORE = ".agents/coord.db"  # Where the original protocol kept it.
FIRST_GOOD = (3, 51, 3)  # Before it: the WAL-reset race loses committed rows (sqlite.org/wal).
_WITHDRAWN = (3, 52, 0)
_HEAP_KEPT = 1024 * 1024
_EINVAL, _EFBIG = 22, 27
_FOLD_PAGES = 1_000  # Of WAL (4 MB): from here on a COMMIT folds it in, and waits for others
_FOLD_NAPS = 300  # so often at most for each lock,
_FOLD_NAP_SECONDS = 0.0003  # so long each: SQLite's own naps are longer, and others barge in.
_MAX_VALUE_BYTES = 16 * 1024 * 1024


def main_checkout(start: str) -> tuple[str | None, str | None]:
    """Return (top of the checkout `start` is in, top of its main checkout), without running git.

    In a linked worktree the two differ; outside git both are None.
    """
    here = start
    while True:
        dot_git = here + "/.git"
        try:
            mode = os.stat(dot_git).st_mode
        except OSError:
            mode = 0
        if stat.S_ISDIR(mode):
            return here, here
        if stat.S_ISREG(mode):
            return here, _main_of_linked(here, dot_git) or here
        parent = os.path.dirname(here)
        if parent == here:
            return None, None
        here = parent


def _main_of_linked(top: str, dot_git: str) -> str | None:
    """Return the main checkout that a worktree's `.git` file leads to, if it has one."""
    git_dir = _led_to(top, dot_git)
    line = _first_line(git_dir + "/commondir") if git_dir else ""
    # A submodule has no commondir: it is its own checkout.
    return checkout_of(os.path.normpath(os.path.join(git_dir, line)), top) if line else None


def checkout_of(common: str, near: str) -> str | None:
    """Return the main checkout of a git directory, without running git; None for a bare one.

    Its name does not tell: a submodule's lies elsewhere, and its configuration names the files; one
    made with --separate-git-dir is named by nobody but the checkout, which is looked for around
    `near`. None too where it is not found.
    """
    core = _core_of(common + "/config") | _core_of(common + "/config.worktree")
    if "worktree" in core:
        named = os.path.realpath(os.path.join(common, core["worktree"]))
        return named if os.path.isdir(named) else None
    if os.path.basename(common) == ".git":
        return os.path.dirname(common)
    if core.get("bare", "").lower() in ("true", "yes", "on", "1"):
        return None
    found: str | None = None
    real = os.path.realpath(common)
    while near != os.path.dirname(near):
        near = os.path.dirname(near)
        led = _led_to(near, near + "/.git")
        if led and os.path.realpath(led) == real:
            found = near  # The outermost: below it anybody may have put such a file.
    return found


def _led_to(top: str, dot_git: str) -> str:
    """Return the git directory that a `.git` file or link names, "" for none."""
    if os.path.islink(dot_git):
        return os.path.realpath(dot_git)
    line = _first_line(dot_git)
    return os.path.join(top, line[8:]) if line.startswith("gitdir: ") else ""


def _first_line(path: str) -> str:
    return _small(path).partition("\n")[0]


def _small(path: str) -> str:
    """Return what a small regular file holds, "" for anything else."""
    try:
        return os.fsdecode(read_regular(path, 1 << 16))
    except OSError:
        return ""


def _core_of(path: str) -> dict[str, str]:
    """Return the values of the section `core` of a git configuration, as far as it is plain."""
    found: dict[str, str] = {}
    inside = False
    for line in _small(path).split("\n"):
        words = line.strip()
        if words.startswith("["):
            inside = words.lower() == "[core]"
        elif inside and "=" in words:
            name, _, value = words.partition("=")
            found[name.strip().lower()] = value.strip().strip('"')
    return found


def open_regular(path: str, flags: int = 0) -> int:
    """Open a regular file for reading and return its descriptor; waits for nobody.

    The one way to open what others may have put there: a FIFO without a writer would hold us
    for ever, /dev/zero until memory ends. Raises: OSError, for all that is no regular file too.
    """
    flags |= os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    fd = os.open(path, flags)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise OSError(_EINVAL, "it is not a regular file", path)


def read_regular(path: str, most: int, flags: int = 0) -> bytes:
    """Return what a regular file holds. Raises: OSError, for one larger than `most` bytes too."""
    fd = open_regular(path, flags)
    try:
        found = os.read(fd, most + 1)
        while len(found) <= most and (chunk := os.read(fd, most + 1 - len(found))):
            found += chunk
    finally:
        os.close(fd)
    if len(found) > most:
        raise OSError(_EFBIG, f"it is larger than {most} bytes", path)
    return found


def discover(cwd: str) -> tuple[str | None, list[str]]:
    """Return the store's path, or None, and every place that was looked at.

    Order: the nearest ancestor's `.orch/coord.db` up to the checkout's top, the main
    checkout's, then the original protocol's `.agents/coord.db` in `cwd`. A `store-url` beside
    it goes before: there the store is on a server.
    """
    _, main = main_checkout(cwd)
    top, _ = main_checkout(cwd)
    looked: list[str] = []
    here = cwd
    last = main if main and (cwd + "/").startswith(main.rstrip("/") + "/") else top or cwd
    while True:
        looked.append(f"{here.rstrip('/')}/{STORE_FOLDER}/{STORE_NAME}")
        if here == last:
            break
        here = os.path.dirname(here)
    if main and main != last:
        looked.append(f"{main}/{STORE_FOLDER}/{STORE_NAME}")
    looked.append(f"{cwd}/{LEGACY_STORE}")
    for path in looked:
        url = path[: -len(STORE_NAME)] + URL_FILE
        if os.path.lexists(url):
            return url, looked
        if os.path.lexists(path):
            return path, looked
    return None, looked


def default_path(cwd: str) -> str:
    """Return where `init` makes a store: the main checkout's top, else `cwd`."""
    _, main = main_checkout(cwd)
    return f"{main or cwd}/{STORE_FOLDER}/{STORE_NAME}"


def locate(given: str | None, cwd: str) -> str:
    """Return the store's path for a command. Raises: not_found/store naming where it looked."""
    if given is not None:
        path = os.path.abspath(given)
        if os.path.lexists(path):
            return path
        looked = [path]
    else:
        found, looked = discover(cwd)
        if found is not None:
            return found
    raise Failure(
        "not_found",
        "store",
        "no store here; looked at " + ", ".join(looked),
        details={"looked_at": looked},
    )


def require_sqlite() -> None:
    """Refuse an SQLite whose WAL can lose committed rows."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split(".")[:3])
    if version < FIRST_GOOD or version == _WITHDRAWN:
        raise _unsafe(
            f"SQLite {apsw.sqlite_lib_version()} has the WAL-reset bug (fixed in 3.51.3)",
            "install apsw 3.53 or newer",
        )


def _unsafe(message: str, hint: str) -> Failure:
    return Failure("store_error", "unsafe", message, hint=hint)


def require_safe_folder(path: str) -> None:
    """Refuse a parent directory in which another user could swap the store."""
    parent = os.path.dirname(path)
    try:
        found = os.stat(parent)
    except FileNotFoundError:
        raise Failure("not_found", "store", f"no directory {parent}")
    uid = os.geteuid()
    if found.st_uid not in (uid, 0):
        raise _unsafe(f"{parent} belongs to another user", "keep the store in a directory of yours")
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise _unsafe(f"{parent} is writable by everybody", f"chmod 700 {parent}")
    if found.st_uid != uid and not found.st_mode & stat.S_ISVTX and found.st_mode & 0o022:
        raise _unsafe(f"{parent} is writable by others", "keep the store in a directory of yours")


def require_safe_file(path: str) -> None:
    """Refuse a store that is a link, not a regular file, or another user's."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no regular file"
        raise _unsafe(f"{path} is {kind}", "name the real file with --db")
    if found.st_uid != os.geteuid():
        raise _unsafe(f"{path} belongs to another user", "one store has one user: make your own")
    if found.st_nlink != 1:
        raise _unsafe(f"{path} has {found.st_nlink} hard links", "keep one name for the store")


def connect(path: str) -> apsw.Connection:
    """Return a hardened connection to an existing store. Raises: apsw.Error."""
    # SQLite's statement journals grow and shrink the heap in every statement: freeing one large
    # block first makes glibc keep 2 MB instead of giving pages back each time (a claim: -40 %).
    # bytes() takes it from calloc, untouched; a bytearray would clear it (0.5 ms).
    bytes(_HEAP_KEPT)
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW | apsw.SQLITE_OPEN_EXRESCODE
    connection = apsw.Connection(path, flags=flags)
    connection.set_busy_timeout(BUSY_BUDGET_MS)  # First: even a pragma can meet a lock.
    harden(connection)
    return connection


def harden(connection: apsw.Connection) -> None:
    """Set what SQLite does not keep in the file, on every connection."""
    config = connection.config
    config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
    config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)
    # One plan per statement: else a join is compiled again for every new value (20 us, not 3).
    config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    # Else every short command that is alone pays for a checkpoint (4.3 ms against 0.6).
    config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute(
        # I1, I2: with NORMAL half of the power cuts lose acknowledged rows.
        "PRAGMA synchronous=FULL;"
        "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
        "PRAGMA journal_size_limit=67108864"
    )
    connection.set_wal_hook(_fold_in)  # In place of wal_autocheckpoint.


def _fold_in(connection: apsw.Connection, _name: str, pages: int) -> int:
    """After a COMMIT: fold a long WAL into the file, so that it stays below 8 MB.

    SQLite's own way never waits for readers, and while they overlap (32 writers, 50 waiters)
    the WAL cannot begin anew: it grew to 12 MB. The commit stands whatever happens here.
    """
    if pages >= _FOLD_PAGES:
        try:
            connection.set_busy_handler(_nap_briefly)
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.Error:
            pass  # Somebody else is at it, or the disk is unwell: the next COMMIT tries again.
        finally:
            connection.set_busy_timeout(BUSY_BUDGET_MS)
    return apsw.SQLITE_OK


def _nap_briefly(naps: int) -> bool:
    time.sleep(_FOLD_NAP_SECONDS)
    return naps < _FOLD_NAPS


def open_store(path: str, clock: "Clock | None" = None) -> Database:
    """Open an existing store, migrating an older one after a backup.

    Raises: not_found/store, store_error (unsafe, corrupt, newer_schema, io, readonly).
    """
    require_sqlite()
    path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    require_safe_folder(path)
    try:
        require_safe_file(path)
        connection = connect(path)
        return _checked(path, connection, clock)
    except FileNotFoundError:
        raise Failure("not_found", "store", f"no store at {path}")
    except apsw.Error as error:
        from schema.store_errors import failure_of

        raise failure_of(error, BUSY_BUDGET_MS) from error
    except OSError as error:
        raise Failure("store_error", "io", f"{path}: {error.strerror}", hint="check the disk")


def _checked(path: str, connection: apsw.Connection, clock: "Clock | None") -> Database:
    """Return the Database once the header says that the file is ours and of this version."""
    mode = connection.pragma("journal_mode")
    application = connection.pragma("application_id")
    version = connection.pragma("user_version")
    if application != APPLICATION_ID or mode != "wal":
        connection.close()
        if application == MOVED_ID:
            raise _moved(path)
        raise Failure(
            "store_error",
            "corrupt",
            f"{path} is not an inbox store (application id {application}, journal {mode})",
            hint="it was left untouched; name another file with --db",
        )
    try:
        _require_known(path, connection)
    except Failure:
        connection.close()
        raise
    if version < SCHEMA_VERSION:
        from schema import migrate

        migrate.upgrade(path, connection, version, SCHEMA_VERSION, APPLICATION_ID)
    return Database(path, connection, _was_committed, _ring, _require_known, clock)


def _require_known(path: str, connection: apsw.Connection) -> None:
    version = connection.pragma("user_version")
    if version > SCHEMA_VERSION:
        from schema import version_gate

        version_gate.require_known(path, connection, version, SCHEMA_VERSION)


def _moved(path: str) -> Failure:
    where = _first_line(f"{os.path.dirname(path)}/{URL_FILE}")
    hint = f"name it instead: --db {where}" if where else "ask who moved it"
    message = f"the store in {path} was moved to {where or 'a server'}"
    return Failure("store_error", "replaced", message, hint=hint)


def _was_committed(db: Database, tx: "Tx", failure: Failure) -> bool:
    from schema import commit_recovery

    return commit_recovery.was_committed(db, tx, failure, connect)


def _ring(path: str, topics: set[str]) -> None:
    """Wake who waits; where nobody does, the bell is not even loaded."""
    try:
        somebody_waits = bool(os.listdir(path + WAKE_SUFFIX))
    except OSError:
        return  # Nobody has ever waited here.
    if somebody_waits:
        from schema import wakeup

        wakeup.ring(path, topics)
