"""Stations that only a client leaves behind: each way in which its turn can end badly."""

import os
import signal
import sys

from tests.support.cli import until
from tests.support.queues import Landing
from tests.support.workers import AGENT, FAKE, TOML
from tests.walk.stations import OPEN, station


def _handed_out(land: Landing, patience: float = 20) -> list[str]:
    """Dispatch a task to a fake client; return how it is worked on."""
    client = TOML.format(
        name="fake", like="claude", python=sys.executable, agent=AGENT, idle=20, total=25,
        first_output=patience, log_bytes=1 << 20, minimum="2.0", more="",
    )  # fmt: skip
    land.lead.config(OPEN + client)
    land.lead.task("a")
    land.lead.dispatch("a")
    words = ["work", "--agent", "w1", "--harness", "fake", "--once", "--"]
    return [*words, *FAKE, "--format", "claude"]


def _worked(land: Landing, *actions: str, patience: float = 20) -> None:
    land.orch.quick(*_handed_out(land, patience), *actions)


@station
def _crashed(land: Landing) -> None:
    _worked(land, "commit=half.txt", "exit=3")


@station
def _timeout(land: Landing) -> None:
    _worked(land, "hang", patience=0.3)


@station
def _limited(land: Landing) -> None:
    _worked(land, "error=Not logged in - Please run /login", "exit=1")


@station
def _no_change(land: Landing) -> None:
    _worked(land, "write=draft.txt", "ok=done")


@station
def _gone(land: Landing) -> None:
    """The client was killed together with the `orch work` that looked after it."""
    sign = land.lead.home / "begun"
    with land.orch.start(*_handed_out(land), f"touch={sign}", "hang") as running:
        until(sign.exists, "the client to begin")
        pid = until(lambda: land.lead.attempts("a")[-1]["pid"], "its pid")
        os.kill(running.pid, signal.SIGKILL)
        running.process.wait()
    os.killpg(int(str(pid)), signal.SIGKILL)

    def _seen() -> bool:
        land.lead.do("reconcile")
        return bool(land.lead.attempts("a")[-1]["liveness"] == "gone")

    until(_seen, "the worker to be missed")


@station
def _stopped(land: Landing) -> None:
    sign = land.lead.home / "begun"
    with land.orch.start(*_handed_out(land), f"touch={sign}", "hang") as running:
        until(sign.exists, "the client to begin")
        until(lambda: land.lead.attempts("a")[-1]["pid"], "its pid")
        land.orch.ok("stop", "r/a", "--reason", "wrong way")
        running.wait()
