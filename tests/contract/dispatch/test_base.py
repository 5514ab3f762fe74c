"""What a dispatched task starts from: always with the work it depends on."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


CODE = ("dispatch", "--execution-mode", "code", "--task")


def test_a_prerequisites_work_is_there_before_it_has_landed(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    first = lead.finish("a")
    sent = lead.dispatch("b")
    attempt = sent["attempt"]
    assert (worktree(sent) / "a.txt").read_text() == "a\n"
    assert attempt["base_ref"] == "HEAD"
    assert attempt["base_source"] == "fast_forward of HEAD and a"
    assert attempt["base_commit"] == lead.attempts("a")[0]["head_commit"]
    assert lead.repo.git("rev-parse", "HEAD") == first["attempt"]["base_commit"], "HEAD stays"


def test_two_prerequisites_are_merged_without_a_checkout(lead: Lead) -> None:
    for name in ("a", "b"):
        lead.task(name)
    lead.task("c", "--depends-on", "a", "--depends-on", "b")
    for name in ("a", "b"):
        lead.finish(name)
    sent = lead.dispatch("c")
    assert {p.name for p in worktree(sent).glob("*.txt")} == {"a.txt", "b.txt"}
    assert sent["attempt"]["base_source"] == "merge of HEAD and a, b"
    heads = [lead.attempts(name)[0]["head_commit"] for name in ("a", "b")]
    base = sent["attempt"]["base_commit"]
    for head in heads:
        lead.repo.git("merge-base", "--is-ancestor", head, base)
    assert lead.repo.git("status", "--porcelain") == ""
    assert lead.doctor() == []


def test_landed_work_is_left_out(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    lead.finish("a")
    lead.repo.git("merge", "-q", "--ff-only", "orch/r/a/attempt-1")
    attempt = lead.dispatch("b")["attempt"]
    assert (attempt["base_ref"], attempt["base_source"]) == ("HEAD", "head")
    assert attempt["base_commit"] == lead.repo.git("rev-parse", "HEAD")


def test_work_that_cannot_be_merged_refuses_with_the_files(lead: Lead) -> None:
    for name in ("a", "b"):
        lead.task(name)
    lead.task("c", "--depends-on", "a", "--depends-on", "b")
    for name in ("a", "b"):
        lead.finish(name, "same.txt")
    before = (lead.branches(), lead.trees())
    error = lead.refuse("invalid_state", "base_conflict", *CODE, "c")
    assert error["details"] == {"files": ["same.txt"], "tasks": ["a", "b"]}
    assert (lead.branches(), lead.trees()) == before
    assert (lead.status_of("c"), lead.attempts("c")) == ("ready", [])
    attempt = lead.dispatch("c", "--base-ref", "main")["attempt"]
    assert attempt["base_source"] == "explicit", "an explicit base wins"


def test_the_chain_reaches_through_work_without_a_branch(lead: Lead) -> None:
    lead.task("a")
    lead.task("think", "--depends-on", "a")
    lead.task("c", "--depends-on", "think")
    lead.finish("a")
    sent = lead.dispatch("think", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    sent = lead.dispatch("c")
    assert (worktree(sent) / "a.txt").exists()


def test_the_chain_reaches_past_a_base_named_by_hand(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    lead.task("c", "--depends-on", "b")
    lead.finish("a")
    lead.finish("b", None, "--base-ref", "main")
    sent = lead.dispatch("c")
    assert {p.name for p in worktree(sent).glob("*.txt")} == {"a.txt", "b.txt"}


def test_a_dirty_repository_is_refused_with_prerequisites_too(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    lead.finish("a")
    lead.repo.write("dirt", "x")
    lead.refuse("invalid_state", "dirty", *CODE, "b")


def test_uncommitted_work_stops_its_dependents_until_it_is_committed(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    (worktree(sent) / "left.txt").write_text("x\n")
    (worktree(sent) / "a.txt").write_text("changed\n")
    lead.done(sent)
    lead.do("reconcile")
    attempt, = lead.attempts("a")  # fmt: skip
    assert lead.status_of("a") == "done", "the task is done as its worker said"
    assert (attempt["dirty_files"], attempt["uncommitted_work"]) == (2, True)
    assert "uncommitted work: a left 2 files" in lead.orch.say("status", "--run", "r")
    error = lead.refuse("refused", "work_at_risk", *CODE, "b")
    assert error["details"]["files"] == ["a.txt", "left.txt"]
    assert error["details"]["worktree_path"] == attempt["worktree_path"]
    assert f"git -C {attempt['worktree_path']} commit" in error["hint"]
    attempt_b = lead.dispatch("b", "--base-ref", "main")["attempt"]
    assert attempt_b["base_source"] == "explicit"
    head = lead.commit(sent, "more.txt")
    updated = lead.do("reconcile")["updated_tasks"]
    assert [t["task_id"] for t in updated] == ["a"]
    attempt, = lead.attempts("a")  # fmt: skip
    assert (attempt["head_commit"], attempt["dirty_files"]) == (head, 0)


def test_the_head_is_read_at_the_first_reconcile_after_done(lead: Lead) -> None:
    lead.task("a")
    sent = lead.finish("a")
    head = lead.attempts("a")[0]["head_commit"]
    assert head == lead.repo.git("rev-parse", "orch/r/a/attempt-1")
    later = lead.commit(sent, "later.txt")
    lead.do("reconcile")
    assert lead.attempts("a")[0]["head_commit"] == head != later
    assert lead.do("reconcile")["updated_tasks"] == []


def test_work_that_cannot_be_looked_at_stops_its_dependents_and_nothing_else(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    lead.task("other")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    pointer = lead.top / ".git" / "worktrees" / "attempt-1" / "commondir"
    old = pointer.read_text()
    pointer.write_text("/nowhere\n")
    lead.done(sent)
    report = lead.do("reconcile")
    assert len(report["problems"]) == 1
    assert sent["attempt"]["worktree_path"] in report["problems"][0]
    assert lead.status_of("a") == "done"
    lead.refuse("refused", "repo_tampered", *CODE, "b")
    lead.do("status")
    lead.dispatch("other", mode="analysis")
    pointer.write_text(old)
    assert lead.do("reconcile")["problems"] == []
    lead.dispatch("b")
