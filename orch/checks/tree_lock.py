"""Lock of a worktree in which checks run: no two commands check one tree at the same time.

Every check inherits it, so that one whose orch was killed keeps the tree until it ends.
"""

import contextlib
import fcntl
import os

from orch import process, process_identity
from orch.git import names, repository
from orch.harness import orphans
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 0.2


@contextlib.contextmanager
def held(path: str) -> "Iterator[tuple[int, ...]]":
    """Hold the lock of a worktree; yields the descriptor for its checks to keep.

    One that is not there has none. Raises: lease_conflict/held naming who has it.
    """
    with contextlib.ExitStack() as stack:
        lock: tuple[int, ...] = ()
        try:
            lock = (stack.enter_context(repository.locked_directory(path, _PATIENCE_SECONDS)),)
        except FileNotFoundError:
            pass
        except Failure as failure:
            if failure.reason != "timeout":
                raise
            raise _refusal(path) from None
        yield lock
        for fd in lock:  # A server that a check left behind does not keep it.
            fcntl.flock(fd, fcntl.LOCK_UN)


def is_held(path: str) -> bool:
    """Say whether checks run in a worktree now; not where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _refusal(path: str) -> Failure:
    locker = _locker(path)
    shown = names.display(path)
    if locker and process_identity.started(locker):
        return Failure(
            "lease_conflict",
            "held",
            f"process {locker} runs checks in {shown}",
            hint="wait for it; it records what it finds",
            details={"pid": locker, "worktree_path": shown},
        )
    pid = _left_behind(path)
    return Failure(
        "lease_conflict",
        "held",
        f"a check still runs in {shown}{f' as pid {pid}' if pid else ''}, but the orch that "
        "waited for it was killed",
        hint=f"wait for it, or end it: kill -- -{_group(pid)}" if pid else "wait for it",
        details={"pid": pid or None, "worktree_path": shown},
    )


def _locker(path: str) -> int:
    """Return which process took the lock of a directory, 0 when that cannot be seen."""
    found = os.stat(path)
    wanted = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        with open("/proc/locks", encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError:
        return 0
    return next((int(row[4]) for row in rows if row[1] == "FLOCK" and row[5] == wanted), 0)


def _left_behind(path: str) -> int:
    """Return a check that runs there although its orch is gone, 0 for none that is seen."""
    for pid, mark in orphans.carriers(process.MARK).items():
        number, started, domain, where = [*mark.split(":", 3), "", "", ""][:4]
        if not (where == path and number.isdigit() and started.isdigit()):
            continue
        if process_identity.is_gone(int(number), int(started), domain) is True:
            return pid
    return 0


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return pid
