"""What every scene plays with: a leader who types commands, programs at work, expectations.

Whatever is not as told ends the demo with exit status 1 and says what it was.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tests.demo import server

ROOT = Path(__file__).resolve().parents[2]
STAGE = ROOT / ".demo"
HERE = Path(__file__).resolve().parent
PATIENCE = 60.0


class Leader:
    """Runs `orch` and `inbox` in one directory and says what it does."""

    def __init__(self, where: Path) -> None:
        self.where = where
        where.mkdir(parents=True)
        bin_folder = Path(sys.executable).parent
        keep = {
            k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "INBOX_", "ORCH_"))
        }
        path = f"{bin_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self.environment = keep | {
            "PATH": path, "DEMO_WORK": str(where), "PYTHONPATH": str(ROOT), "TERM": "dumb",
        } | server.environment(str(STAGE / "state"))  # fmt: skip
        self.started: list[subprocess.Popen[str]] = []

    def run(
        self, line: str, *more: str, ok: tuple[int, ...] = (0,), show: bool = True, most: int = 24
    ) -> str:
        """Run a command line, show it with its answer (`most` lines), return what it printed."""
        words = [*shlex.split(line), *more]
        done = subprocess.run(
            words, cwd=self.where, env=self.environment, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        if done.returncode not in ok:
            fail(f"$ {shlex.join(words)} -> {done.returncode}\n{done.stdout}{done.stderr}")
        if show:
            print(
                f"$ {shlex.join(words)}\n{_shortened(done.stdout + done.stderr, most)}", flush=True
            )
        return done.stdout

    def data(self, line: str, *more: str, ok: tuple[int, ...] = (0,)) -> dict:
        """Run a command quietly and return the `data` of its JSON answer."""
        return json.loads(self.run(line, *more, "--json", ok=ok, show=False)).get("data", {})

    def start(self, *words: str, show: bool = False) -> "subprocess.Popen[str]":
        """Start a program that goes on; what it prints is shown."""
        if show:
            print(f"$ {shlex.join(words)} &", flush=True)
        process = subprocess.Popen(
            words, cwd=self.where, env=self.environment, stdin=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def dismiss(self, number: int | None = None) -> None:
        """Wait for what was started to end, after a signal if one is given."""
        for process in self.started:
            if number is not None and process.poll() is None:
                process.send_signal(number)
        for process in self.started:
            process.wait(timeout=PATIENCE)
        self.started.clear()

    def stop(self) -> None:
        """Leave no process behind, whatever happened: a runner ends its agents when asked to."""
        for process in self.started:
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _shortened(text: str, most: int) -> str:
    lines = text.rstrip().split("\n")
    if len(lines) <= most:
        return "\n".join(lines)
    return "\n".join([*lines[: most - 4], f"  … {len(lines) - most} lines …", *lines[-4:]])


def title(text: str) -> None:
    """Announce a scene."""
    print(f"\n=== {text}\n", flush=True)


def say(text: str) -> None:
    """Tell what happens besides the commands."""
    print(f"  {text}", flush=True)


def fail(text: str) -> NoReturn:
    """End the demo: something was not as told."""
    sys.exit(f"demo: {text}")


def expect(condition: object, what: str) -> None:
    """End the demo unless it is so."""
    if not condition:
        fail(f"not as told: {what}")


def until(condition: Callable[[], object], what: str) -> object:
    """Wait for something another process does."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > end:
            fail(f"never happened: {what}")
        time.sleep(0.05)
    return found


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process as a crash would."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def fresh() -> None:
    """Clear the stage."""
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir()
