"""The console scripts as agents run them: real processes, clean environment, a deadline each.

`Cli` runs `inbox` or `orch` in one directory; `ok()` returns the `data` of a success, `refuse()`
the `error` of the failure it names, `run()` whatever came, `start()` a process that goes on.
Nothing here sleeps blindly: `until()` polls a condition and fails loudly at its deadline.
"""

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from schema.failures import TABLE
from tests.support.steps import bound

if TYPE_CHECKING:
    from schema.transaction import Database

SCRIPTS = Path(sys.executable).parent
DEADLINE = 60.0  # Seconds; far beyond what anything here takes, so that only a hang meets it.


def clean_environment(home: Path | str, **more: str) -> dict[str, str]:
    """Return an environment that holds nothing of the developer's, our scripts first on PATH."""
    return {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@t",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@t",
    } | more


def until(condition: Callable[[], object], what: str, deadline: float = DEADLINE) -> object:
    """Return the first true value of `condition`, or fail naming `what` was waited for."""
    end = time.monotonic() + deadline
    pause = 0.003
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what}")
        time.sleep(pause)
        pause = min(1.5 * pause, 0.05)  # To look often takes the time of what is waited for.


class Answer:
    """What a finished process left: its status and everything it printed."""

    def __init__(self, argv: list[str], status: int, out: bytes, err: bytes) -> None:
        self.argv = argv
        self.status = status
        self.raw = out
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return f"{self.argv} -> {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    @property
    def steps(self) -> list[str]:
        """The commands that plain mode names on stderr, each checked against the tables."""
        found = [line[6:] for line in self.err.splitlines() if line.startswith("next: ")]
        for line in found:
            bound(shlex.split(line))
        return found

    @property
    def lines(self) -> list[str]:
        """What a terminal shows: the result, then what to do next (stderr)."""
        return self.out.splitlines() + [f"next: {line}" for line in self.steps]

    @property
    def json(self) -> dict:
        """The one JSON document on stdout; fails if there is anything else."""
        assert self.raw.endswith(b"\n") and self.raw.count(b"\n") == 1, self
        document = json.loads(self.raw)
        assert isinstance(document, dict), self
        for step in document.get("next", ()):
            assert shlex.split(step["command"]) == step["argv"], step
            assert set(step["blanks"]) <= set(step["argv"]), step
            bound(step["argv"])
        return document

    @property
    def data(self) -> dict:
        """The `data` of a success."""
        assert self.status == 0, self
        document = self.json
        assert document["ok"] is True and set(document) == {"ok", "command", "data", "next"}, self
        return document["data"]

    @property
    def error(self) -> dict:
        """The `error` of a failure, checked against the table of failures."""
        document = self.json
        assert document["ok"] is False, self
        assert set(document) - {"data"} == {"ok", "command", "error", "next"}, self
        error = document["error"]
        assert set(error) == {"code", "reason", "message", "hint", "retry", "details"}, self
        status, retry, reasons, _ = TABLE[error["code"]]
        assert (self.status, error["retry"]) == (status, retry), self
        assert error["reason"] in reasons and error["message"], self
        return error


class Running:
    """A process that goes on: a wait, a stream. Killed with its group if a test forgets it."""

    def __init__(self, argv: list[str], process: "subprocess.Popen[bytes]") -> None:
        self.argv = argv
        self.process = process
        self.pid = process.pid
        self._pending = b""

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait(self, deadline: float = DEADLINE) -> Answer:
        """Return the answer once it ended; one that does not end is killed and is a failure."""
        try:
            out, err = self.process.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {deadline:g} s: {self.argv}") from None
        return Answer(self.argv, self.process.returncode, self._pending + out, err)

    def line(self, deadline: float = DEADLINE) -> str:
        """Return the next line of its stdout without waiting for its end."""
        assert self.process.stdout is not None
        end = time.monotonic() + deadline
        while b"\n" not in self._pending:
            left = end - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, left))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise AssertionError(f"no line from {self.argv}; so far {self._pending!r}")
            self._pending += chunk
        first, _, self._pending = self._pending.partition(b"\n")
        return first.decode()

    def asleep(self, store: Path | str) -> None:
        """Return once it waits on the store's bell: from here on no ring can be missed."""
        tail = f".{self.pid}-"
        wake = Path(f"{store}.wake")

        def _armed() -> bool:
            assert self.process.poll() is None, self.wait()
            names = os.listdir(wake) if wake.is_dir() else []
            return any(tail in name and not name.startswith(".") for name in names)

        until(_armed, f"{self.argv} to wait on the bell")

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the process and everything in its group."""
        if self.process.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(DEADLINE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


class Cli:
    """A program in a directory; every call is a process of its own.

    `env` is added to a clean environment; `None` as a value takes a variable away.
    """

    def __init__(
        self,
        cwd: Path,
        *,
        program: str = "inbox",
        home: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.cwd = cwd
        self.program = program
        self.store = cwd / ".orch" / "coord.db"
        self.url = ""  # Of a store on a server; `store` is then where its folder is.
        self.env = clean_environment(home or cwd, **(env or {}))

    @property
    def where(self) -> str:
        """The name of the store, as --db takes it."""
        return self.url or str(self.store)

    def open(self) -> "Database":
        """Return the store opened in this process; who asks closes it."""
        from schema import open as stores

        return stores.open_store(self.where)

    @property
    def warm(self) -> "Cli":
        """The same program, without a start for `ok`, `say`, `refuse`, `quick` (warm.py)."""
        from tests.support.warm import WarmCli

        return WarmCli(self)

    def at(self, cwd: Path | None = None, **env: str) -> "Cli":
        """Return the same program in another directory, or with more environment."""
        other = Cli(cwd or self.cwd, program=self.program)
        other.env = self.env | env
        other.store, other.url = self.store, self.url
        return other

    def start(
        self,
        *argv: str,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        stdout: int = subprocess.PIPE,
    ) -> Running:
        """Start a command and return at once; `stdin` is what it may read, else nothing."""
        words = [str(SCRIPTS / self.program), *argv]
        environment = {k: v for k, v in (self.env | (env or {})).items() if v is not None}
        process = subprocess.Popen(
            words,
            cwd=cwd or self.cwd,
            env=environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if stdin is not None:
            assert process.stdin is not None
            try:
                process.stdin.write(stdin)
                process.stdin.close()
            except BrokenPipeError:
                pass  # It refused the command before it read anything.
            process.stdin = None
        return Running(words, process)

    def run(
        self,
        *argv: str,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        deadline: float = DEADLINE,
    ) -> Answer:
        """Run a command to its end, whatever that is."""
        with self.start(*argv, stdin=stdin, env=env, cwd=cwd) as running:
            return running.wait(deadline)

    def quick(self, *argv: str, **how: object) -> Answer:
        """Run a command of which only the answer is of interest."""
        return self.run(*argv, **how)

    def ok(self, *argv: str, **how: object) -> dict:
        """Run with --json, require success, return `data`."""
        return self.quick("--json", *argv, **how).data

    def say(self, *argv: str, **how: object) -> str:
        """Run in plain mode, require success, return the text: the result, then what is next.

        Nothing but next steps is on stderr.
        """
        answer = self.quick(*argv, **how)
        said = "".join(f"next: {line}\n" for line in answer.steps)
        assert answer.status == 0 and answer.err == said, answer
        return answer.out + said

    def refuse(self, code: str, reason: str, *argv: str, **how: object) -> dict:
        """Run with --json, require this failure, return `error`."""
        answer = self.quick("--json", *argv, **how)
        error = answer.error
        assert (error["code"], error["reason"]) == (code, reason), answer
        return error
