"""Wake-ups between processes: one FIFO per waiter beside the store, rung after COMMIT.

A waiter owns FIFOs `<store>.wake/<topic>.<pid>-<nonce>`, hard links to one FIFO when it
waits on several topics. A ring is a hint, never the truth: the waiter asks the store again, and
does so every SAFETY_MS anyway, so a lost ring costs latency and never an event. FIFOs were
measured against inotify, datagrams and polling (docs/decisions/0005-wake-by-fifo.md).
Never opens the store's own files: that would drop SQLite's POSIX locks.
"""

import os
import time

from schema.transaction import WAKE_SUFFIX

SAFETY_MS = 250
_POLL_FIRST_MS, _POLL_LATER_MS = 20, 100  # Where FIFOs are not to be had.
_POLL_FAST_ROUNDS = 100

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    from collections.abc import Iterable


def folder(store_path: str) -> str:
    """Return the directory that holds the FIFOs of the store's waiters."""
    return store_path + WAKE_SUFFIX


def ring(store_path: str, topics: "set[str]") -> None:
    """Wake every waiter on one of `topics`; never fails, never blocks."""
    where = folder(store_path)
    try:
        names = os.listdir(where)
    except OSError:
        return  # Nobody has ever waited here.
    for name in names:
        if name.rpartition(".")[0] in topics:
            _ring_one(f"{where}/{name}")


def _ring_one(path: str) -> None:
    """Write one byte to a FIFO; unlink it if its reader is gone (ENXIO)."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == 6:  # ENXIO: nobody has it open, so its owner died.
            _unlink(path)
        return
    try:
        os.write(fd, b".")
    except OSError:
        pass  # Full: the waiter has plenty of rings to wake on.
    finally:
        os.close(fd)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


class Waiter:
    """A place to sleep until one of `topics` is rung.

    Use as a context manager. Enter it before looking at the store, so that a commit
    between the look and the sleep is not missed.
    """

    __slots__ = ("_fd", "_paths", "_poll", "_rounds", "_topics", "_where")

    def __init__(self, store_path: str, topics: "Iterable[str]") -> None:
        self._where = folder(store_path)
        self._topics = list(topics)
        self._paths: list[str] = []
        self._poll: select.poll | None = None
        self._fd = -1
        self._rounds = 0

    def __enter__(self) -> "Waiter":
        try:
            self._open()
        except OSError:
            self.__exit__()  # No FIFOs here: sleep() polls instead.
        return self

    def _open(self) -> None:
        import select

        os.makedirs(self._where, mode=0o700, exist_ok=True)
        sweep(self._where)
        tail = f".{os.getpid()}-{os.urandom(4).hex()}"
        hidden = f"{self._where}/{tail}"
        os.mkfifo(hidden, 0o600)
        self._paths.append(hidden)
        # Opened for reading and writing, so that it never reports a hang-up.
        self._fd = os.open(hidden, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        for topic in self._topics:  # Visible only now: a ring cannot meet a FIFO nobody reads.
            os.link(hidden, f"{self._where}/{topic}{tail}")
            self._paths.append(f"{self._where}/{topic}{tail}")
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def __exit__(self, *_: object) -> None:
        for path in self._paths:
            _unlink(path)
        self._paths.clear()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._poll = None

    def sleep(self, limit_ms: float) -> bool:
        """Sleep until rung, SAFETY_MS or `limit_ms`; say whether it was a ring."""
        if self._poll is None:
            self._rounds += 1
            step = _POLL_FIRST_MS if self._rounds <= _POLL_FAST_ROUNDS else _POLL_LATER_MS
            time.sleep(max(1, min(limit_ms, step)) / 1000)
            return False
        if not self._poll.poll(max(0, min(limit_ms, SAFETY_MS))):
            return False
        try:
            os.read(self._fd, 4096)  # However many rings: one look answers them all.
        except BlockingIOError:
            pass
        return True


def sweep(where: str) -> int:
    """Unlink FIFOs whose waiter is gone; return how many. Dead waiters leave nothing that grows."""
    removed = 0
    for name in os.listdir(where):
        path = f"{where}/{name}"
        topic, _, tail = name.rpartition(".")
        pid = tail.partition("-")[0]
        if not topic and pid.isdigit() and os.path.exists(f"/proc/{pid}"):
            continue  # Just being made by a live process: it has no reader yet.
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW))
        except OSError as error:
            if error.errno == 6:  # ENXIO
                _unlink(path)
                removed += 1
    return removed
