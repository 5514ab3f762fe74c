"""Follow beside a living driver: the first printed step alone brings the run to its end."""

import shlex
from pathlib import Path

import pytest

from orch.steps.model import is_drivers
from schema.steps import read
from tests.support import drives
from tests.support.cli import Answer, until
from tests.support.drives import Drive
from tests.support.steps import filled

_ASKED = '[policy]\nlow = ["human"]\nmedium = []\nhigh = []\nbuiltin = false\n'
_LOOKS = (
    "status --run r", "ready --run r", "queue list --run r", "task show r/a", "task show r/b",
    "top --once", "run show --run r", "reconcile --run r", "blocked --run r",
)  # fmt: skip
_MOST_STEPS = 12


def _give(drive: Drive, line: str) -> Answer:
    """Give a printed command, a person's words filled in."""
    words = filled(shlex.split(line))[1:]
    return drive.orch.quick(*words, deadline=150)


def _not_for_people(drive: Drive) -> list[str]:
    """Return the printed commands that the driver gives by itself."""
    printed = [line for look in _LOOKS for line in drive.orch.quick(*look.split()).steps]
    return [line for line in printed if line.startswith("orch ") and is_drivers(read(line))]


def test_who_obeys_the_first_step_beside_a_living_driver_comes_to_the_end(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch, _ASKED)
    drive.task("a")
    drive.task("b", "--depends-on", "a")
    taken: list[str] = []
    with drive.start("--until", "done") as driver:
        until(lambda: drive.lead.events("drive_begun"), "the driver")
        while driver.process.poll() is None:
            line = drive.orch.quick("status", "--run", "r").steps[0]
            if line.startswith("orch wait"):
                line = _give(drive, line).steps[0]
            asked = _not_for_people(drive)
            assert not asked or not drive.lead.do("status")["run"]["driver_pid"], asked
            if not line.startswith("orch wait"):
                taken.append(line)
                done = _give(drive, line)
                assert done.status == 0, (taken, done)
                assert not any(is_drivers(read(step)) for step in done.steps), done
            assert len(taken) <= _MOST_STEPS, taken
        assert driver.wait().status == 0
    drive.settled("a", "b")
    assert [line.partition(" ent_")[0] for line in taken][:2] == ["orch queue approve"] * 2
