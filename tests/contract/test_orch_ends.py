"""The ends of work and of runs: nothing is not landed, and done is not finished."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import Landing
from tests.support.runs import Lead

# Nobody has to approve anything here.
OPEN = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def land(lead: Lead) -> Landing:
    lead.config(OPEN)
    return Landing(lead)


def integration(lead: Lead, task: str = "a") -> dict | None:
    """Return what status says of a task's way to its target."""
    (found,) = [t for t in lead.do("status")["tasks"] if t["task_id"] == task]
    return found["integration"]


def report_done(lead: Lead, task: str = "a") -> dict:
    """Report a code task done without a commit."""
    sent = lead.dispatch(task)
    lead.claim(sent)
    lead.done(sent)
    lead.do("reconcile")
    return sent


def test_a_code_task_without_a_commit_has_nothing_to_land(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    report_done(lead)
    lead.orch.refuse("invalid_state", "no_change", "queue", "add", "r/a")
    told = integration(lead)
    assert told is not None
    assert (told["status"], told["entry_id"], told["target"]) == ("nothing_to_land", None, None)
    assert lead.orch.ok("report", "--run", "r")["tasks"][0]["landing"]["state"] == "nothing_to_land"
    assert lead.orch.run("--json", "queue", "run", "--run", "r").status == 10
    assert "queue add" not in lead.orch.say("status", "--run", "r")


def test_commits_that_change_nothing_are_nothing_to_land(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent, "a.txt", "a\n")
    land.repo.git("revert", "--no-edit", "HEAD", cwd=runs.worktree(sent))
    lead.done(sent)
    lead.do("reconcile")
    lead.orch.refuse("invalid_state", "no_change", "queue", "add", "r/a")


def test_all_leaves_out_what_has_nothing_to_land(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    report_done(lead)
    land.work("b")
    added = lead.do("queue", "add", "--all")
    assert [entry["task_id"] for entry in added["entries"]] == ["b"]
    assert [(s["task_id"], s["error"]["reason"]) for s in added["skipped"]] == [("a", "no_change")]


def test_a_rework_that_brings_nothing_takes_its_entry_out_of_the_queue(land: Landing) -> None:
    lead = land.lead
    land.work("a", {"same.txt": "a\n"})
    land.work("b", {"same.txt": "b\n"})
    land.add("a", "b")
    land.run()
    assert land.entry("r/b")["status"] == "conflict"
    (again,) = [a for a in lead.attempts("b") if a["attempt_no"] == 2]
    lead.inbox.ok("claim", "--agent", "w1", "--thread", again["thread_id"])
    lead.inbox.ok("done", "--agent", "w1", "--thread", again["thread_id"], "--summary", "no need")
    land.try_run()
    assert land.entry("r/b")["status"] == "superseded"
    told = integration(lead, "b")
    assert told is not None and told["status"] == "nothing_to_land"
