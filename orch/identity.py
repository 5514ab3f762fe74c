"""Which process that is: pid, start time, boot and namespaces; a reused pid is never mistaken.

A process in another pid namespace (a worker's sandbox) cannot be seen from here: about it
`is_gone` answers None, and the caller has to go by age.
"""

import os

from schema.clock import Clock

_BOOT_LENGTH = 13  # How much of the boot's id a clock's domain begins with.


def of(pid: int) -> tuple[int, int, str]:
    """Return (pid, its start in clock ticks since boot or 0 if it is gone, boot and namespaces)."""
    return pid, started(pid), _domain()


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
    """Say whether exactly that process is seen to run."""
    return domain == _domain() and start != 0 and started(pid) == start


def is_gone(pid: int, start: int, domain: str) -> bool | None:
    """Say whether exactly that process has ended; None when it cannot be seen from here."""
    here = _domain()
    if domain == here:
        return not is_alive(pid, start, domain)
    return True if domain[:_BOOT_LENGTH] != here[:_BOOT_LENGTH] else None


def _domain() -> str:
    """Return the name of this boot, time namespace and pid namespace."""
    try:
        namespace = os.readlink("/proc/self/ns/pid").removeprefix("pid:")
    except OSError:
        namespace = ""
    return Clock().now().domain + namespace
