"""One turn of an agent process: started, watched, ended with everything that belongs to it.

Guarantees: an argument list and never a shell; own session and group; the prompt by stdin or
file; output to a spool, so that it needs nobody who reads; three timers; after its last word a
grace and then the end. A process is signalled only
while it cannot have been replaced by another one of its number: the leader before it is
reaped, all others through a pidfd.
"""

import os
import select
import signal
import subprocess
import time

from orch import process_identity
from orch.harness import orphans, spool
from orch.harness.spool import Intake
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.harness.config import Harness, HarnessTable
    from orch.harness.events import OutputReader
    from orch.harness.log import Log

LOOK_SECONDS = 0.2  # Between looks at what others say of a turn,
NAP_SECONDS = 0.05  # and at what it printed.
_STRAY_GRACE = 3.0
_HURRY = 0.5


class Orders(Value):
    """What the store says of a running turn, asked for a few times a second.

    `stop`: why it is to end now, "" to go on. `reported`: it has delivered, and may take its
    leave. `waiting`: it waits for an answer, so silence is no idleness. `active`: it wrote
    something since the last look. `hurry`: its runner itself was told to end, and has two seconds.
    """

    stop: str = ""
    reported: bool = False
    waiting: bool = False
    active: bool = False
    hurry: bool = False


class ClientEnd:
    """How a turn ended.

    `cause`: "exit" (by itself), "orphaned" (the same, with no runner to see it), "final" or
    "reported" (stopped after its last word or its report), "stopped", or the timer that fired.
    `exit_status` is as a shell says it, None when we ended it or nobody saw it; `last_line_at`
    (ms) is when one that nobody saw end printed last.
    """

    __slots__ = ("cause", "exit_status", "last_line_at", "reader", "strays", "tail", "why")

    def __init__(self, cause: str, why: str, exit_status: int | None, intake: Intake) -> None:
        self.cause = cause
        self.why = why
        self.exit_status = exit_status
        self.reader = intake.reader
        self.tail = intake.tail
        self.strays = 0
        self.last_line_at: int | None = None


class Vigil:
    """The patience with a turn: what it printed and what the store says decide when it ends."""

    __slots__ = ("_began", "_first", "_intake", "_last", "_leave_by", "_table")

    def __init__(self, table: "HarnessTable", intake: Intake) -> None:
        self._table = table
        self._intake = intake
        self._began = self._last = time.monotonic()
        self._first = False
        self._leave_by: tuple[float, str] | None = None

    def hears(self) -> bool:
        """Read what it printed; say whether that was anything."""
        if not self._intake.take():
            return False
        self._first = True
        self._last = time.monotonic()
        return True

    def due(self, orders: Orders) -> tuple[str, str]:
        """Return (cause, why) if it has to end now, empty to go on."""
        now = time.monotonic()
        table = self._table
        if orders.stop:
            return "stopped", orders.stop
        if orders.active or orders.waiting:
            self._last, self._first = now, True
        if self._leave_by is None or self._leave_by[1] == "reported":
            if self._intake.reader.final:
                self._leave_by = (now + table.grace, "final")
            elif orders.reported and self._leave_by is None:
                self._leave_by = (now + table.report_grace, "reported")
        if self._leave_by is not None:
            return (self._leave_by[1], "") if now >= self._leave_by[0] else ("", "")
        if now - self._began >= table.total:
            return "total", f"it took longer than {table.total:g} s"
        if not self._first and now - self._began >= table.first_output:
            return "first_output", f"no output within {table.first_output:g} s"
        if now - self._last >= table.idle:
            return "idle", f"no output and no report for {table.idle:g} s"
        return "", ""


class Child:
    """A started agent process."""

    __slots__ = ("_harness", "_intake", "_mark", "_process", "_vigil", "identity", "pid")

    def __init__(
        self,
        harness: "Harness",
        argv: list[str],
        *,
        cwd: str,
        environment: dict[str, str],
        prompt_file: str,
        mark: str,
        log: "Log",
        spools: str,
    ) -> None:
        """Start it. Raises: OSError when the program cannot be run."""
        self._harness = harness
        self._mark = mark
        feed = prompt_file if harness.table.prompt == "stdin" else os.devnull
        out, err = spool.create(spools, mark)
        try:
            self._intake = Intake(spools, mark, harness.table, log)
            with open(feed, "rb") as stdin:
                self._process = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=environment,
                    stdin=stdin,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
        finally:
            os.close(out)
            os.close(err)
        self.pid = self._process.pid
        self.identity = process_identity.of(self.pid)
        self._vigil = Vigil(harness.table, self._intake)

    @property
    def reader(self) -> "OutputReader":
        """What its output has told so far."""
        return self._intake.reader

    def watch(self, look: "Callable[[], Orders]") -> ClientEnd:
        """Stay with it to its end, or end it; nothing of it runs afterwards."""
        pidfd = os.pidfd_open(self.pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        cause, why, looked, patience = "exit", "", 0.0, _STRAY_GRACE
        try:
            while not poll.poll(0 if self._vigil.hears() else 1000 * NAP_SECONDS):
                if time.monotonic() - looked >= LOOK_SECONDS:
                    looked = time.monotonic()
                    orders = look()
                    cause, why = self._vigil.due(orders)
                    if cause:
                        patience = _HURRY if orders.hurry else _STRAY_GRACE
                        grace = self._harness.table.grace
                        self._stop(poll, min(grace, _HURRY) if orders.hurry else grace)
                        break
            return self._end(cause or "exit", why, patience)
        finally:
            os.close(pidfd)
            self.kill()

    def kill(self) -> None:
        """End it at once with all that is in its group; harmless when it has ended."""
        self._kill_group()
        self._process.wait()

    def _stop(self, poll: "select.poll", grace: float) -> None:
        """Ask its group to end; kill it after the grace. Its last words are still read."""
        asked = signal.SIGINT if self._harness.table.signal == "INT" else signal.SIGTERM
        self._signal(asked)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if poll.poll(0 if self._vigil.hears() else 1000 * NAP_SECONDS):
                return
        self._signal(signal.SIGKILL)
        poll.poll(1000 * _STRAY_GRACE)

    def _signal(self, number: int) -> None:
        """Signal its group. It is not reaped yet, so the number is still its own."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def _end(self, cause: str, why: str, patience: float) -> ClientEnd:
        """End what it left behind, reap it, and say how it was."""
        found = orphans.end(self._mark, self.pid, patience)
        self._kill_group()
        status = self._process.wait()
        self._intake.finish()
        shown = 128 - status if status < 0 else status
        ended = ClientEnd(cause, why, shown if cause == "exit" else None, self._intake)
        ended.strays = found
        return ended

    def _kill_group(self) -> None:
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)
