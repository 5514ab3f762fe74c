"""A real terminal of a given size, for what behaves otherwise on one."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable

from tests.support.cli import DEADLINE, SCRIPTS, Cli

_ESCAPE = re.compile(rb"\x1b\[[?0-9;]*[A-Za-z]")


class Terminal:
    """A program with a terminal of its own as its three streams."""

    def __init__(self, cli: Cli, *argv: str, size: tuple[int, int] = (80, 24), **env: str) -> None:
        self._fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.raw = b""
        self.process = subprocess.Popen(
            [str(SCRIPTS / cli.program), *argv],
            cwd=cli.cwd,
            env={**cli.env, "TERM": "xterm-256color", **env},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(DEADLINE)
        os.close(self._fd)

    @property
    def text(self) -> str:
        """What was printed so far, without the terminal's own commands."""
        return _ESCAPE.sub(b"", self.raw).decode("utf-8", "ignore").replace("\r", "")

    def read(self, condition: "Callable[[Terminal], object]", what: str) -> None:
        """Read until the condition holds; fail at the deadline, telling what came instead."""
        end = time.monotonic() + DEADLINE
        while not condition(self):
            left = end - time.monotonic()
            assert left > 0 and self._more(left), f"no {what}: {self.text!r}"

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._fd, text.encode())

    def wait(self) -> int:
        """Read to the end and return the exit status."""
        end = time.monotonic() + DEADLINE
        while self._more(max(0.0, end - time.monotonic())):
            pass
        return self.process.wait(DEADLINE)

    def _more(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # The other side is closed.
            return False
        self.raw += data
        return bool(data)
