"""Several leaders at once: every dispatch succeeds once, every reconcile tells once."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Answer, Running, until
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def together(started: list[Running]) -> list[Answer]:
    """Let processes that were started finish; none is left behind."""
    try:
        return [running.wait(120) for running in started]
    finally:
        for running in started:
            running.kill()


def test_forty_parallel_dispatches_on_one_repository_all_succeed(lead: Lead) -> None:
    """Five processes with eight worktrees each, at once."""
    for process in range(5):
        lead.run(run=f"p{process}")
        for n in range(8):
            lead.task(f"t{n}", "--execution-mode", "code", run=f"p{process}")
    answers = together(
        [
            lead.orch.start("--json", "dispatch", "--ready", "--run", f"p{n}", "--jobs", "8")
            for n in range(5)
        ]
    )
    made = [d["attempt"] for answer in answers for d in answer.data["dispatched"]]
    assert [answer.data["skipped"] for answer in answers] == [[]] * 5
    assert len({a["branch_name"] for a in made}) == len({a["worktree_path"] for a in made}) == 40
    assert sorted(lead.registered()) == sorted(a["worktree_path"] for a in made)
    for attempt in made:
        assert (Path(attempt["worktree_path"]) / "README").read_text() == "hello\n"
    assert lead.doctor() == []


def test_one_task_dispatched_by_many_is_dispatched_once(lead: Lead) -> None:
    """I14: a task never has two active attempts."""
    lead.task("a")
    words = ("--json", "dispatch", "r/a", "--execution-mode", "code")
    answers = together([lead.orch.start(*words) for _ in range(6)])
    assert sorted(a.status for a in answers) == [0, 30, 30, 30, 30, 30]
    reasons = {answer.error["reason"] for answer in answers if answer.status}
    assert reasons == {"not_ready"}, "the branch in the way is the other's: no advice about it"
    assert len(lead.attempts("a")) == len(lead.trees()) == 1
    assert lead.doctor() == []


def test_one_lock_is_had_by_one_of_many(lead: Lead) -> None:
    """I14: nor has a lock two holders."""
    for n in range(6):
        lead.task(f"t{n}", "--lock", "one")
    started = [
        lead.orch.start("--json", "dispatch", f"r/t{n}", "--execution-mode", mode)
        for n, mode in enumerate(("code", "analysis") * 3)
    ]
    answers = together(started)
    assert sorted(a.status for a in answers) == [0, 30, 30, 30, 30, 30]
    for answer in answers:
        if answer.status:
            assert answer.error["details"]["why"].startswith("lock: one is held by r/t"), answer
    assert len(lead.trees()) <= 1
    assert lead.doctor() == []


def test_two_leaders_of_one_run_step_on_nobodys_toes(lead: Lead) -> None:
    """Both dispatch and reconcile the same run while its workers report."""
    for n in range(6):
        lead.task(f"t{n}", "--execution-mode", "analysis")
        lead.task(f"u{n}", "--execution-mode", "analysis", "--depends-on", f"t{n}")
    batch = ("--json", "dispatch", "--ready", "--run", "r")
    first = together([lead.orch.start(*batch) for _ in range(2)])
    assert all(a.status in (0, 10, 30) for a in first), first
    sent = [d for a in first if a.status == 0 for d in a.data["dispatched"]]
    assert sorted(d["task"]["task_id"] for d in sent) == [f"t{n}" for n in range(6)]
    for work in sent:
        lead.claim(work)
        lead.done(work)
    reports = together([lead.orch.start("--json", "reconcile", "--run", "r") for _ in range(4)])
    told = [t["task_id"] for a in reports for t in a.data["updated_tasks"]]
    assert sorted(told) == [f"t{n}" for n in range(6)], "each change is told to one of them"
    assert len(lead.events("task_done")) == len(lead.events("task_ready")) == 6
    second = together([lead.orch.start(*batch) for _ in range(2)])
    sent = [d for a in second if a.status == 0 for d in a.data["dispatched"]]
    assert len(sent) == 6
    assert lead.doctor() == []


def test_two_reconciles_undo_one_killed_dispatch_once(lead: Lead) -> None:
    lead.task("a")
    lead.crash("dispatch.made", "dispatch", "r/a", "--execution-mode", "code")
    reports = together([lead.orch.start("--json", "reconcile", "--run", "r") for _ in range(4)])
    assert all(a.status == 0 for a in reports), reports
    assert sum(len(a.data["repaired"]) for a in reports) == 1
    assert lead.leftovers() == []
    assert lead.doctor() == []


def test_a_dispatch_under_way_is_not_undone(lead: Lead) -> None:
    """Its process lives: reconcile leaves it alone, others wait, and it ends well."""
    gate = runs.gate_file(lead.home)
    words = runs.toml_list("/bin/sh", "-c", f"echo at > {gate}.at; cat {gate}")
    lead.config(f"[worktree.setup]\ncommand = {words}\n")
    lead.task("a")
    with lead.orch.start("--json", "dispatch", "r/a", "--execution-mode", "code") as running:
        until(Path(f"{gate}.at").exists, "the setup to run")
        assert lead.do("reconcile")["repaired"] == []
        error = lead.refuse(
            "invalid_state", "not_ready", "dispatch", "--task", "a", "--execution-mode", "analysis"
        )
        assert error["details"]["why"] == "somebody is dispatching it right now"
        lead.refuse("invalid_state", "not_ready", "cancel", "--task", "a")
        lead.refuse("invalid_state", "transition", "task", "edit", "--task", "a", "--title", "t")
        assert lead.do("ready")["tasks"] == []
        gate.write_text("go")
        assert running.wait().data["attempt"]["attempt_no"] == 1
    assert lead.doctor() == []


def test_a_cleanup_beside_a_cleanup_loses_nothing(lead: Lead) -> None:
    for name in ("a", "b", "c"):
        lead.task(name)
        lead.finish(name)
    words = ("--json", "cleanup", "--run", "r", "--all-completed")
    answers = together([lead.orch.start(*words) for _ in range(3)])
    assert {a.status for a in answers} <= {0, 10, 90}, answers
    assert lead.trees() == []
    assert len(lead.branches()) == 3
    assert lead.doctor() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
@pytest.mark.parametrize("kilobytes", [64, 160, 400])
def test_a_disk_that_fills_up_during_dispatch_leaves_nothing(lead: Lead, kilobytes: int) -> None:
    small = lead.home / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(small)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("no mounts here")
    try:
        for n in range(16):
            lead.repo.write(f"big{n}.bin", "x" * 65_536)
        lead.repo.commit("done.txt")
        lead.task("a", "--lock", "l")
        words = ("dispatch", "--task", "a", "--execution-mode", "code", "--workspace-root",
                 str(small / "w"))  # fmt: skip
        error = lead.refuse("git_error", "failed", *words)
        assert error["hint"].startswith("is the disk full? ")
        assert (lead.branches(), lead.registered()) == ({}, [])
        assert list((small / "w").rglob("*")) == []
        assert lead.status_of("a") == "ready"
        assert lead.doctor() == []
        lead.dispatch("a")
    finally:
        subprocess.run(["umount", str(small)], check=True)
