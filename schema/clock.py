"""Time: one frozen Instant per transaction, and the rule that decides when a lease is over.

A lease's deadline is kept on two clocks. CLOCK_BOOTTIME (counts suspend, never jumps) is
believed while the reader shares the writer's boot and time namespace; otherwise the wall
clock is. Order never depends on time: event ids order everything. Rule measured in
reliability research over 100,000 simulated clock histories (docs/invariants.md, I13).
"""

import os
import time

_SLACK_MS = 5_000  # A deadline further off than ttl + this means a clock went back.


class Instant:
    """Now: `wall_ms` since 1970 UTC, `boot_ms` since boot, and the domain both belong to."""

    __slots__ = ("_domain", "boot_ms", "wall_ms")

    def __init__(self, wall_ms: int, boot_ms: int, domain: str = "") -> None:
        self.wall_ms = wall_ms
        self.boot_ms = boot_ms
        self._domain = domain

    @property
    def domain(self) -> str:
        """The boot and time namespace; this process's own is found out when a lease asks."""
        return self._domain or _own_domain()

    def remaining_ms(self, domain: str, boot_deadline: int, wall_deadline: int, ttl: int) -> int:
        """Return how many ms a deadline has left; 0 or less means it is over."""
        if domain == self.domain:
            left = boot_deadline - self.boot_ms
        else:
            left = wall_deadline - self.wall_ms
        return 0 if left > ttl + _SLACK_MS else left


class Clock:
    """Reads the machine's clocks; tests pass another object with the same `now`."""

    __slots__ = ()

    def now(self) -> Instant:
        """Return the present Instant."""
        try:
            boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        except (AttributeError, OSError):  # Not Linux: the monotonic clock is the nearest.
            boot = time.monotonic_ns()
        return Instant(time.time_ns() // 1_000_000, boot // 1_000_000)


_own: list[str] = []  # Found out once: a process stays in its boot and time namespace.


def _own_domain() -> str:
    if not _own:
        _own.append(_domain())
    return _own[0]


def _domain() -> str:
    """Return the name of this boot and time namespace: where boot_ms may be compared."""
    try:
        # Bytes: a text file in ASCII would import its codec (0.2 ms).
        with open("/proc/sys/kernel/random/boot_id", "rb", buffering=0) as file:
            boot = file.read().decode()
        namespace = os.readlink("/proc/self/ns/time")
    except OSError:
        return f"unknown-{os.getpid()}"  # Compares equal to nothing: the wall clock decides.
    return f"{boot[:13]}{namespace[5:]}"
