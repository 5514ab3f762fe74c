"""Disks that lie, in Python: one records every write so that power can be cut anywhere, one fails.

Both inherit SQLite's unix VFS, so locks and shared memory are real. `use()` makes one the
process's default while it lasts: product code opens its store on it without knowing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

SECTOR = 512


@contextmanager
def use(vfs: apsw.VFS, name: str) -> Iterator[None]:
    """Open every store of this process on `vfs` while inside."""
    apsw.set_default_vfs(name)
    try:
        yield
    finally:
        apsw.set_default_vfs("unix")


class RecordingDisk(apsw.VFS):
    """Keeps `log`: ("w", file, offset, bytes) ("t", file, size) ("s", file) ("d", file)
    ("new", file) in the order in which SQLite asked for them; tests add marks of their own.
    """

    NAME = "recording"

    def __init__(self) -> None:
        self.log: list[tuple] = []
        super().__init__(self.NAME, "unix")

    def xOpen(self, name, flags):
        return _RecordedFile(self.log, name, flags)

    def xDelete(self, filename, syncdir):
        super().xDelete(filename, syncdir)
        self.log.append(("d", filename))


class _RecordedFile(apsw.VFSFile):
    def __init__(self, log: list[tuple], name, flags: list[int]) -> None:
        self.log = log
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self.log.append(("w", self.path, offset, bytes(data)))

    def xTruncate(self, newsize):
        super().xTruncate(newsize)
        self.log.append(("t", self.path, newsize))

    def xSync(self, flags):
        super().xSync(flags)
        self.log.append(("s", self.path))


class Platter:
    """What is certainly on the disk, and what only might be, after a prefix of a log.

    Bytes are durable when their file was synced; the first sync of a new file makes its name
    durable too. A cut keeps any subset of the sectors that were not.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.durable: dict[str, bytearray | None] = {p: bytearray(b) for p, b in files.items()}
        self._pending: dict[str, list[tuple]] = {}

    def play(self, operation: tuple) -> None:
        """Take the next operation of the log."""
        kind, path = operation[0], operation[1]
        if kind == "s":
            content = self.durable.get(path)
            for pending in self._pending.pop(path, []):
                content = _apply(content, pending)
            self.durable[path] = bytearray() if content is None else content
        elif kind in "wtd":
            self._pending.setdefault(path, []).append(operation)

    def image(self, rng) -> dict[str, bytes]:
        """Return the files that a power cut leaves now, one possibility of many."""
        found: dict[str, bytes] = {}
        for path in {*self.durable, *self._pending}:
            content = self.durable.get(path)
            content = None if content is None else bytearray(content)
            pending = self._pending.get(path, [])
            keep = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
            if rng.random() < 0.3:  # In order, the last one torn: what disks do most.
                pending, keep = pending[: rng.randint(0, len(pending))], 1.0
            for i, operation in enumerate(pending):
                torn = keep if keep < 1.0 or i + 1 < len(pending) else rng.choice((0.5, 1.0))
                content = _apply(content, operation, torn, rng)
            if content is not None:
                found[path] = bytes(content)
        return found


def _apply(content: bytearray | None, operation: tuple, keep: float = 1.0, rng=None):
    kind = operation[0]
    if kind == "d":
        return None if keep == 1.0 or rng.random() < keep else content
    content = bytearray() if content is None else content
    if kind == "t":
        if keep == 1.0 or rng.random() < keep:
            size = operation[2]
            content = content[:size] + bytes(max(0, size - len(content)))
        return content
    offset, data = operation[2], operation[3]
    start = offset
    while start < offset + len(data):
        end = min((start // SECTOR + 1) * SECTOR, offset + len(data))
        if keep == 1.0 or rng.random() < keep:
            if len(content) < end:
                content.extend(bytes(end - len(content)))
            content[start:end] = data[start - offset : end - offset]
        start = end
    return content


class FailingDisk(apsw.VFS):
    """Fails the k-th operation of one kind, once or from then on; counts them all.

    Kinds: write, sync, truncate, open, read, delete, access, size. Errors: io, full, short
    (reads only: half of what was asked for).
    """

    NAME = "failing"
    ERRORS = {
        ("write", "io"): (apsw.IOError, apsw.SQLITE_IOERR_WRITE),
        ("write", "full"): (apsw.FullError, apsw.SQLITE_FULL),
        ("sync", "io"): (apsw.IOError, apsw.SQLITE_IOERR_FSYNC),
        ("sync", "full"): (apsw.FullError, apsw.SQLITE_FULL),
        ("truncate", "io"): (apsw.IOError, apsw.SQLITE_IOERR_TRUNCATE),
        ("open", "io"): (apsw.CantOpenError, apsw.SQLITE_CANTOPEN),
        ("read", "io"): (apsw.IOError, apsw.SQLITE_IOERR_READ),
        ("read", "short"): (apsw.IOError, apsw.SQLITE_IOERR_SHORT_READ),
        ("delete", "io"): (apsw.IOError, apsw.SQLITE_IOERR_DELETE),
        ("access", "io"): (apsw.IOError, apsw.SQLITE_IOERR_ACCESS),
        ("size", "io"): (apsw.IOError, apsw.SQLITE_IOERR_FSTAT),
    }

    def __init__(self) -> None:
        self.calm()
        super().__init__(self.NAME, "unix")

    def calm(self) -> None:
        """Fail nothing, count from 0."""
        self.counts = dict.fromkeys((kind for kind, _ in self.ERRORS), 0)
        self._faults: list[tuple[str, str, int, bool]] = []
        self.fired = 0

    def fail(self, kind: str, error: str, k: int, lasting: bool) -> None:
        """Let the k-th (from 1) operation of `kind` fail, and all after it if `lasting`."""
        self._faults.append((kind, error, k, lasting))

    def meet(self, kind: str) -> str:
        """Count an operation; return the error it meets, '' for none."""
        self.counts[kind] += 1
        for what, error, k, lasting in self._faults:
            if what == kind and (self.counts[kind] == k or (lasting and self.counts[kind] > k)):
                self.fired += 1
                return error
        return ""

    def strike(self, kind: str) -> None:
        """Raise what the operation meets."""
        error = self.meet(kind)
        if error:
            raise failure(kind, error)

    def xOpen(self, name, flags):
        self.strike("open")
        return _FailingFile(self, name, flags)

    def xDelete(self, filename, syncdir):
        self.strike("delete")
        super().xDelete(filename, syncdir)

    def xAccess(self, pathname, flags):
        self.strike("access")
        return super().xAccess(pathname, flags)


def failure(kind: str, error: str) -> apsw.Error:
    """Return the exception that makes SQLite see this error."""
    raised, code = FailingDisk.ERRORS[kind, error]
    found = raised(f"injected {kind} {error}")
    found.extendedresult = code
    return found


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name, flags: list[int]) -> None:
        self.disk = disk
        super().__init__("unix", name, flags)

    def xRead(self, amount, offset):
        error = self.disk.meet("read")
        if error == "short":
            return super().xRead(amount, offset)[: amount // 2]
        if error:
            raise failure("read", error)
        return super().xRead(amount, offset)

    def xWrite(self, data, offset):
        self.disk.strike("write")
        super().xWrite(data, offset)

    def xSync(self, flags):
        self.disk.strike("sync")
        super().xSync(flags)

    def xTruncate(self, newsize):
        self.disk.strike("truncate")
        super().xTruncate(newsize)

    def xFileSize(self):
        self.disk.strike("size")
        return super().xFileSize()
