"""Programs of the user's that orch runs and waits for: checks and setup commands.

Never a shell. Own session and process group, an allow-listed environment, a time limit, and
output kept as head and tail so that it cannot fill memory. Each carries a mark that names the
process which waits for it: should that be killed, `orch doctor` still finds the program (I12).
"""

import contextlib
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from orch import children, process_identity
from schema.signals import Interrupted, heed, hold_off
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = "ORCH_WAITED_FOR_BY"
HEAD_BYTES = 16_000
TAIL_BYTES = 32_000
_CHUNK = 65_536
_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TERM", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL",
    "VIRTUAL_ENV", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip

_OF_A_TURN = frozenset(
    ("ORCH_TURN", "ORCH_BRIEF", "ORCH_OUT", "INBOX_LEASE", "INBOX_THREAD", MARK)
)  # What ends with its turn is found by these, and is refused a person's words.


class ProgramEnd(Value):
    """How a program ended. `exit_status` is None when it could not be run or ran out of time."""

    exit_status: int | None
    verdict: str
    head: str
    tail: str
    duration_ms: int


def environment(added: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment of a child: an allow-list, then what orch.toml adds."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | dict(added)


def hand_over(command: list[str], cwd: str) -> int:
    """Let a person's own program use the terminal until it ends; return its exit status.

    It prints on standard error, since standard output is the answer's. Raises: OSError.
    """
    return subprocess.run(command, cwd=cwd, stdout=2, check=False).returncode


def run(
    command: list[str],
    *,
    cwd: str,
    environment: dict[str, str],
    timeout: float,
    hold: tuple[int, ...] = (),
) -> ProgramEnd:
    """Run a program to its end, or stop its whole group after `timeout` seconds.

    `hold`: descriptors that it keeps open, so that a lock outlives us while it runs.
    Raises: Interrupted, the group ended.
    """
    heed()
    started = time.monotonic()
    hold_off()
    try:
        with children.starting():
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env={**environment, MARK: ":".join((*map(str, process_identity.mine()), cwd))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=hold,
            )
            children.enter(child.pid)
    except OSError as error:
        return ProgramEnd(None, f"cannot run {command[0]}: {error.strerror}", "", "", 0)
    try:
        heed()
        head, tail, in_time = _read(child, started + timeout)
    finally:
        hold_off()
        children.end((child.pid,))  # With what it left behind in its group.
        status = child.wait()
        children.leave(child.pid)
        heed()
    spent = int((time.monotonic() - started) * 1000)
    verdict = f"exit {status}" if in_time else f"stopped after {timeout:g} s"
    return ProgramEnd(status if in_time else None, verdict, head, tail, spent)


def ask(
    command: list[str], text: str, seconds: float, environment: "Mapping[str, str] | None" = None
) -> tuple[int, str, str]:
    """Feed a small program of the person's own; return (status, its answer, its complaints).

    It has our terminal, and our environment unless another is given: it may ask for a passphrase.
    Raises: OSError.
    """
    heed()
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip
    try:
        out, said = child.communicate(text, seconds)
    except subprocess.TimeoutExpired:
        return 124, "", f"no answer within {seconds:g} s"
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    return child.returncode, out, said


class Started:
    """A program of ours that goes on while we do, in a session of its own."""

    __slots__ = ("_child", "identity", "pid")

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        self.pid = child.pid
        self.identity = process_identity.of(child.pid)

    def status(self) -> int | None:
        """Return how it ended, as a shell says it; None while it runs."""
        status = self._child.poll()
        return 128 - status if status is not None and status < 0 else status

    def signal(self, number: int) -> None:
        """Signal it alone; it is not reaped yet, or nothing happens."""
        self._child.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Return how it ended, waiting so long at most."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        return self.status()


def unattended(given: "Mapping[str, str]") -> dict[str, str]:
    """Return an environment without what makes a process part of a turn or of a check."""
    return {name: value for name, value in given.items() if name not in _OF_A_TURN}


def own_program() -> str:
    """Return the path of the `orch` that belongs to this very interpreter."""
    import sysconfig

    return os.path.join(sysconfig.get_path("scripts"), "orch")


def start(
    command: list[str], *, cwd: str, environment: "Mapping[str, str]", log: str,
    hold: tuple[int, ...] = (), is_mute: bool = False,
) -> Started:  # fmt: skip
    """Start a program in a session of its own; what it says is appended to a private file.

    It outlives us and our process group; of our descriptors it has those of `hold` alone. Of one
    that `is_mute` only standard error is kept. Raises: OSError.
    """
    os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    said = os.open(log, flags, 0o600)
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if is_mute else said,
            stderr=said,
            start_new_session=True,
            pass_fds=hold,
        )
    finally:
        os.close(said)
    return Started(child)


@contextlib.contextmanager
def side_by_side(jobs: int) -> "Iterator[ThreadPoolExecutor]":
    """Give threads that run programs and gits; whatever stops the block ends what they wait for.

    They touch no store. A signal waits for none of them: the process is about to end.
    """
    heed()
    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        children.end_all()
        if not isinstance(error, Interrupted):
            pool.shutdown()
            children.open_again()
        raise
    pool.shutdown()


def _read(child: "subprocess.Popen[bytes]", deadline: float) -> tuple[str, str, bool]:
    """Read until the program ended and its output closed, or the deadline."""
    import select

    assert child.stdout is not None
    fd = child.stdout.fileno()
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    head, tail = bytearray(), bytearray()
    in_time = True
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            in_time = False
            break
        if not poll.poll(min(left, 0.5) * 1000):
            if child.poll() is not None:
                break  # It ended; a stray child may hold the pipe open for ever.
            continue
        chunk = os.read(fd, _CHUNK)
        if not chunk:
            break
        if len(head) < HEAD_BYTES:
            head += chunk[: HEAD_BYTES - len(head)]
        tail += chunk
        del tail[:-TAIL_BYTES]
    child.stdout.close()
    if in_time:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            in_time = False
    return head.decode("utf-8", "replace"), tail.decode("utf-8", "replace"), in_time
