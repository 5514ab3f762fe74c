"""Which process that is: pid, start time and boot, so that a reused pid is never mistaken."""

import os

from schema.clock import Clock


def of(pid: int) -> tuple[int, int, str]:
    """Return (pid, its start in clock ticks since boot or 0 if it is gone, the boot's domain)."""
    return pid, started(pid), Clock().now().domain


def mine() -> tuple[int, int, str]:
    """Return the identity of this process."""
    return of(os.getpid())


def started(pid: int) -> int:
    """Return when `pid` started, in clock ticks since boot; 0 when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError:
        return 0
    fields = text.rpartition(")")[2].split()  # The name before it may hold anything.
    return 0 if fields[0] in ("Z", "X") else int(fields[19])


def is_alive(pid: int, start: int, domain: str) -> bool:
    """Say whether exactly that process still runs on this boot."""
    return domain == Clock().now().domain and start != 0 and started(pid) == start
