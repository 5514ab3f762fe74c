"""One conversation with a child of ours: what it is fed, what it says, how it is ended."""

import contextlib
import os
import time

from orch import children
from orch.git import traps
from orch.git.names import display, redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    import subprocess

_STDERR_BYTES = 64 << 10


class Talk:
    """One conversation with a child: feed stdin, gather stdout and stderr, watch the limits."""

    def __init__(
        self,
        child: "subprocess.Popen[bytes]",
        feed: bytes,
        deadline: float,
        limit: int,
        search: traps.Search | None,
    ) -> None:
        self.child, self.feed, self.deadline, self.limit = child, memoryview(feed), deadline, limit
        self.out, self.err = bytearray(), bytearray()
        self.search, self.trap = search, ""

    def tail(self) -> str:
        """Return the end of stderr as safe text, lines kept."""
        lines = self.err.decode("utf-8", "backslashreplace").split("\n")
        return redact("\n".join(map(display, lines)))

    def run(self) -> str:
        """Talk until the child ends; return "" or the limit it passed: "time", "output", "trap"."""
        import select

        assert self.child.stdout is not None
        assert self.child.stderr is not None
        poll = select.poll()
        sinks = {self.child.stdout.fileno(): self.out, self.child.stderr.fileno(): self.err}
        for fd in sinks:
            poll.register(fd, select.POLLIN)
        if self.child.stdin is not None:
            os.set_blocking(self.child.stdin.fileno(), False)
            poll.register(self.child.stdin.fileno(), select.POLLOUT)
        while sinks:
            left = self.deadline - time.monotonic()
            if left <= 0:
                return "time"
            if self.search is not None:
                self.trap = self.search.step()
                if self.trap:
                    return "trap"
                left = min(left, self.search.pause())
            for fd, _ in poll.poll(left * 1000):
                if fd not in sinks:
                    self._write(poll, fd)
                elif chunk := os.read(fd, 1 << 16):
                    sinks[fd] += chunk
                else:
                    poll.unregister(fd)
                    del sinks[fd]
            if len(self.out) > self.limit:
                return "output"
            del self.err[:-_STDERR_BYTES]
        return "" if self._wait() else "time"

    def _wait(self) -> bool:
        """Wait for the exit of a child that has closed its output; False at the deadline."""
        import select
        import subprocess

        left = max(0.0, self.deadline - time.monotonic())
        if hasattr(os, "pidfd_open"):  # `wait` with a time-out sleeps a millisecond per call.
            fd = os.pidfd_open(self.child.pid)
            try:
                poll = select.poll()
                poll.register(fd, select.POLLIN)
                return bool(poll.poll(left * 1000)) and self.child.wait() is not None
            finally:
                os.close(fd)
        try:
            self.child.wait(left)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _write(self, poll: "select.poll", fd: int) -> None:
        assert self.child.stdin is not None
        try:
            self.feed = self.feed[os.write(fd, self.feed[: 1 << 16]) :] if self.feed else self.feed
        except BlockingIOError:
            return
        except BrokenPipeError:  # It ended without reading all: its exit status says why.
            self.feed = self.feed[:0]
        if not self.feed:
            poll.unregister(fd)
            self.child.stdin.close()


def end_child(child: "subprocess.Popen[bytes]") -> None:
    """Leave no process of the child's group behind and no pipe open."""
    if child.returncode is None:
        children.end((child.pid,))
        child.wait()
    children.leave(child.pid)
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
