"""One turn of an agent process: started, watched, ended with everything that belongs to it.

Guarantees: an argument list and never a shell; own session and group; the prompt by stdin or
file; three timers; after its last word a grace and then the end. A process is signalled only
while it cannot have been replaced by another one of its number: the leader before it is
reaped, all others through a pidfd.
"""

import os
import select
import signal
import subprocess
import time

from orch import identity
from orch.harness import strays
from orch.harness.events import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.harness.log import Log
    from orch.harness.table import Harness

_LOOK_SECONDS = 0.2  # Between looks at what others say of this turn.
_STRAY_GRACE = 3.0
_CHUNK = 1 << 16
_TAIL = 8000
_OUT, _ERR = 1, 2


class Orders:
    """What the store says of a running turn, asked for a few times a second.

    `stop`: why it is to end now, "" to go on. `reported`: it has delivered, and may take its
    leave. `waiting`: it waits for an answer, so silence is no idleness. `active`: it wrote
    something since the last look.
    """

    __slots__ = ("active", "reported", "stop", "waiting")

    def __init__(self) -> None:
        self.stop = ""
        self.reported = False
        self.waiting = False
        self.active = False


class Ended:
    """How a turn ended.

    `cause`: "exit" (by itself), "final" or "reported" (stopped after its last word or its
    report), "stopped", or the timer that fired. `exit_status` is as a shell says it, None when
    we ended it.
    """

    __slots__ = ("cause", "exit_status", "reader", "strays", "tail", "why")

    def __init__(self, cause: str, exit_status: int | None, reader: Reader, tail: str) -> None:
        self.cause = cause
        self.exit_status = exit_status
        self.reader = reader
        self.tail = tail
        self.strays = 0
        self.why = ""


class Child:
    """A started agent process."""

    __slots__ = (
        "_began", "_first", "_harness", "_last", "_leave_by", "_log", "_mark", "_process",
        "_reader", "_tail", "identity", "pid",
    )  # fmt: skip

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
    ) -> None:
        """Start it. Raises: OSError when the program cannot be run."""
        self._harness = harness
        self._log = log
        self._mark = mark
        self._reader = Reader(harness.table.event)
        self._tail = bytearray()
        feed = prompt_file if harness.table.prompt == "stdin" else os.devnull
        with open(feed, "rb") as stdin:
            self._process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        self.pid = self._process.pid
        self.identity = identity.of(self.pid)
        self._began = self._last = time.monotonic()
        self._first = False
        self._leave_by: tuple[float, str] | None = None

    @property
    def session(self) -> str:
        """The id by which its client can resume, "" while it has told none."""
        return self._reader.session

    def watch(self, look: "Callable[[], Orders]") -> Ended:
        """Stay with it to its end, or end it; nothing of it runs afterwards."""
        pidfd = os.pidfd_open(self.pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        streams = self._streams(poll)
        cause, why, looked = "exit", "", 0.0
        try:
            while True:
                ready = {fd for fd, _ in poll.poll(1000 * _LOOK_SECONDS)}
                self._drain(poll, streams, ready)
                if pidfd in ready:
                    break
                if time.monotonic() - looked >= _LOOK_SECONDS:
                    looked = time.monotonic()
                    cause, why = self._due(look())
                    if cause:
                        self._stop(poll, streams, pidfd)
                        break
            cause = cause or "exit"
            late = time.monotonic() + _STRAY_GRACE  # A stray may hold a pipe and flood it.
            while ready := {fd for fd, _ in poll.poll(0)} & set(streams):
                self._drain(poll, streams, ready)
                if time.monotonic() > late:
                    break
            ended = self._end(cause)
            ended.why = why
            return ended
        finally:
            os.close(pidfd)
            self.kill()

    def kill(self) -> None:
        """End it at once with all that is in its group; harmless when it has ended."""
        self._kill_group()
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _streams(self, poll: "select.poll") -> dict[int, int]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        streams = {self._process.stdout.fileno(): _OUT, self._process.stderr.fileno(): _ERR}
        for fd in streams:
            os.set_blocking(fd, False)
            poll.register(fd, select.POLLIN)
        return streams

    def _drain(self, poll: "select.poll", streams: dict[int, int], ready: set[int]) -> None:
        """Read a chunk of each stream that has something."""
        for fd in ready & set(streams):
            try:
                chunk = os.read(fd, _CHUNK)
            except BlockingIOError:
                continue
            if not chunk:
                poll.unregister(fd)
                del streams[fd]
                continue
            self._first = True
            self._last = time.monotonic()
            self._log.take(streams.get(fd, _ERR), chunk)
            if streams[fd] == _OUT:
                self._reader.feed(chunk)
            if streams[fd] == _ERR or not self._harness.table.event:
                self._tail += chunk  # Events say by themselves what went wrong.
                del self._tail[:-_TAIL]

    def _due(self, orders: Orders) -> tuple[str, str]:
        """Return (cause, why) if it has to end now, empty to go on."""
        now = time.monotonic()
        table = self._harness.table
        if orders.stop:
            return "stopped", orders.stop
        if orders.active or orders.waiting:
            self._last, self._first = now, True
        if self._leave_by is None or self._leave_by[1] == "reported":
            if self._reader.final:
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

    def _stop(self, poll: "select.poll", streams: dict[int, int], pidfd: int) -> None:
        """Ask its group to end; kill it after the grace. Its last words are still read."""
        asked = signal.SIGINT if self._harness.table.signal == "INT" else signal.SIGTERM
        self._signal(asked)
        deadline = time.monotonic() + self._harness.table.grace
        while (left := deadline - time.monotonic()) > 0:
            ready = {fd for fd, _ in poll.poll(1000 * min(left, _LOOK_SECONDS))}
            self._drain(poll, streams, ready)
            if pidfd in ready:
                return
        self._signal(signal.SIGKILL)
        select.select([pidfd], [], [], _STRAY_GRACE)

    def _signal(self, number: int) -> None:
        """Signal its group. It is not reaped yet, so the number is still its own."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def _end(self, cause: str) -> Ended:
        """End what it left behind, reap it, and say how it was."""
        found = strays.end(self._mark, self.pid, _STRAY_GRACE)
        self._kill_group()
        status = self._process.wait()
        self._reader.end()
        shown = 128 - status if status < 0 else status
        tail = bytes(self._tail).decode("utf-8", "replace")
        ended = Ended(cause, shown if cause == "exit" else None, self._reader, tail)
        ended.strays = found
        return ended

    def _kill_group(self) -> None:
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)
