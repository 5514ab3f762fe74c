"""Processes of a turn wherever they went: by the mark in their environment, by their session.

A process that made a session of its own and was adopted by init still carries the mark; one
that cleared its environment is still of the session. One that did both is not found.
"""

import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "ORCH_TURN"


def find(mark: str, session: int = 0) -> list[int]:
    """Return the pids of the turn's live processes: those with its mark, those of its session."""
    wanted = f"{MARK}={mark}".encode()
    return [pid for pid in _pids() if _belongs(pid, wanted, session)]


def carriers(name: str) -> dict[int, str]:
    """Return the value of the environment variable `name` of each live process that carries it."""
    found = {}
    wanted = f"{name}=".encode()
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                pairs = file.read().split(b"\0")
        except OSError:
            continue  # It has ended, or is another user's.
        for pair in pairs:
            if pair.startswith(wanted):
                found[pid] = pair[len(wanted) :].decode("ascii", "replace")
    return found


def _pids() -> "Iterator[int]":
    for name in os.listdir("/proc"):
        if name.isdigit():
            yield int(name)


def _belongs(pid: int, wanted: bytes, session: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        if fields[0] in (b"Z", b"X"):
            return False
        if session and int(fields[3]) == session:
            return True
        with open(f"/proc/{pid}/environ", "rb") as file:
            return wanted in file.read().split(b"\0")
    except OSError:
        return False  # It has ended, or is another user's.


def end(mark: str, session: int, grace: float, first: int = signal.SIGTERM) -> int:
    """End every process of the turn; return how many there were.

    Each is held by a pidfd and looked at again through it, so no other process of its number
    is ever met. What appears meanwhile (a fork) is found by the next round.
    """
    known: set[int] = set()
    wanted = f"{MARK}={mark}".encode()
    deadline = time.monotonic() + grace
    while True:
        held = {}
        for pid in find(mark, session):
            try:
                held[pid] = os.pidfd_open(pid)
            except OSError:
                continue
        try:
            mine = {p: fd for p, fd in held.items() if _belongs(p, wanted, session)}
            if not mine:
                return len(known)
            late = time.monotonic() >= deadline
            for pid, fd in mine.items():
                if late or pid not in known:
                    _send(fd, signal.SIGKILL if late else first)
                known.add(pid)
            _wait(list(mine.values()), 0.05 if late else min(0.2, grace))
            if time.monotonic() >= deadline + grace + 5:
                return len(known)  # Stuck in the kernel; `orch doctor` names it.
        finally:
            for fd in held.values():
                os.close(fd)


def _send(fd: int, number: int) -> None:
    try:
        signal.pidfd_send_signal(fd, number)
    except (ProcessLookupError, PermissionError):
        pass


def _wait(fds: list[int], seconds: float) -> None:
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    poll.poll(1000 * seconds)
