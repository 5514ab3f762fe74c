"""Stations at which a driver left a run: each waits for a person, with a named need."""

from tests.support.queues import Landing
from tests.walk.stations import HUMAN, station


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
