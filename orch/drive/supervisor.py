"""Supervisor of a driver's workers: each is a process of its own, held by a pipe.

A worker (`orch work --slots --lifeline FD`) ends its turn, saves, gives back and goes as soon as
the pipe closes, so that a killed driver leaves nobody at work. A killed worker leaves its agent,
which the next one of the pool looks after. Decides nothing: who is started when is the planner's.
"""

import os
import time

from orch import process, process_identity
from orch.drive import process_log
from orch.operations import openings
from orch.store import slots as slot_rows
from orch.store import turns as turn_rows
from schema import crash_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from orch.process import Started
    from schema.transaction import ReadTx, Tx

    Write = Callable[[], AbstractContextManager[Tx]]
    Tell = Callable[[str], None]

FINISH, END = 1, 2  # Levels of a stop: let turns end; end them and give their threads back.
_INT, _TERM = 2, 15
_QUICK_SECONDS = 30.0  # A worker that ends sooner ended at once.
_RENEWALS_PER_LEASE = 3


class WorkerSpec:
    """What every worker of a driver is started with. `program`: of the `command` harness."""

    __slots__ = ("cwd", "db_path", "harness", "lease_seconds", "logs", "pool", "program", "run_id")

    def __init__(
        self, db_path: str, run_id: str, *, harness: str, logs: str, cwd: str, pool: str = "auto",
        program: tuple[str, ...] = (), lease_seconds: float = 900.0,
    ) -> None:  # fmt: skip
        self.db_path = db_path
        self.run_id = run_id
        self.harness = harness
        self.logs = logs
        self.cwd = cwd
        self.pool = pool.removeprefix("@")
        self.program = program
        self.lease_seconds = lease_seconds

    def command(self, lifeline: int) -> list[str]:
        """Return the command line of one worker."""
        words = [
            process.own_program(), "--db", self.db_path, "work", "--agent", self.pool,
            "--pool", self.pool, "--slots", "--lifeline", str(lifeline),
            "--lease-seconds", f"{self.lease_seconds:g}", "--harness", self.harness,
        ]  # fmt: skip
        return words + (["--", *self.program] if self.program else [])


class SlotState:
    """One slot as it stands: whether its process runs, else when and why it ended.

    `quick_ends`: it ended at once, so often in a row. `ended_at`: ms on the wall clock.
    """

    __slots__ = (
        "ended_at", "is_leaving", "lifeline", "log", "process", "quick_ends", "said", "slot_no",
        "started", "starts", "text",
    )  # fmt: skip

    def __init__(self, slot_no: int, log: str) -> None:
        self.slot_no = slot_no
        self.log = log
        self.process: Started | None = None
        self.lifeline = -1
        self.started = 0.0
        self.starts = self.quick_ends = 0
        self.ended_at = self.said = 0  # So much stood in its log before it began.
        self.is_leaving = False
        self.text = ""

    @property
    def is_up(self) -> bool:
        """Whether its process runs."""
        return self.process is not None


class Supervisor:
    """The worker processes of one driver. Every method returns at once, but for `close`.

    `write` begins an atomic change as the driver, which refuses one that lost its lease.
    """

    def __init__(self, spec: WorkerSpec, write: "Write", tell: "Tell") -> None:
        self.spec = spec
        self.level = 0
        self._write = write
        self._tell = tell
        self._slots: dict[int, SlotState] = {}
        self._renew_at = 0.0

    @property
    def slots(self) -> list[SlotState]:
        """The slots that were ever started, as the last poll found them."""
        return [self._slots[number] for number in sorted(self._slots)]

    @property
    def is_over(self) -> bool:
        """Whether no worker runs any more."""
        return not any(slot.is_up for slot in self._slots.values())

    def start(self, slot_no: int) -> None:
        """Start the worker of a slot, unless it runs or a stop was asked. Raises: OSError."""
        log = os.path.join(self.spec.logs, f"drive-{self.spec.run_id}.worker-{slot_no}.log")
        slot = self._slots.setdefault(slot_no, SlotState(slot_no, log))
        if slot.is_up or self.level:
            return
        process_log.shorten(log)
        slot.said, slot.is_leaving = process_log.length(log), False
        ours, theirs = os.pipe2(os.O_CLOEXEC)[::-1]
        try:
            slot.process = process.start(
                self.spec.command(theirs),
                cwd=self.spec.cwd,
                environment=process.unattended(os.environ) | {"ORCH_JSON": ""},
                log=log,
                hold=(theirs,),
                is_mute=True,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        slot.lifeline = ours
        crash_points.reach("drive.worker_started")
        slot.started = time.monotonic()
        slot.starts += 1
        slot.text = ""
        self._record(slot)

    def poll(self) -> list[int]:
        """Note which workers have ended, and renew the leases of parked threads; return the former.

        Raises: store_busy, and lease_conflict when this driver was superseded.
        """
        ended = [slot for slot in self.slots if slot.process and slot.process.status() is not None]
        for slot in ended:
            self._note_end(slot)
        if time.monotonic() >= self._renew_at:
            with self._write() as tx:
                openings.renew_parked(tx, self.spec.pool)
            self._renew_at = time.monotonic() + self.spec.lease_seconds / _RENEWALS_PER_LEASE
        return [slot.slot_no for slot in ended]

    def free(self, tx: "ReadTx") -> int:
        """Return how many workers could begin something new now.

        Not those in a turn, nor those that first have to see to what was left or answered.
        """
        ours = [slot.process.identity for slot in self._slots.values() if slot.process]
        running = {process_identity.on(tx.machine, one) for one in ours}
        busy = {turn.runner for turn in turn_rows.running(tx)} & running
        return max(0, len(running) - len(busy) - openings.owed(tx, self.spec.pool))

    def reduce(self, count: int) -> None:
        """Let the workers of slots beyond so many end their turn and go; said again, no more."""
        for slot in self.slots:
            if slot.slot_no > count and slot.process is not None and not slot.is_leaving:
                slot.process.signal(_INT)  # Once: a second one ends the turn.
                slot.is_leaving = True

    def stop(self, level: int) -> None:
        """Begin nothing: workers finish their turns (FINISH), or end them at once (END)."""
        if level <= self.level:
            return
        self.level = level
        for slot in self._slots.values():
            if slot.process is not None:
                slot.process.signal(_INT if level == FINISH else _TERM)

    def close(self, seconds: float) -> list[int]:
        """Close the lifelines and wait for the workers; return the pids of those that still end."""
        self.level = END
        for slot in self._slots.values():
            _cut(slot)
        deadline = time.monotonic() + seconds
        left = []
        for slot in self._slots.values():
            if slot.process is None:
                continue
            if slot.process.wait(max(0.0, deadline - time.monotonic())) is None:
                left.append(slot.process.pid)
            slot.process = None
        return left

    def _note_end(self, slot: SlotState) -> None:
        assert slot.process is not None
        status = slot.process.status()
        quick = time.monotonic() - slot.started < _QUICK_SECONDS
        slot.quick_ends = slot.quick_ends + 1 if quick else 0
        slot.text = process_log.last_words(slot.log, slot.said) or f"it ended with exit {status}"
        slot.process = None
        _cut(slot)
        if not self.level:
            self._tell(f"worker {slot.slot_no} ended (exit {status}): {slot.text}")
        slot.ended_at = self._record(slot)

    def _record(self, slot: SlotState) -> int:
        """Write down how a slot stands; return when that is."""
        with self._write() as tx:
            slot_rows.put(
                tx, self.spec.run_id, slot.slot_no, self.spec.pool, self.spec.harness,
                process_identity.on(tx.machine, slot.process.identity) if slot.process else None,
                slot.starts, slot.text,
            )  # fmt: skip
            return tx.now.wall_ms


def _cut(slot: SlotState) -> None:
    if slot.lifeline >= 0:
        os.close(slot.lifeline)
        slot.lifeline = -1
