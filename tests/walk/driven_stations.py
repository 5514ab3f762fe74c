"""Stations of a driven run: a driver left it to people with a named need, or lives beside it."""

import signal
from pathlib import Path

from tests.support.cli import Running, until
from tests.support.queues import Landing
from tests.walk.stations import HUMAN, MENDED, OPEN, station

# Drivers that live beside a station: stopped, so that it stays as it was made.
_BESIDE: list[Running] = []


def end_drivers() -> None:
    """End the drivers that live beside stations."""
    while _BESIDE:
        _BESIDE.pop().kill()


def _drive(land: Landing, *program: str) -> None:
    """Drive until nothing goes on without a person."""
    words = ("drive", "--run", "r", "--harness", "command", "--workers", "2")
    land.orch.quick(*words, "--", *program)


@station
def _paused(land: Landing) -> None:
    land.lead.task("a", "--execution-mode", "code")
    land.orch.ok("run", "pause", "r")
    _drive(land, "true")


@station
def _need(land: Landing) -> None:
    """What was driven to its queue lacks an approval."""
    land.lead.config(HUMAN)
    land.work("a")
    _drive(land, "true")


@station
def _need_told(land: Landing) -> None:
    """Its leader was told, and has done nothing yet."""
    _need(land)
    land.orch.ok("wait", "--run", "r", "--timeout-seconds", "5")


@station
def _storm(land: Landing) -> None:
    """Tasks that end alike: nothing more begins until the run is resumed."""
    land.orch.ok("run", "set", "r", "retry.storm=2", "retry.crashed=0", "at_once=1")
    for name in ("a", "b", "c"):
        land.orch.ok("task", "add", "--run", "r", "--task", name, "--execution-mode", "code")
    _drive(land, "sh", "-c", "exit 3")


@station
def _ticket_refused(land: Landing) -> None:
    land.lead.config(OPEN + '[drive]\ntickets = ["tickets/*.yaml"]\n')
    (land.lead.top / "tickets").mkdir()
    _ticket(land, "id: a\npriority: soonish\n")
    _drive(land, "true")


def _ticket(land: Landing, text: str) -> None:
    (land.lead.top / "tickets" / "a.yaml").write_text(text)


def _mend_ticket(land: Landing) -> None:
    _ticket(land, "id: a\n")


@station
def _driven(land: Landing) -> None:
    """A living driver beside, whose run waits for an approval."""
    land.lead.config(HUMAN)
    land.work("a")
    driver = land.orch.start("drive", "--run", "r", "--workers", "0", "--until", "forever")
    _BESIDE.append(driver)
    until(lambda: land.lead.events("drive_need"), "the driver's need")
    driver.asleep(land.lead.store)
    driver.signal(signal.SIGSTOP)
    for bell in Path(f"{land.lead.store}.wake").iterdir():
        bell.unlink()  # No copy can be made of a pipe.


MENDED["ticket-refused"] = _mend_ticket
# Where only its driver brings a run on: tests/walk/test_driven.py follows a living one.
NOT_FOLLOWED = frozenset(("driven",))
