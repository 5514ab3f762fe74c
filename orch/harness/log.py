"""A worker's log: 0600, without secrets, bounded, its head and its tail kept.

The head goes to the file itself; what comes after half the bound goes to segments beside it,
of which the last two are kept, so that a flood costs no more room than the bound. `close()`
folds them in.
A runner that was killed leaves the segments: `read_all` and the next `close` know them.
"""

import os

from schema.file import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.harness.redaction import Redactor

_LONGEST_HELD = 1 << 16  # A line without an end is cleaned and written in pieces of this size.
# Not waiting: a FIFO in its place is an error.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Log:
    """The log of one attempt, opened for one turn; further turns append."""

    __slots__ = (
        "_fd", "_half", "_held", "_redactor", "_size", "_tail", "dropped", "length", "path",
    )  # fmt: skip

    def __init__(self, path: str, most: int, redactor: "Redactor") -> None:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        self.path = path
        self.dropped = 0
        self._half = most // 2
        self._redactor = redactor
        self._held: dict[int, bytearray] = {}
        fold(path)  # Of a runner that was killed.
        self._fd = os.open(path, _FLAGS, 0o600)
        self._size = os.fstat(self._fd).st_size
        self.length = self._size  # Of all parts.
        self._tail = 0  # The segment being written, 0 for the head.
        if self._size > self._half:
            self._unfold()

    def note(self, text: str) -> None:
        """Write a line of ours."""
        self._put(self._redactor.clean(f"[orch] {text}\n".encode("utf-8", "replace")))

    def take(self, source: int, chunk: bytes) -> None:
        """Write output of stream `source`; whole lines at once, so that streams do not mix."""
        held = self._held.setdefault(source, bytearray())
        held += chunk
        cut = held.rfind(b"\n") + 1
        if not cut and len(held) > _LONGEST_HELD:
            cut = len(held)
        if cut:
            self._put(self._redactor.clean(bytes(held[:cut])))
            del held[:cut]

    def held(self, source: int) -> int:
        """Return how many bytes of a stream wait for the end of their line."""
        return len(self._held.get(source, b""))

    def flush(self) -> None:
        """Write what waits for the end of its line: there will be none."""
        for held in self._held.values():
            if held:
                self._put(self._redactor.clean(bytes(held)) + b"\n")
        self._held.clear()

    def close(self) -> None:
        """Write what is held, fold the tail in, close."""
        self.flush()
        os.close(self._fd)
        fold(self.path, self.dropped)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            limit = self._half // 2 if self._tail else self._half
            if self._size >= limit:
                self._turn_over()
                continue
            try:
                written = os.write(self._fd, view[: limit - self._size])
            except OSError:  # The disk is full: the work matters more than its log.
                self.dropped += len(view)
                return
            self._size += written
            self.length += written
            view = view[written:]

    def _unfold(self) -> None:
        """Move what earlier turns wrote after the head into a segment, so that it can give way."""
        kept = min(self._size - self._half, self._half // 2)
        with open(open_regular(self.path), "rb") as file:
            file.seek(self._size - kept)
            end = file.read()
        self.dropped += self._size - self._half - kept
        os.ftruncate(self._fd, self._half)
        self._turn_over()
        self._size = os.write(self._fd, end)
        self.length = self._half + self._size

    def _turn_over(self) -> None:
        """Go on in a new segment; the last but one is left out from now on."""
        os.close(self._fd)
        self._tail += 1
        old = f"{self.path}.{self._tail - 2}"
        if self._tail > 2:
            given_up = os.lstat(old).st_size
            self.dropped += given_up
            self.length -= given_up
            os.unlink(old)
        self._fd = os.open(f"{self.path}.{self._tail}", _FLAGS, 0o600)
        self._size = 0


def segments(path: str) -> list[str]:
    """Return the log's tail segments, the older one first."""
    folder, name = os.path.split(path)
    try:
        others = [other.rpartition(".") for other in os.listdir(folder)]
    except FileNotFoundError:
        return []
    numbers = sorted(int(tail) for head, _, tail in others if head == name and tail.isdigit())
    return [f"{path}.{number}" for number in numbers]


def size(path: str) -> int:
    """Return how many bytes log and segments have together."""
    total = 0
    for part in (path, *segments(path)):
        try:
            total += os.path.getsize(part)
        except OSError:
            continue
    return total


def cut(path: str, length: int) -> None:
    """Cut the end off the log and its segments, so that `length` bytes are left of all."""
    parts = [part for part in (path, *segments(path)) if os.path.exists(part)]
    surplus = sum(os.path.getsize(part) for part in parts) - length
    for part in reversed(parts):
        if surplus <= 0:
            return
        size = os.path.getsize(part)
        os.truncate(part, max(0, size - surplus))
        surplus -= size


def fold(path: str, dropped: int = 0) -> None:
    """Append the tail segments to the log and remove them."""
    parts = segments(path)
    if not parts:
        return
    out = os.open(path, _FLAGS, 0o600)
    try:
        if dropped:
            os.write(out, f"\n[orch] … {dropped} bytes are left out here …\n".encode())
        for part in parts:
            with open(open_regular(part), "rb") as file:
                while chunk := file.read(1 << 20):
                    os.write(out, chunk)
    except OSError:
        return  # No room: they stay beside it, and are read from there.
    finally:
        os.close(out)
    for part in parts:
        os.unlink(part)


def read_from(path: str, offset: int) -> tuple[bytes, int]:
    """Return (what follows `offset` in log and segments, the new offset).

    Offsets count the bytes of log and segments joined; after a segment was reused, the
    newest whole is given from where it can be.
    """
    data = bytearray()
    position = 0
    for part in (path, *segments(path)):
        try:
            with open(open_regular(part), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if position + size > offset:
                    file.seek(max(0, offset - position))
                    data += file.read(max(0, position + size - max(offset, position)))
                position += size
        except FileNotFoundError:
            continue
    return bytes(data), position
