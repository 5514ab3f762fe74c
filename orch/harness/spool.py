"""Spool of an agent's output: files of its own, so that it outlives whoever reads them.

A pipe dies with its reader, and the agent with the pipe, at its next line. A spool is read by one
runner at a time into the log and the reader of events; how far the log is stands beside it, so
that the runner after one that was killed goes on exactly there. It holds what was printed as it
was printed, secrets too: 0600, and gone with its turn (I10).
"""

import errno
import os
import stat

from orch.harness import log as logs
from orch.harness.events import OutputReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.harness.config import HarnessTable
    from orch.harness.log import Log

OUT, ERR = 1, 2
_ENDINGS = {OUT: ".out", ERR: ".err"}
_PLACE = ".read"
_STEP = 1 << 20
_TAIL = 8000
_KEPT_WHOLE = 64 << 20  # For a runner that comes after; beyond, what was read gives its room back,
_GIVEN_BACK = 16 << 20  # so much at once.
_MOST_BEHIND = 256 << 20  # One that prints faster than anybody reads must not fill the disk.
_FLAGS = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_NONE = (errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENXIO)


def create(where: str, mark: str) -> tuple[int, int]:
    """Make the files of a turn; return what its program gets as standard output and error."""
    os.makedirs(where, mode=0o700, exist_ok=True)
    flags = _FLAGS | os.O_WRONLY | os.O_APPEND | os.O_EXCL
    out = os.open(_path(where, mark, OUT), flags, 0o600)
    try:
        return out, os.open(_path(where, mark, ERR), flags, 0o600)
    except BaseException:
        os.close(out)
        raise


def marks(where: str) -> dict[str, int]:
    """Return the mark of each turn that has a spool, and how many bytes it takes."""
    found: dict[str, int] = {}
    try:
        names = os.listdir(where)
    except OSError:
        return found
    for name in names:
        mark, dot, _ = name.rpartition(".")
        try:
            room = os.lstat(os.path.join(where, name)).st_blocks * 512
        except FileNotFoundError:
            continue
        found[mark if dot else name] = found.get(mark, 0) + room
    return found


def last_written(where: str, mark: str) -> int | None:
    """Return when a turn's program printed last (ms since 1970), None where it has no spool."""
    found = []
    for source in _ENDINGS:
        try:
            found.append(os.lstat(_path(where, mark, source)).st_mtime_ns // 1_000_000)
        except OSError:
            continue
    return max(found, default=None)


def remove(where: str, mark: str) -> None:
    """Remove the spool of a turn that is over."""
    for ending in (*_ENDINGS.values(), _PLACE):
        _set_aside(os.path.join(where, mark + ending))


def rewind(where: str, mark: str, log_path: str) -> None:
    """Take out of the log what a killed runner had written, but not noted that it had."""
    length = _noted(where, mark)[2]
    if length >= 0:
        logs.cut(log_path, length)


class Intake:
    """Reads a turn's spool into its log and its reader, from wherever a runner stopped."""

    __slots__ = ("_keeps_tail", "_log", "_place", "_streams", "_tail", "reader")

    def __init__(self, where: str, mark: str, table: "HarnessTable", log: "Log") -> None:
        self.reader = OutputReader(table.event)
        self._keeps_tail = {ERR} if table.event else {OUT, ERR}  # Events say what went wrong.
        self._tail = bytearray()
        self._log = log
        noted = _noted(where, mark)
        self._streams = {
            source: _Stream(_path(where, mark, source), noted[source - 1]) for source in _ENDINGS
        }
        os.makedirs(where, mode=0o700, exist_ok=True)
        place = os.path.join(where, mark + _PLACE)
        self._place = _opened(place, os.O_WRONLY)
        if self._place < 0:
            _set_aside(place)
            self._place = os.open(place, _FLAGS | os.O_EXCL | os.O_WRONLY, 0o600)
        self._note(log.length)

    @property
    def tail(self) -> str:
        """The end of what it printed; of standard error alone, where output is events."""
        return bytes(self._tail).decode("utf-8", "replace")

    def take(self) -> bool:
        """Read the next piece of each stream; say whether there was any."""
        taken = False
        for source, stream in self._streams.items():
            chunk = stream.read()
            if not chunk:
                continue
            taken = True
            fresh = chunk[max(0, stream.logged - stream.at) :]
            stream.at += len(chunk)
            if source == OUT:
                self.reader.feed(chunk)
            if source in self._keeps_tail:
                self._tail += chunk[-_TAIL:]
                del self._tail[:-_TAIL]
            if fresh:
                self._log.take(source, fresh)
                stream.logged = stream.at - self._log.held(source)
            if len(chunk) == _STEP:
                self._make_room(source, stream)
        if taken:
            self._note(self._log.length)
        return taken

    def finish(self) -> None:
        """Read to the end: nothing writes any more."""
        while self.take():
            pass
        self._log.flush()
        for stream in self._streams.values():
            stream.logged = stream.at
        self._note(-1)  # What is written to the log from here on is none of the agent's.
        self.reader.end()
        for fd in (self._place, *(stream.fd for stream in self._streams.values())):
            if fd >= 0:
                os.close(fd)

    def _note(self, length: int) -> None:
        places = [stream.logged for stream in self._streams.values()]
        os.pwrite(self._place, b"".join(_packed(n) for n in (*places, length)), 0)

    def _make_room(self, source: int, stream: "_Stream") -> None:
        """Give back the room of what was read; leave out what nobody will ever catch up with."""
        stream.give_back()
        behind = stream.size() - stream.at
        if behind <= _MOST_BEHIND:
            return
        for take in (self.reader.feed, lambda end: self._log.take(source, end)):
            take(b"\n")  # The line that is cut off.
        left_out = behind - _KEPT_WHOLE
        stream.at += left_out
        stream.logged = stream.at
        stream.give_back()
        self._log.note(f"{left_out} bytes are left out here: it printed faster than they were read")


class _Stream:
    """One file: how far it was read, how far the log is, how far its room was given back."""

    __slots__ = ("_given_back", "at", "fd", "logged")

    def __init__(self, path: str, logged: int) -> None:
        self.logged = logged
        self.fd = _opened(path, os.O_RDWR)  # None: killed before it was made, an older program's.
        self.at = self._given_back = self._begin()

    def _begin(self) -> int:
        """Return where what is left of the file begins."""
        try:
            return os.lseek(self.fd, 0, os.SEEK_DATA)
        except OSError:
            return self.size()

    def size(self) -> int:
        """Return how long the file is by now."""
        return os.fstat(self.fd).st_size if self.fd >= 0 else 0

    def read(self) -> bytes:
        """Return the next piece, empty at the end."""
        if self.fd < 0:
            return b""
        chunk = os.pread(self.fd, _STEP, self.at)
        if not chunk and self.at and self.size() < self.at:
            self.at = self.logged = self._given_back = 0  # `echo > /dev/stdout` empties it.
            chunk = os.pread(self.fd, _STEP, 0)
        return chunk

    def give_back(self) -> None:
        """Punch a hole where all was read; elsewhere than on Linux's file systems it stays."""
        through = min(self.at, self.logged) & ~4095
        if self.at < _KEPT_WHOLE or through - self._given_back < _GIVEN_BACK:
            return
        import ctypes

        start, length = ctypes.c_int64(self._given_back), ctypes.c_int64(through - self._given_back)
        ctypes.CDLL(None).fallocate(self.fd, 3, start, length)  # Punch, and keep the size.
        self._given_back = through


def _path(where: str, mark: str, source: int) -> str:
    return os.path.join(where, mark + _ENDINGS[source])


def _opened(path: str, flags: int) -> int:
    """Open a file of ours; -1 where none is: a link, a FIFO or a folder in its place is none."""
    try:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NONE:
            return -1
        raise
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return -1


def _set_aside(path: str) -> None:
    """Take away what lies there; a folder that somebody filled gets another name, for doctor."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):  # So Linux and others say that it is a folder.
        if not os.path.isdir(path) or os.path.islink(path):
            raise
        try:
            os.rmdir(path)
        except OSError:
            os.rename(path, f"{path}.{os.urandom(4).hex()}")


def _packed(number: int) -> bytes:
    return number.to_bytes(8, "little", signed=True)


def _noted(where: str, mark: str) -> tuple[int, int, int]:
    """Return (bytes of output in the log, of errors, the log's length then or -1)."""
    fd = _opened(os.path.join(where, mark + _PLACE), os.O_RDONLY)
    if fd < 0:
        return 0, 0, -1
    try:
        data = os.read(fd, 24)
    finally:
        os.close(fd)
    if len(data) < 24:
        return 0, 0, -1
    out, err, length = (
        int.from_bytes(data[at : at + 8], "little", signed=True) for at in (0, 8, 16)
    )
    return out, err, length
