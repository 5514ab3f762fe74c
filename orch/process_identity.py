"""Identity of a process: pid, start time, boot and namespaces; a reused pid is never mistaken.

A process in another pid namespace (a worker's sandbox) cannot be seen from here: about it
`is_gone` answers None, and the caller has to go by age. One on another machine is gone when that
machine began anew or a person declared it lost; time alone never says so.
"""

import os

from schema.clock import Clock

_MOST_PARENTS = 64
_BOOT_LENGTH = 13  # How much of the boot's id a clock's domain begins with.
_AT = "@"  # Before the machine, where a store has several.
_elsewhere: dict[str, str] = {}  # By machine: the boot that it is in, "" for one that is lost.


def of(pid: int) -> tuple[int, int, str]:
    """Return (pid, its start in clock ticks since boot or 0 if it is gone, boot and namespaces)."""
    return pid, started(pid), _domain()


def mine(machine: str = "") -> tuple[int, int, str]:
    """Return the identity of this process, as a store knows it that has several machines."""
    return on(machine, of(os.getpid()))


def on(machine: str, process: tuple[int, int, str]) -> tuple[int, int, str]:
    """Return the identity of a process of this machine; `machine` is "" for a file's store."""
    pid, start, domain = process
    return pid, start, f"{domain}{_AT}{machine}" if machine else domain


def started(pid: int) -> int:
    """Return when `pid` started, in clock ticks since boot; 0 when there is no such process."""
    _, fields = _stat(pid)
    return 0 if not fields or fields[0] in ("Z", "X") else int(fields[19])


def ancestors() -> list[tuple[int, int, str]]:
    """Return (pid, start, name) of this process's parents, the nearest first."""
    found: list[tuple[int, int, str]] = []
    pid = os.getppid()
    while pid > 0 and len(found) < _MOST_PARENTS:
        name, fields = _stat(pid)
        if not fields:
            break
        found.append((pid, int(fields[19]), name))
        pid = int(fields[1])
    return found


def began_with(pid: int, name: str) -> str:
    """Return what a variable was when a process of ours began, "" for none."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            found = file.read().split(b"\0")
    except OSError:
        return ""
    head = name.encode() + b"="
    return next((one[len(head) :].decode("utf-8", "replace") for one in found
                 if one.startswith(head)), "")  # fmt: skip


def _stat(pid: int) -> tuple[str, list[str]]:
    """Return a process's name and the fields after it, [] when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return "", []
    before, _, rest = text.rpartition(")")  # The name may hold anything.
    return before.partition("(")[2], rest.split()


def is_alive(pid: int, start: int, domain: str) -> bool:
    """Say whether exactly that process is seen to run."""
    here = domain.partition(_AT)[0] == _domain() and is_of_here(domain)
    return here and start != 0 and started(pid) == start


def is_gone(pid: int, start: int, domain: str) -> bool | None:
    """Say whether exactly that process has ended; None when it cannot be seen from here."""
    here, there = _domain(), domain[:_BOOT_LENGTH]
    if not is_of_here(domain):
        return True if there != _elsewhere.get(machine_of(domain), there) else None
    if domain.partition(_AT)[0] == here:
        return not is_alive(pid, start, domain)
    return True if there != here[:_BOOT_LENGTH] else None


def machine_of(domain: str) -> str:
    """Return on which machine a process is, "" on the one that a file has."""
    return domain.partition(_AT)[2]


def is_of_here(domain: str) -> bool:
    """Say whether a process is, or was, on this machine."""
    machine = machine_of(domain)
    return not machine or is_this(machine)


def is_this(machine: str) -> bool:
    """Say whether this machine is the one of an id, in whichever store that stands."""
    from schema.pg.machine import machine_id

    return machine == machine_id()


def boot() -> str:
    """Return which boot of this machine it is, as the identities of its processes begin."""
    return _domain()[:_BOOT_LENGTH]


def learn(machines: dict[str, str]) -> None:
    """Take note of which boot each other machine is in, "" where it was declared lost."""
    _elsewhere.update(machines)


def _domain() -> str:
    """Return the name of this boot, time namespace and pid namespace."""
    try:
        namespace = os.readlink("/proc/self/ns/pid").removeprefix("pid:")
    except OSError:
        namespace = ""
    return Clock().now().domain + namespace
