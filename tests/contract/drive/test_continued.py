"""An attempt that goes on where the one before ended: what that committed is its work, too."""

from pathlib import Path

import pytest

from tests.support import drives
from tests.support.drives import Drive

FIRST = '[ "$attempt" = attempt-1 ] && '
WROTE = 'echo "$task" > "$task.txt" && git add -A && git commit -qm first'


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    found = drives.make(tmp_path, empty_store, monkeypatch)
    found.orch.ok("run", "set", "r", "retry.first=0.05", "retry.jitter=0")
    return found


def test_work_that_a_crash_left_committed_lands_though_nothing_is_added(drive: Drive) -> None:
    drive.task("a", does=f"{FIRST}{WROTE} && exit 3\ninbox done --summary 'it was all there'; exit")
    answer = drive.run("--until", "done", "--json")
    assert answer.data["landed"] == ["r/a"], answer
    drive.settled("a")
    first, second = drive.lead.attempts("a")
    assert second["base_commit"] == first["base_commit"]
    assert second["head_commit"] == drive.lead.repo.git("rev-parse", first["branch_name"])


def test_who_adds_nothing_and_says_nothing_has_changed_nothing(drive: Drive) -> None:
    """What was there before it came is no sign that it did anything."""
    drive.task("a", does=f'{FIRST}{WROTE} && exit 3\n[ "$attempt" = attempt-2 ] && exit 0')
    assert drive.run("--until", "done", "--json").data["end"] == "landed"
    ends = [one["end_class"] for one in drive.lead.attempts("a")]
    assert ends == ["crashed", "no_change", None]
    drive.settled("a")


def test_paths_that_it_does_not_own_count_until_they_are_brought_back(drive: Drive) -> None:
    drive.lead.run("--target", "main", "--ownership", "enforce", run="own")
    drive.orch.ok("task", "add", "--run", "own", "--task", "a", "--allowed-path", "a.txt")
    words = ["drive", "--run", "own", "--workers", "1", "--harness", "command", "--json"]
    back = "git rm -q stray.txt"
    (drive.does / "a").write_text(f"{FIRST}touch stray.txt || {back}\n")
    answer = drive.orch.run(*words, "--", *drive.program)
    assert answer.data["landed"] == ["own/a"], answer
    assert [one["end_class"] for one in drive.lead.attempts("a", run="own")] == ["paths", None]
    assert drive.files() == {"a.txt"}


def test_paths_of_the_attempt_before_stand_in_the_way_of_the_next(drive: Drive) -> None:
    drive.lead.run("--target", "main", "--ownership", "enforce", run="own")
    drive.orch.ok("task", "add", "--run", "own", "--task", "a", "--allowed-path", "a.txt")
    words = ["drive", "--run", "own", "--workers", "1", "--harness", "command", "--json"]
    (drive.does / "a").write_text(f"{FIRST}touch stray.txt\n")
    answer = drive.orch.run(*words, "--", *drive.program)
    assert answer.error["reason"] == "needs_people", answer
    assert drive.files() == set()
