"""The board of a run that a driver has: its word about needs counts, and what it does is shown."""

from datetime import datetime
from pathlib import Path

import pytest

from orch.board_app import rows
from tests.support import drives
from tests.support.cli import until
from tests.support.drives import Drive


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return drives.make(tmp_path, empty_store, monkeypatch)


def test_what_is_begun_again_is_no_need_and_what_works_is_seen(drive: Drive) -> None:
    drive.orch.ok("run", "set", "r", "retry.first=60", "at_once=3")
    drive.task("crashes", does="exit 3")
    held = drive.lead.home / "go"
    drive.task("works", does=f"printf 'a\\nb\\n' > new.txt; echo writes; mkfifo {held}; cat {held}")
    with drive.start(workers=2):
        until(lambda: drive.orch.ok("top")["again"], "it to crash, and the driver to know it")
        until(held.exists, "the other one to work")
        shown = drive.orch.ok("top")
        (again,) = shown["again"]
        assert (again["task_id"], again["attempt_no"], again["max_attempts"]) == ("crashes", 1, 3)
        span = datetime.fromisoformat(again["due"]) - datetime.fromisoformat(again["since"])
        assert 40 < span.total_seconds() <= 60
        assert shown["needs"] == []  # The driver asks for nothing: nobody is told to retry.
        (work,) = [one for one in shown["at_work"] if one["task_id"] == "works"]
        assert (work["added"], work["removed"], work["doing"]) == (2, 0, "writes")
        row = next(row for row in rows.rows(shown) if row.task == "crashes")
        assert (row.pane, row.sign, row.what[:8]) == ("work", "↻", "again in")
        drive.orch.ok("run", "pause", "r")  # What it says, and no row does.
        drive.task("later")
        until(lambda: [n["kind"] for n in drive.orch.ok("top")["needs"]] == ["paused"], "its word")
        drive.orch.ok("run", "resume", "r")
        held.write_text("")
        until(lambda: drive.orch.ok("top")["runs"][0]["landed"] == 2, "two of them to land")
        (run,) = drive.orch.ok("top")["runs"]
        assert run["counts"]["done"] == 2
        done = next(one for one in drive.orch.ok("top")["done"] if one["task_id"] == "works")
        assert (done["landed_on"], done["added"], done["removed"]) == ("main", 3, 0)
