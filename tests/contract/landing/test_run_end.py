"""The ends of work and of runs: nothing is not landed, and done is not finished."""

import signal
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import until
from tests.support.engines import shell
from tests.support.queues import Landing, check
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


def end(lead: Lead) -> str:
    """Return how far the run is from its end: the same word wherever it is said."""
    word = lead.do("status")["run"]["end"]
    assert lead.do("run", "show")["run"]["end"] == word
    (run,) = lead.orch.ok("top", "--once")["runs"]
    assert run["end"] == word
    assert lead.orch.ok("report", "--run", "r")["run"]["end"] == word
    return str(word)


def first(lead: Lead) -> str:
    """Return what the board and status say comes next: the same."""
    said = lead.orch.say("status", "--run", "r").splitlines()[-1]
    board = lead.orch.say("top", "--once").splitlines()[-1]
    assert said.removeprefix("next: ") in board.removeprefix("next: ")
    return said.removeprefix("next: ")


def test_a_run_is_finished_only_when_its_work_is_in_the_base_branch(land: Landing) -> None:
    lead = land.lead
    lead.task("b")
    report_done(lead, "b")
    lead.task("a")
    assert end(lead) == "open"
    lead.finish("a")
    assert (end(lead), first(lead)) == ("land", "orch queue add --run r --all")
    assert "finished" not in lead.orch.say("top", "--once")
    land.add("a")
    assert (end(lead), first(lead)) == ("land", "orch queue run --run r")
    land.run()
    assert (end(lead), first(lead)) == ("integrate", "orch integrate --run r")
    assert "not finished" in lead.orch.say("status", "--run", "r")
    lead.orch.ok("integrate", "--run", "r")
    assert (end(lead), first(lead)) == ("finished", "orch run close --run r")
    assert ", finished" in lead.orch.say("report", "--run", "r")
    assert land.files("main")["a.txt"] == "a"


def test_git_is_asked_once_about_two_commits(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    lead.finish("a")
    land.add("a")
    land.run()
    lead.do("status")
    seen = "SELECT count(*), max(proof) FROM integration_seen"
    assert shell(lead.orch, seen) == [(1, "")]
    shell(lead.orch, "UPDATE integration_seen SET proof = 'told'")
    assert lead.do("status")["run"]["end"] == "finished", "what was said is not asked again"
    shell(lead.orch, "DELETE FROM integration_seen")
    assert lead.do("status")["run"]["end"] == "integrate"
    lead.repo.commit("elsewhere", "x\n")
    assert lead.do("status")["run"]["end"] == "integrate"
    assert shell(lead.orch, "SELECT count(*) FROM integration_seen") == [(2,)]


def test_what_a_person_merged_by_hand_is_finished(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.finish("a")
    land.repo.git("merge", "-q", "--squash", sent["attempt"]["branch_name"])
    land.repo.git("commit", "-q", "-m", "by hand")
    assert end(land.lead) == "finished"
    land.lead.do("run", "close")


def test_an_analysis_and_a_run_without_work_are_finished(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a", mode="analysis")
    land.lead.claim(sent)
    land.lead.done(sent)
    assert end(land.lead) == "finished"


def test_a_target_that_a_person_named_is_where_work_ends(lead: Lead) -> None:
    lead.config(OPEN)
    land = Landing(lead)
    lead.run("--target", "release", run="named")
    lead.task("a", run="named")
    sent = lead.dispatch("a", run="named")
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    lead.do("queue", "add", "--all", run="named")
    lead.do("queue", "run", run="named")
    assert lead.do("status", run="named")["run"]["end"] == "finished"
    assert "a.txt" in land.files("release")


def test_a_run_is_not_closed_while_it_owes_something(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    ready = lead.refuse("refused", "unlanded", "run", "close")
    assert ready["details"] == {"unlanded": [], "entries": [], "ready": ["a"]}
    lead.finish("a")
    done = lead.refuse("refused", "unlanded", "run", "close")
    assert (done["details"]["unlanded"], "orch queue add --run r --all" in done["hint"]) == (
        ["a"], True,
    )  # fmt: skip
    land.add("a")
    queued = lead.refuse("refused", "unlanded", "run", "close")
    assert queued["details"]["entries"] == ["ent_1"]
    land.run()
    assert lead.do("run", "close")["run"]["closed_at"], "on its target: bringing it on is later"


def test_a_run_is_closed_by_force_and_opened_again(land: Landing) -> None:
    lead = land.lead
    lead.task("a", "--lock", "db")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.refuse("invalid_state", "transition", "run", "reopen")
    lead.task("b", "--lock", "db")
    lead.do("run", "close", "--force")
    lead.refuse("invalid_state", "closed", "task", "add", "--task", "c")
    run = lead.do("run", "reopen", "--key", "k")["run"]
    assert (run["closed_at"], run["status"]) == (None, "running")
    assert lead.do("run", "reopen", "--key", "k")["replayed"]
    assert [e["event_type"] for e in lead.events("run_reopened")] == ["run_reopened"]
    lead.refuse("invalid_state", "not_ready", "dispatch", "--task", "b", "--execution-mode", "code")
    lead.commit(sent)
    lead.done(sent)
    lead.do("reconcile")
    assert lead.status_of("a") == "done"
    assert lead.doctor() == []


def test_a_run_is_not_reopened_while_its_locks_are_anothers(land: Landing) -> None:
    lead = land.lead
    lead.task("a", "--lock", "db")
    lead.dispatch("a")
    lead.do("run", "close")
    lead.run(run="s")
    lead.task("b", "--lock", "db", run="s")
    lead.dispatch("b", run="s")
    error = lead.refuse("invalid_state", "not_ready", "run", "reopen")
    assert "db is held by s/b" in error["message"]


def test_a_refused_integration_lands_no_later(land: Landing) -> None:
    lead = land.lead
    land.work("a")
    land.add("a")
    land.run()
    (lead.top / "a.txt").write_text("mine\n")
    before = land.at("main")
    error = lead.orch.refuse("invalid_state", "dirty", "integrate", "--run", "r", "--into", "main")
    assert "withdrawn" in error["message"]
    assert land.statuses()["ent_2"] == "cancelled"
    (lead.top / "a.txt").unlink()
    lead.run(run="other")
    land.try_run()
    lead.orch.run("--json", "queue", "run")
    assert land.at("main") == before
    assert (
        lead.orch.ok("integrate", "--run", "r", "--into", "main")["entry"]["status"] == "verified"
    )


def test_an_integration_refused_when_it_was_to_land_lands_no_later(
    land: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another git holds the index: told only after the intent was written."""
    monkeypatch.setattr("orch.git.landing._LOCK_SECONDS", 0.01)
    lead = land.lead
    land.work("a")
    land.add("a")
    land.run()
    before = land.at("main")
    lock = lead.top / ".git" / "index.lock"
    lock.write_text("")
    words = ("integrate", "--run", "r", "--into", "main")
    assert "another git" in lead.orch.refuse("invalid_state", "dirty", *words)["message"]
    assert lock.read_text() == "", "it is the other's"
    lock.unlink()
    assert land.statuses()["ent_2"] == "cancelled"
    land.try_run()
    lead.orch.run("--json", "queue", "run")
    assert land.at("main") == before
    assert lead.orch.ok(*words)["entry"]["status"] == "verified"


def test_an_integration_that_could_not_be_tried_lands_no_later(land: Landing) -> None:
    """The repository's configuration changed: the refusal comes from inside the pass."""
    lead = land.lead
    land.work("a")
    land.add("a")
    land.run()
    before = land.at("main")
    lead.config(OPEN + '[queue]\nchecks = ["slow"]\n[check.slow]\ncommand = ["false"]\n')
    before = land.at("main")
    lead.orch.refuse("invalid_state", "not_ready", "integrate", "--run", "r", "--into", "main")
    assert land.statuses()["ent_2"] == "cancelled"
    lead.config(OPEN)
    land.try_run()
    assert land.at("main") != before, "moved by the commit of this test alone"
    assert "a.txt" not in land.files("main")


def test_an_integration_that_a_signal_stopped_says_that_it_is_still_queued(
    land: Landing, lead: Lead
) -> None:
    begun, slow = lead.home / "begun", lead.home / "slow"
    script = f"test ! -e {slow} || {{ touch {begun}; sleep 60; }}"
    lead.config(OPEN + check("unit", script) + '[queue]\nchecks = ["unit"]\n')
    land.work("a")
    land.add("a")
    land.run()
    lead.repo.commit("other.txt")
    slow.touch()
    with land.orch.start("integrate", "--run", "r") as running:
        until(begun.exists, "the check")
        running.signal(signal.SIGTERM)
        stopped = running.wait()
    assert stopped.status == 143 and "orch queue cancel ent_2" in stopped.err
    assert land.statuses()["ent_2"] == "testing"
    land.orch.ok("queue", "cancel", "ent_2")
    assert land.statuses()["ent_2"] == "cancelled"
