"""Where tortured stores live, and children that do one thing and report."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_RAM = "/dev/shm"
STORE = "coord.db"


@contextmanager
def folder(*, disk: bool = False) -> Iterator[str]:
    """Give a private folder, in RAM unless `disk` or there is none; it is gone afterwards."""
    ram = not disk and os.path.isdir(_RAM) and os.access(_RAM, os.W_OK)
    where = tempfile.mkdtemp(prefix="torture-", dir=_RAM if ram else None)
    try:
        yield os.path.realpath(where)
    finally:
        shutil.rmtree(where, ignore_errors=True)


def fork(work: Callable[[], object]) -> int:
    """Run `work` in a child that ends with it; return its pid.

    The caller holds no open store: SQLite's handles do not cross a fork.
    """
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def fork_reporting(work: Callable[[], object]) -> tuple[int, int]:
    """Compute `work` in a fresh child; give (pid, pipe) to `reported`."""
    reader, writer = os.pipe()

    def _report() -> None:
        os.close(reader)
        data = memoryview(json.dumps(work()).encode())
        while data:
            data = data[os.write(writer, data) :]

    pid = fork(_report)
    os.close(writer)
    return pid, reader


def reported(pid: int, reader: int) -> object:
    """Return what such a child computed (as JSON), once it has ended."""
    chunks = []
    with os.fdopen(reader, "rb") as pipe:
        while chunk := pipe.read(65536):
            chunks.append(chunk)
    status = reap(pid)
    if status != 0 or not chunks:
        raise AssertionError(f"a child of the suite ended with {status}")
    return json.loads(b"".join(chunks))


def in_child(work: Callable[[], object]) -> object:
    """Return what `work` returns, computed in a fresh child."""
    return reported(*fork_reporting(work))


def reap(pid: int, deadline: float = 60.0) -> int:
    """Return a child's exit status, -n for signal n; one that hangs is killed and is a failure."""
    end = time.monotonic() + deadline
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"process {pid} did not end within {deadline:g} s")
        time.sleep(0.0005)
