"""A clock that tests turn: suspend, wall jumps, reboots, another time namespace.

`real_ms` is the time that truly passed; only the tests know it.
"""

from schema.clock import Instant

START_WALL_MS = 1_790_000_000_000


class SimulatedClock:
    """Has `now()` like schema.clock.Clock."""

    def __init__(self) -> None:
        self.real_ms = 0
        self.boots = 0
        self.namespace = 0
        self._wall_off = START_WALL_MS
        self._boot_off = 0  # boot_ms = real_ms - _boot_off + the namespace's offset

    def now(self) -> Instant:
        return Instant(
            self._wall_off + self.real_ms,
            self.real_ms - self._boot_off + 1_000_000 * self.namespace,
            f"boot-{self.boots}[{self.namespace}]",
        )

    def advance(self, ms: int) -> None:
        """Let time pass, awake or suspended: BOOTTIME counts both."""
        self.real_ms += ms

    def jump(self, ms: int) -> None:
        """Set the wall clock forward or back."""
        self._wall_off += ms

    def reboot(self, down_ms: int = 0) -> None:
        """Restart the machine: BOOTTIME begins anew, under a new boot id."""
        self.real_ms += down_ms
        self.boots += 1
        self._boot_off = self.real_ms

    def enter_namespace(self, number: int) -> None:
        """Read the clocks from another time namespace of the same boot."""
        self.namespace = number
