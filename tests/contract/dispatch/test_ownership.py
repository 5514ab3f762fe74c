"""Locks and paths: enforced when a task starts, compared when it ends (I14)."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def dispatchable(lead: Lead, task: str, run: str = "r", mode: str = "analysis") -> str:
    """Try to dispatch; return why not, "" when it worked."""
    words = ("dispatch", "--task", task, "--execution-mode", mode, "--run", run)
    answer = lead.orch.quick("--json", *words)
    if answer.status == 0:
        return ""
    assert answer.error["reason"] == "not_ready", answer
    return answer.error["details"]["why"]


@pytest.mark.parametrize("mode", ["analysis", "code"])
def test_two_active_tasks_never_hold_one_lock(lead: Lead, mode: str) -> None:
    lead.task("a", "--lock", "one", "--lock", "two")
    lead.task("b", "--lock", "two")
    lead.task("c", "--lock", "three")
    sent = lead.dispatch("a", mode=mode)
    assert dispatchable(lead, "b", mode=mode) == "lock: two is held by r/a"
    assert dispatchable(lead, "c", mode=mode) == ""
    lead.claim(sent)
    lead.ask(sent)
    lead.do("reconcile")
    assert dispatchable(lead, "b", mode=mode) == "lock: two is held by r/a", "blocked holds too"
    lead.go_on(sent)
    if mode == "code":
        lead.commit(sent)
    lead.done(sent)
    lead.do("reconcile")
    assert dispatchable(lead, "b", mode=mode) == ""
    assert lead.doctor() == []


def test_locks_hold_across_runs_and_while_verifying(lead: Lead) -> None:
    lead.task("a", "--lock", "one", "--required-check", "unit")
    lead.run(run="x")
    lead.task("b", "--lock", "one", run="x")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    lead.do("reconcile")
    assert lead.status_of("a") == "verifying"
    assert dispatchable(lead, "b", run="x") == "lock: one is held by r/a"
    lead.do("verify", "record", "--task", "a", "--check", "unit", "--status", "failed")
    assert dispatchable(lead, "b", run="x") == ""
    error = lead.refuse("invalid_state", "not_ready", "retry", "--task", "a")
    assert "lock: one is held by x/b" in error["message"]
    lead.do("cancel", "--task", "b", run="x")
    lead.do("retry", "--task", "a")
    new = lead.do("reassign", "--task", "a", "--to", "w2")
    assert new["attempt"]["attempt_no"] == 3, "its own lock does not stop a task"
    assert lead.doctor() == []


def test_overlapping_paths_never_run_together_where_that_is_enforced(lead: Lead) -> None:
    lead.run("--ownership", "enforce", run="x")
    for task, path in (("a", "src/a"), ("ab", "src/ab"), ("deep", "src/a/deep/*.py"),
                       ("all", "**/*.py"), ("none", "")):  # fmt: skip
        lead.task(task, *(("--allowed-path", path) if path else ()), run="x")
    assert dispatchable(lead, "a", "x", "code") == ""
    assert dispatchable(lead, "ab", "x", "code") == "", "src/a and src/ab do not overlap"
    assert dispatchable(lead, "none", "x", "code") == "", "a task without paths owns none"
    why = dispatchable(lead, "deep", "x", "code")
    assert why == "overlap: src/a/deep/*.py overlaps src/a, which x/a is working on"
    told = lead.do("ready", "--explain", run="x")
    assert told["tasks"] == []
    assert {t["task_id"]: t["why"] for t in told["not_ready"]}["deep"] == why
    lead.do("cancel", "--task", "a", run="x")
    assert dispatchable(lead, "deep", "x", "code") == ""
    assert "overlaps" in dispatchable(lead, "all", "x", "code")


def test_paths_are_compared_across_runs_and_checkouts_of_one_repository(lead: Lead) -> None:
    lead.task("a", "--allowed-path", "src")
    lead.run("--ownership", "enforce", run="x")
    lead.task("b", "--allowed-path", "src/deep", run="x")
    side = lead.home / "side"
    lead.repo.git("worktree", "add", "-q", "--detach", str(side))
    lead.orch.ok("dispatch", "r/a", "--execution-mode", "code", cwd=side)
    assert dispatchable(lead, "b", "x", "code").startswith("overlap: src/deep overlaps src")
    assert lead.do("ready", run="x")["tasks"] == []
    lead.repo.git("init", "-q", str(lead.home / "other"))
    other = lead.home / "other"
    lead.repo.commit(cwd=other)
    words = ("dispatch", "x/b", "--execution-mode", "code", "--repo-path", str(other))
    lead.orch.ok(*words)


@pytest.mark.parametrize("ownership", ["warn", "off"])
def test_elsewhere_overlapping_paths_may_run_together(lead: Lead, ownership: str) -> None:
    lead.run("--ownership", ownership, run="x")
    for task in ("a", "b"):
        lead.task(task, "--allowed-path", "src", run="x")
    assert [t["task_id"] for t in lead.do("ready", run="x")["tasks"]] == ["a", "b"]
    for task in ("a", "b"):
        assert dispatchable(lead, task, "x", "code") == ""


@pytest.mark.parametrize("ownership", ["enforce", "warn", "off"])
@pytest.mark.parametrize("flag", ["--allowed-path", "--blocked-path"])
def test_changed_paths_are_compared_after_the_attempt(
    lead: Lead, ownership: str, flag: str
) -> None:
    lead.run("--ownership", ownership, run="x")
    lead.task("a", flag, "src", run="x")
    sent = lead.dispatch("a", run="x")
    lead.claim(sent)
    lead.commit(sent, "src/in.txt")
    lead.commit(sent, "out.txt")
    lead.done(sent)
    lead.do("reconcile", run="x")
    wrong = ["out.txt"] if flag == "--allowed-path" else ["src/in.txt"]
    attempt, = lead.attempts("a", run="x")  # fmt: skip
    task = lead.do("task", "show", "--task", "a", run="x")["task"]
    if ownership == "off":
        assert (attempt["path_violations"], task["status"]) == (None, "done")
        return
    assert attempt["path_violations"] == wrong
    text = lead.orch.say("status", "--run", "x")
    assert f'changed paths it does not own: a: ["{wrong[0]}"]' in text
    if ownership == "warn":
        assert (task["status"], task["gate"]) == ("done", None)
    else:
        assert (task["status"], task["gate"]) == ("failed", {"status": "failed", "checks": []})
        assert task["reason"] == f'changed paths it does not own: ["{wrong[0]}"]'
    assert lead.doctor() == []


def test_work_inside_its_paths_is_done_where_that_is_enforced(lead: Lead) -> None:
    lead.run("--ownership", "enforce", run="x")
    lead.task("a", "--allowed-path", "src/*.txt", "--blocked-path", "src/no.txt", run="x")
    sent = lead.dispatch("a", run="x")
    lead.claim(sent)
    lead.commit(sent, "src/in.txt")
    lead.done(sent)
    updated, = lead.do("reconcile", run="x")["updated_tasks"]  # fmt: skip
    assert (updated["status"], updated["latest_attempt"]["path_violations"]) == ("done", [])


def test_a_violation_fails_the_gate_although_the_checks_passed(lead: Lead) -> None:
    lead.run("--ownership", "enforce", run="x")
    lead.task("a", "--allowed-path", "src", "--required-check", "unit", run="x")
    sent = lead.dispatch("a", run="x")
    lead.claim(sent)
    lead.commit(sent, "out.txt")
    lead.done(sent)
    lead.do("reconcile", run="x")
    gate = lead.do("verify", "status", "--task", "a", run="x")["gate"]
    assert gate["status"] == "failed"
    assert lead.status_of("a", run="x") == "failed"
