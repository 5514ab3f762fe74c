"""What a landing may touch and what it may not; what is decided by order, never by clocks."""

import subprocess
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.engines import shell
from tests.support.queues import Landing, check
from tests.support.runs import Lead

OPEN = '[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n[queue]\nchecks = "none"\n'


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def land(lead: Lead) -> Landing:
    return Landing(lead)


def test_what_landed_last_is_told_by_events_and_not_by_clocks(land: Landing) -> None:
    """The first landing is dated a day ahead: somebody set the clock right between the two."""
    land.lead.config(OPEN)
    for name in ("a", "b"):
        land.work(name)
        land.add(name)
        land.run()
    shell(land.orch, "UPDATE entry SET landed_at = landed_at + 86400000 WHERE entry_no = 1")
    older = land.orch.ok("queue", "rollback", "r/a", "--dry-run")
    assert (older["how"], older["why"]) == ("revert", "ent_2 landed after it")
    assert land.orch.ok("queue", "rollback", "r/b")["how"] == "put_back"
    assert land.files() == {"a.txt": "a"}


@pytest.mark.parametrize("name", [".orch/coord.db", ".orch", ".ORCH/x", ".agents/coord.db"])
def test_nothing_lands_in_the_folder_of_the_store(land: Landing, name: str) -> None:
    land.lead.config(OPEN)
    land.work("a", {name: "not a store\n"})
    error = land.orch.refuse("invalid_state", "unsupported", "queue", "add", "r/a")
    assert name in error["message"]
    assert error["details"]["files"] == [name]
    assert "git merge --no-commit orch/r/a/attempt-1" in error["hint"]
    assert error["hint"].endswith(f"git rm -r --cached {name.partition('/')[0]}")
    assert land.orch.ok("queue", "list", "--run", "r")["entries"] == []


def test_nothing_is_integrated_into_the_folder_of_the_store(land: Landing) -> None:
    """Whoever put it on the run's branch: by hand, or an orch that did not look yet."""
    land.lead.config(OPEN)
    land.work("a")
    land.add("a")
    land.run()
    land.repo.git("checkout", "-q", "orch-integration/r")
    land.repo.git("add", "-f", ".orch/.gitignore")
    land.repo.git("commit", "-q", "-m", "oops")
    land.repo.git("checkout", "-q", "main")
    land.lead.store.with_name(".gitignore").write_text("*\n")
    error = land.lead.refuse("invalid_state", "unsupported", "integrate")
    assert ".orch/.gitignore" in error["message"]
    assert "a.txt" not in land.files("main")


def test_a_lock_file_that_stops_a_landing_is_named(land: Landing) -> None:
    land.lead.config(OPEN)
    land.work("a")
    land.add("a", flags=("--target", "main"))
    lock = land.lead.top / ".git/refs/heads/main.lock"
    lock.write_text("")
    error = land.try_run().error
    assert error["code"] == "git_error"
    assert error["message"].endswith(f"the lock file {lock} is in the way")
    command = error["hint"].rpartition(": ")[2]
    assert command == f"rm {lock}"
    subprocess.run(command, shell=True, check=True)
    assert [e["status"] for e in land.run()["landed"]] == ["verified"]
    assert (land.lead.top / "a.txt").exists()


def test_what_cannot_be_cleared_from_a_slot_is_told_where_the_queue_is_run(land: Landing) -> None:
    """It is nobody's fault: neither the target is called red nor an entry failed."""
    land.lead.config(
        OPEN.replace('"none"', '["mess"]') + check("mess", "rm -rf .git; mkdir -p .git/x")
    )
    for name in ("a", "b"):
        land.work(name)
        land.add(name)
    land.run("--batch", "1", "--once")
    told = land.orch.quick("queue", "run", "--run", "r")
    assert "mess: no place to run" in told.err, told
    assert "slot-0/.git is not a file of git" in told.err
    assert land.entry("r/b")["status"] == "error"
    assert land.orch.ok("queue", "list", "--run", "r")["queues"][0]["hold_reason"] is None


def test_a_result_from_outside_counts_for_the_head_it_was_recorded_for(land: Landing) -> None:
    land.lead.config(OPEN)
    land.lead.task("a", "--required-check", "ci")
    sent = land.lead.finish("a")
    assert land.lead.status_of("a") == "verifying"
    record = ("verify", "record", "--task", "a", "--check", "ci", "--status", "passed")
    land.lead.do(*record, "--summary", "green there")
    assert land.lead.status_of("a") == "done"
    assert sent["task"]["task_id"] == "a"
    land.add("a")
    (landed,) = land.run()["landed"]
    assert landed["status"] == "verified"
    assert land.orch.ok("queue", "rollback", "r/a", "--dry-run")["how"] == "put_back"
    assert land.orch.ok("integrate", "--run", "r")["entry"]["status"] == "verified"


def test_an_outside_check_without_a_result_is_said_once_and_not_tried_again(land: Landing) -> None:
    """It was run here once: orch.toml defines it no longer, and nobody recorded a pass."""
    land.lead.config(OPEN)
    land.work("a")
    land.add("a")
    shell(land.orch, """UPDATE task SET required_checks = '["ci"]'""")
    for _ in range(2):
        error = land.try_run().error
        assert (error["code"], error["reason"]) == ("invalid_state", "not_ready")
        assert "check ci, which orch.toml does not define" in error["message"]
    entry = land.entry("r/a")
    assert (entry["status"], entry["errors"]) == ("queued", 0)
    assert land.show("r/a")["trials"] == []
