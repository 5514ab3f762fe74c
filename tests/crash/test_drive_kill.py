"""kill -9 of the driver at every point: the same command again ends as if nothing had been.

The points are found by searching the source, so a new one without a story here fails.
"""

import signal
from pathlib import Path

import pytest

from tests.support import crash_points, drives
from tests.support.cli import DEADLINE, until
from tests.support.drives import Drive
from tests.torture import runner

FOUND = set(crash_points.reached("orch", "drive", least=10))
DRIVING = (
    "drive.taken", "drive.settled", "drive.recorded", "drive.recorded:3", "drive.step",
    "drive.step:2", "drive.step:4", "drive.stepped", "drive.verify_begun", "drive.verified",
    "drive.added", "drive.left", "drive.worker_started",
)  # fmt: skip
ALWAYS = ("drive.step:2", "drive.verify_begun")  # The others are the long form's.
OTHERS = ("drive.told", "drive.review_asked", "drive.ticket_read", "drive.ticket_applied")


def test_every_point_has_a_story() -> None:
    assert {p.partition(":")[0] for p in (*DRIVING, *OTHERS)} == FOUND


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    found = drives.make(tmp_path, empty_store, monkeypatch)
    found.task("a")
    found.task("b", "--depends-on", "a")
    return found


def killed(drive: Drive, point: str) -> None:
    """Drive, and be killed at a point."""
    answer = drive.run("--until", "done", env={"ORCH_CRASH_AT": point}, deadline=2 * DEADLINE)
    assert answer.status == -signal.SIGKILL, answer


@pytest.mark.layers
@pytest.mark.parametrize("point", DRIVING if runner.WHOLE else ALWAYS)
def test_the_next_driver_goes_on(drive: Drive, point: str) -> None:
    killed(drive, point)
    answer = drive.run("--until", "done", deadline=2 * DEADLINE)
    assert answer.status == 0, answer
    drive.settled("a", "b")
    for name in ("a", "b"):
        spent = [a for a in drive.lead.attempts(name) if a["status"] == "done"]
        assert len(spent) == 1, "done once"
        assert all(a["begun_for"] is None for a in drive.lead.attempts(name)), "no retry charged"


def test_a_need_is_told_once_however_often_its_driver_is_killed(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy="")
    drive.task("a")
    killed(drive, "drive.told")
    for _ in range(2):
        assert drive.run(deadline=2 * DEADLINE).status == 90
    assert len(drive.lead.events("drive_need")) == 1


def test_a_driver_that_was_stopped_and_taken_over_changes_nothing(drive: Drive) -> None:
    """SIGSTOP, --steal by another, SIGCONT: the old one's writes are refused (I19)."""
    drive.task("z", does="sleep 1")
    with drive.start("--until", "done") as first:
        until(lambda: drive.lead.events("drive_step"), "the first one drives")
        first.signal(signal.SIGSTOP)
        drive.silent()
        with drive.start("--until", "done", "--steal") as second:
            until(lambda: len(drive.lead.events("drive_begun")) == 2, "the second one drives")
            first.signal(signal.SIGCONT)
            ended = first.wait()
            assert ended.status == 20, ended
            assert "superseded" in ended.err
            assert second.wait(2 * DEADLINE).status == 0
    drive.settled("a", "b", "z")
