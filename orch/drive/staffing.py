"""The driver's own workers, kept up in every look; one that ended starts again, later each time."""

from orch.config.drive_policy import DrivePolicy
from orch.drive.planner.model import SlotFacts
from orch.drive.supervisor import Supervisor, WorkerSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.drive.driver_lease import DriverLease
    from schema.transaction import Database

_TOLD_AFTER = 3  # Workers that ended at once so often in a row are a reason to ask somebody.
_MOST_REST = 60.0


class Staff:
    """The worker processes of a driver, or none where others work."""

    def __init__(
        self, db: "Database", lease: "DriverLease", cwd: str, program: tuple[str, ...],
        say: "Callable[[str, str, str], None]",
    ) -> None:  # fmt: skip
        self._db = db
        self._lease = lease
        self._cwd = cwd
        self._program = program
        self._say = say
        self._supervisor: Supervisor | None = None

    def keep_up(self, policy: DrivePolicy) -> list[SlotFacts]:
        """Start the workers that are to be up and rest no more; return how all of them stand."""
        if not policy.workers or not policy.harness:
            if self._supervisor is not None:
                self._supervisor.reduce(0)
                self._supervisor.poll()
            return []
        crew = self._supervisor or self._hire(policy)
        crew.poll()
        crew.reduce(policy.workers)
        now, found = self._db.clock.now().wall_ms, []
        known = {slot.slot_no: slot for slot in crew.slots}
        for number in range(1, policy.workers + 1):
            slot = known.get(number)
            rest = _rest(slot.quick_ends) if slot is not None else 0.0
            not_before = slot.ended_at + int(1000 * rest) if slot is not None else 0
            if (slot is None or not slot.is_up) and now >= not_before:
                crew.start(number)
                slot = next(s for s in crew.slots if s.slot_no == number)
            is_up = slot is not None and slot.is_up
            tells = slot is not None and slot.quick_ends >= _TOLD_AFTER and not is_up
            reason = slot.text if slot is not None and tells else ""
            found.append(SlotFacts(number, is_up, 0 if is_up else not_before, reason))
        return found

    def _hire(self, policy: DrivePolicy) -> Supervisor:
        spec = WorkerSpec(
            self._db.path, self._lease.run_id, harness=policy.harness, logs=self._db.folder.logs,
            cwd=self._cwd, pool=policy.pool, program=self._program,
        )  # fmt: skip
        self._supervisor = Supervisor(
            spec, self._lease.write, lambda text: self._say("", "worker", text)
        )
        return self._supervisor

    @property
    def is_over(self) -> bool:
        """Whether no worker of ours runs any more."""
        return self._supervisor is None or self._supervisor.is_over

    def stop(self, level: int) -> None:
        """Let workers finish their turns (1), or end them now (2)."""
        if self._supervisor is not None:
            self._supervisor.stop(level)

    def poll(self) -> None:
        """Note which workers have ended."""
        if self._supervisor is not None:
            self._supervisor.poll()

    def close(self, seconds: float) -> list[int]:
        """End what is left; return the pids of those that still end."""
        return self._supervisor.close(seconds) if self._supervisor is not None else []


def _rest(quick_ends: int) -> float:
    """Return how long a worker that ended at once, so often in a row, rests."""
    return 0.0 if not quick_ends else min(2.0 ** (quick_ends - 1), _MOST_REST)
