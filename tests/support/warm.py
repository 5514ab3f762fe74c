"""Answers of commands without a start each.

A start is most of what a command costs (docs/decisions/0002-shipped-scripts.md): an answer is
computed in a child of a process that has every module loaded. It is the console script's own
`main`, in its own process, session, directory, environment, umask and descriptors, on the real
store. Limits, capabilities and closed descriptors are not handed on.
What a start itself does is for `run()` and `start()`, which are scripts (cli.py), and for
tests/house/test_imports.py: what hot commands load, and that each command's module loads alone.
"""

import atexit
import gc
import importlib
import importlib.util
import json
import os
import pkgutil
import select
import signal
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

from tests.support.cli import DEADLINE, Answer, Cli, clean_environment

_PACKAGES = ("schema", "inbox", "orch", "council")
_ROOT = Path(__file__).parents[2]
_HEAD = struct.Struct("!iII")  # Status, bytes of stdout, bytes of stderr.
_HANGS = 1 << 20  # No process ends with that.
_HAS_DRIVER = importlib.util.find_spec("psycopg2") is not None  # An extra of the product's.
_ARMED = {"ORCH_CRASH_AT": ""}  # Transactions pass by their crash points; none is the target yet.


class WarmCli(Cli):
    """A program in a directory like the Cli it is made of."""

    def __init__(self, cold: Cli) -> None:
        self.cwd, self.program, self.store, self.env = cold.cwd, cold.program, cold.store, cold.env
        self.url = cold.url

    def at(self, cwd: Path | None = None, **env: str) -> Cli:
        """Return the same program in another directory, or with more environment."""
        return WarmCli(super().at(cwd, **env))

    def quick(
        self,
        *argv: str,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        deadline: float = DEADLINE,
    ) -> Answer:
        """Run a command to its end, whatever that is; one that reads its stdin is a script."""
        environment = {k: v for k, v in (self.env | (env or {})).items() if v is not None}
        if stdin is not None:
            return self.run(*argv, stdin=stdin, env=env, cwd=cwd, deadline=deadline)
        words = [self.program, *argv]
        status, out, err = _SERVER.run(words, str(cwd or self.cwd), environment, deadline)
        if status == _HANGS:
            raise AssertionError(f"still running after {deadline:g} s: {words}")
        return Answer(words, status, out, err)


class _Server:
    """The process with the modules, started at its first use; it ends with this one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._busy = threading.Lock()  # One at a time: what has to overlap is started (cli.py).

    def run(
        self, words: list[str], cwd: str, env: dict[str, str], deadline: float
    ) -> tuple[int, bytes, bytes]:
        """Run a command; return its status (-n for signal n), its stdout and stderr."""
        with self._busy:
            return self._run(words, cwd, env, deadline)

    def _run(
        self, words: list[str], cwd: str, env: dict[str, str], deadline: float
    ) -> tuple[int, bytes, bytes]:
        if self._process is None:
            self._start()
        assert self._process is not None
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None and told is not None
        umask = os.umask(0o077)  # Nothing else tells it.
        os.umask(umask)
        try:
            asked.write(json.dumps([words, cwd, env, umask, deadline]).encode() + b"\n")
            asked.flush()
            status, out, err = _HEAD.unpack(told.read(_HEAD.size))
            return status, told.read(out), told.read(err)
        except BaseException:
            self._process.kill()  # What it says next would be the answer to this.
            self.close()
            raise

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm"],
            cwd=_ROOT,
            env=clean_environment("/nonexistent", **_ARMED),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        atexit.register(self.close)

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


_SERVER = _Server()


def serve() -> None:
    """Run what stdin asks for, one child after the other, until it is closed."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    for package in _PACKAGES:
        for module in pkgutil.walk_packages([str(_ROOT / package)], f"{package}."):
            if _HAS_DRIVER or not module.name.startswith("schema.pg."):
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # A child's collections leave the pages alone that it shares.
    for line in asked:
        words, cwd, env, umask, deadline = json.loads(line)
        files = os.memfd_create("stdout"), os.memfd_create("stderr")
        pid = os.fork()
        if not pid:
            _be(words, cwd, env, umask, files)
        status = _end_of(pid, deadline)
        out, err = (os.pread(fd, os.fstat(fd).st_size, 0) for fd in files)
        for fd in files:
            os.close(fd)
        told.write(_HEAD.pack(status, len(out), len(err)) + out + err)
        told.flush()


def _be(
    words: list[str], cwd: str, env: dict[str, str], umask: int, files: tuple[int, int]
) -> None:
    """Be the console script; does not return."""
    try:
        os.setsid()
        os.dup2(files[0], 1)
        os.dup2(files[1], 2)
        os.closerange(3, max(files) + 1)
        os.chdir(cwd)
        os.umask(umask)
        os.environ.clear()
        os.environ.update(env)
        importlib.reload(
            sys.modules["schema.crash_points"]
        )  # It reads the target when it is loaded.
        sys.argv = words
        importlib.import_module(f"{words[0]}.cli.main").main()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(70)


def _end_of(pid: int, deadline: float) -> int:
    """Return a child's exit status; one that hangs is killed with its group."""
    handle = os.pidfd_open(pid)
    ready, _, _ = select.select([handle], [], [], deadline)
    os.close(handle)
    if not ready:
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if ready else _HANGS


if __name__ == "__main__":
    serve()
