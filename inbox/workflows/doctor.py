"""doctor: say what is wrong with the store and the machine; never repair.

Repair hides loss, so every finding names what a person should do instead. The quick checks
look at versions, files and locks; `deep` also reads the whole file (inbox/workflows/audit.py).
Adding a check? Add its breakage to tests/contract/inbox/test_doctor.py.
"""

import fcntl
import os
import stat

import apsw

from inbox.steps import say
from inbox.store import audit
from inbox.workflows.finding import OK, PROBLEM, WARNING, Check
from schema import file, new_store
from schema.failures import Failure
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.metadata import Distribution

    from schema.transaction import Database

PACKAGES = ("schema", "inbox", "orch", "council")
DISTRIBUTION = "orch-inbox"
_OLDEST_GIT = (2, 38)  # `git merge-tree --write-tree`, with which landings are built.
# CVE-2024-32002, code execution by a crafted repository: the first good patch of each series.
_GOOD_GIT = {39: 4, 40: 2, 41: 1, 42: 2, 43: 4, 44: 1, 45: 1}
_NAMED = 5  # How many offenders a detail names.


def examine(db: "Database", deep: bool) -> list[Check]:
    """Return every finding, good ones included, in the order a person should read them."""
    checks = [check for look in (_QUICK if db.is_file else _OF_SERVER) for check in look(db)]
    if deep:
        from inbox.workflows import audit as deep_audit

        checks += deep_audit.examine(db)
    return checks


def _store(db: "Database") -> "Iterator[Check]":
    with db.read() as tx:
        events, threads = audit.counts(tx)
    yield Check("store", OK, f"{db.path}: {many(threads, 'thread')}, {many(events, 'event')}")
    yield Check("schema", OK, db.described())


def _versions(_db: "Database") -> "Iterator[Check]":
    yield Check("sqlite", OK, f"SQLite {apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}")
    yield _other_sqlite()


def _git(_db: "Database") -> "Iterator[Check]":
    yield git_check(_git_version())


def _server(db: "Database") -> "Iterator[Check]":
    """What a store on a server has in place of a file."""
    from schema.pg.database import PgDatabase
    from schema.pg.health import findings

    assert isinstance(db, PgDatabase)
    for name, is_well, detail, hint in findings(db):
        yield Check(name, OK if is_well else WARNING, detail, hint)


def _other_sqlite() -> Check:
    """Warn of Python's own SQLite where it has the WAL-reset bug: people open stores with it."""
    from sqlite3 import sqlite_version  # Only its version: it never gets near the store.

    if tuple(map(int, sqlite_version.split("."))) >= file.FIRST_GOOD:
        return Check("other sqlite", OK, f"Python's own SQLite is {sqlite_version}")
    return Check(
        "other sqlite",
        WARNING,
        f"Python's own SQLite {sqlite_version} can lose committed rows of a store in use",
        "never open the store with sqlite3; look at a copy",
        next=[say("backup", "FILE")],
    )


def _git_version() -> str:
    """Return what `git --version` prints, '' without a git that answers."""
    import shutil
    import subprocess

    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(
            [git, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip()


def git_check(printed: str) -> Check:
    """Judge a version of git by what `git --version` printed."""
    words = printed.removeprefix("git version ").split(" ")[0]
    parts = [int(part) for part in words.split(".")[:3] if part.isdigit()]
    if len(parts) < 2:
        return Check(
            "git", WARNING, "no git was found", "install git: orch works on git repositories"
        )
    version = (*parts, 0)[:3]
    if version[:2] < _OLDEST_GIT:
        return Check(
            "git", WARNING, f"git {words} cannot build landings", "install git 2.38 or newer"
        )
    if version[0] == 2 and version[2] < _GOOD_GIT.get(version[1], 0 if version[1] > 45 else 99):
        return Check(
            "git",
            WARNING,
            f"git {words} runs code of a crafted repository (CVE-2024-32002)",
            "update git, unless your distribution has patched it; clone no strange submodules",
        )
    return Check("git", OK, f"git {words}")


def _files(db: "Database") -> "Iterator[Check]":
    folder, own = db.folder.path, db.folder.files
    open_to_others = [path for path in own if _mode(path) & 0o077]
    folders = [db.folder.wake, db.folder.artifacts]
    if os.path.basename(folder) == file.STORE_FOLDER:
        folders.append(folder)
    open_to_others += [path for path in folders if _mode(path) & 0o077]
    foreign = [path for path in (*own, *folders) if _owner(path) not in (None, os.geteuid())]
    odd = [path for path in own if os.path.lexists(path) and not _is_regular(path)]
    if odd:
        found = f"no regular file: {_some(odd)}"
        yield Check("modes", PROBLEM, found, "look what it is, and move it away: ls -ld FILE")
    elif open_to_others:
        fixes = "; ".join(
            f"chmod {'700' if path in folders else '600'} {path}" for path in open_to_others
        )
        yield Check("modes", PROBLEM, f"open to others: {_some(open_to_others)}", fixes)
    else:
        yield Check("modes", OK, "files 0600, directories 0700")
    if foreign:
        yield Check("owners", PROBLEM, f"not yours: {_some(foreign)}", f"chown them to {_me()}")
    if _mode(folder) & 0o022:
        yield Check(
            "parent",
            WARNING,
            f"{folder} is writable by others, who could swap the store",
            f"chmod go-w {folder}",
        )


def _mode(path: str) -> int:
    """Return the permission bits of `path` itself, 0 when nothing is there."""
    try:
        return stat.S_IMODE(os.lstat(path).st_mode)
    except OSError:
        return 0


def _is_regular(path: str) -> bool:
    return stat.S_ISREG(os.lstat(path).st_mode)


def _owner(path: str) -> int | None:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return None


def _me() -> str:
    return f"uid {os.geteuid()}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _packages(_db: "Database") -> "Iterator[Check]":
    """Another distribution with a package of our name would be imported in our place."""
    from importlib import metadata, util

    ours = os.path.dirname(os.path.dirname(os.path.abspath(file.__file__)))
    shared = {(n, one.metadata["Name"]) for one in metadata.distributions() for n in _ours_in(one)}
    wrong = []
    for name in PACKAGES:
        others = sorted({other for held, other in shared if held == name} - {DISTRIBUTION})
        wrong += [f"{name} is also in {other}" for other in others]
        found = util.find_spec(name)
        where = os.path.dirname(found.origin) if found is not None and found.origin else ""
        if where and os.path.dirname(os.path.abspath(where)) != ours:
            wrong.append(f"{name} would come from {where}")
    if wrong:
        hint = f"install {DISTRIBUTION} into an environment of its own (pipx, uv tool)"
        yield Check("packages", PROBLEM, _some(wrong), hint)
    else:
        yield Check("packages", OK, f"{', '.join(PACKAGES)} come from {ours}")


def _ours_in(one: "Distribution") -> list[str]:
    """Which packages of our names it installed, by text alone: to parse what fifty of them say
    takes ten times as long as the rest of `doctor`.
    """
    told = one.read_text("top_level.txt")
    if told:
        return [name for name in PACKAGES if name in told.split()]
    listed = "\n" + (one.read_text("RECORD") or "")
    return [n for n in PACKAGES if f"\n{n}/" in listed or f"\n{n}.py," in listed]


def _file_system(db: "Database") -> "Iterator[Check]":
    folder = db.folder.path
    kind = new_store.file_system_of(folder) or "unknown"
    try:
        new_store.require_local(folder)
    except Failure as failure:
        yield Check("file system", PROBLEM, failure.message, failure.hint)
    else:
        free = os.statvfs(folder)
        room = free.f_bavail * free.f_frsize // 2**20
        if room < 64:
            yield Check("file system", WARNING, f"{kind}, {room} MiB free", "free some disk space")
        else:
            yield Check("file system", OK, f"{kind}, {room} MiB free")
    yield _locks(folder)


def _locks(folder: str) -> Check:
    """Try whether byte-range locks exclude each other where the store is, on a file of ours."""
    import tempfile

    try:
        with (
            tempfile.NamedTemporaryFile(dir=folder, prefix="probe-") as one,
            open(one.name, "rb+") as other,
        ):
            fcntl.fcntl(one, fcntl.F_OFD_SETLK, _write_lock(120, 2))
            try:
                fcntl.fcntl(other, fcntl.F_OFD_SETLK, _write_lock(121, 1))
            except OSError:
                fcntl.fcntl(other, fcntl.F_OFD_SETLK, _write_lock(122, 1))
                return Check("locks", OK, "byte-range locks exclude each other")
    except AttributeError:
        return Check("locks", WARNING, "this system cannot probe its byte-range locks")
    except OSError as error:
        return Check("locks", PROBLEM, f"no byte-range lock in {folder}: {error.strerror}", _MOVE)
    return Check("locks", PROBLEM, f"byte-range locks in {folder} exclude nobody", _MOVE, True)


_MOVE = "keep the store on a local disk and name it with --db or ORCH_DB"


def _write_lock(start: int, length: int) -> bytes:
    """Return a `struct flock` (Linux, 64-bit offsets) that asks for an exclusive lock."""
    import struct

    return struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)


def _waiters(db: "Database") -> "Iterator[Check]":
    where = db.folder.wake
    try:
        names = os.listdir(where)
    except OSError:
        names = []
    stale = [name for name in names if not _is_read(f"{where}/{name}")]
    if stale:
        yield Check(
            "waiters",
            WARNING,
            f"{len(stale)} of {len(names)} FIFOs in {where} belong to waits that were killed",
            "harmless: the next wait removes them",
        )
    else:
        yield Check("waiters", OK, f"{len(names)} FIFOs, each with its waiter")


def _is_read(path: str) -> bool:
    """Say whether somebody reads the FIFO at `path`."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW))
    except FileNotFoundError:
        return True  # Its wait has just ended and tidied up.
    except OSError:
        return False
    return True


def _leftovers(db: "Database") -> "Iterator[Check]":
    folder, name = db.folder.path, os.path.basename(db.path)
    drafts, backups = [], []
    for entry in sorted(os.listdir(folder)):
        if entry.startswith((f"{name}.new", "probe-")) or ".part-" in entry:
            drafts.append(os.path.join(folder, entry))
        elif entry.startswith(f"{name}.v") and entry.endswith(".bak"):
            backups.append(os.path.join(folder, entry))
    for place, _, entries in os.walk(db.folder.artifacts):
        # A kept file is named by its digest, a council's report by its digest and `.md`.
        named = [entry for entry in sorted(entries) if "." in entry.removesuffix(".md")]
        drafts += [os.path.join(place, entry) for entry in named]
    if drafts:
        yield Check(
            "leftovers",
            WARNING,
            f"of commands that were killed: {_some(drafts)}",
            "remove them when nothing is running; nothing refers to them",
        )
    else:
        yield Check("leftovers", OK, "none")
    if backups:
        yield Check("backups", OK, f"made before upgrades, yours to remove: {_some(backups)}")


_QUICK: "tuple[Callable[[Database], Iterator[Check]], ...]" = (
    _store,
    _versions,
    _git,
    _files,
    _packages,
    _file_system,
    _waiters,
    _leftovers,
)
_OF_SERVER = (_store, _server, _git, _packages, _waiters, _leftovers)
