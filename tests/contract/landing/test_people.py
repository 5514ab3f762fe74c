"""Approvals, holds, rollback, integration: what people decide about what lands."""

import sys
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import worktree


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def test_nobody_approves_their_own_work(land: Landing) -> None:
    land.work("a")
    land.add("a")
    error = land.orch.refuse(
        "refused", "approval_required", "queue", "approve", "ent_1", "--as", "w1"
    )
    assert "own work" in error["message"]
    land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", "W1")
    assert land.lead.events("approval_given") == []
    assert land.try_run().error["reason"] == "approval_required"


def test_an_approval_is_bound_to_the_policy(land: Landing) -> None:
    land.work("a")
    land.queue("a")
    land.lead.config('[policy]\nhumans = ["ana", "ben"]\n')
    assert land.try_run().error["reason"] == "approval_required"
    assert [v["is_void"] for v in land.show("a")["verdicts"]] == [True]
    assert any("void" in line for line in land.orch.quick("queue", "show", "a").lines)
    land.approve("a", by="ben")
    assert [v["is_void"] for v in land.show("a")["verdicts"]] == [True, False]
    land.lead.config("[policy")
    assert [v["is_void"] for v in land.show("a", "--explain")["verdicts"]] == [True, True]
    error = land.try_run().error
    assert (error["code"], error["reason"]) == ("invalid_input", "file")
    assert error["hint"]
    land.lead.config('[policy]\nhumans = ["ana", "ben"]\n')
    assert len(land.run()["landed"]) == 1


def test_a_reject_holds_until_somebody_releases_it_and_it_is_approved_anew(land: Landing) -> None:
    land.work("a")
    land.queue("a")
    land.orch.ok("reject", "r/a", "--as", "ben", "--note", "no tests")
    entry = land.entry("a")
    assert (entry["status"], entry["reason"]) == ("held", "rejected by ben: no tests")
    assert entry["approvals"]["missing"] == entry["approvals"]["needed"]
    assert land.orch.ok("queue", "list")["next_command"] == "orch queue release ent_1"
    error = land.try_run().error
    assert (error["code"], error["reason"]) == ("invalid_state", "not_ready")
    land.orch.ok("queue", "release", "ent_1")
    assert land.try_run().status == 90
    land.approve("a", by="ben")
    assert len(land.run()["landed"]) == 1


def test_an_entry_and_a_whole_queue_are_held_and_released(land: Landing) -> None:
    land.work("a")
    land.queue("a")
    land.orch.ok("queue", "hold", "ent_1", "--reason", "wait for ben")
    assert land.try_run().error["reason"] == "not_ready"
    land.orch.ok("queue", "release", "ent_1")
    queue = land.orch.ok("queue", "hold", "--target", INTEGRATION, "--reason", "freeze")["queue"]
    assert queue["hold_reason"] == "freeze"
    error = land.try_run().error
    assert error["reason"] == "not_ready"
    assert error["hint"] == f"orch queue release --target {INTEGRATION}"
    land.orch.ok("queue", "release", "--target", INTEGRATION)
    land.orch.refuse("invalid_state", "transition", "queue", "release", "--target", INTEGRATION)
    assert len(land.run()["landed"]) == 1
    land.orch.refuse("invalid_state", "terminal", "queue", "hold", "ent_1")
    kinds = [e["event_type"] for e in land.lead.events("queue_held", "queue_released")]
    assert kinds == ["queue_held", "queue_released"]


def test_a_cancelled_entry_can_be_queued_again(land: Landing) -> None:
    land.work("a")
    land.add("a")
    assert land.orch.ok("queue", "cancel", "ent_1")["entry"]["status"] == "cancelled"
    land.orch.refuse("invalid_state", "terminal", "queue", "cancel", "ent_1")
    land.orch.refuse("invalid_state", "terminal", "queue", "approve", "ent_1", "--as", "ana")
    assert land.add("a")[0]["entry_id"] == "ent_2"


def test_integrate_brings_the_branch_forward_to_the_tested_commit(land: Landing) -> None:
    land.lead.config(check("unit", "test -f README"))
    land.work("a", None, "--required-check", "unit")
    land.orch.refuse("invalid_state", "not_ready", "integrate", "--run", "r")
    land.queue("a")
    land.run()
    planned = land.orch.ok("integrate", "--run", "r", "--dry-run")
    assert (planned["source"], planned["target"]) == (INTEGRATION, "main")
    done = land.orch.ok("integrate", "--run", "r", "--key", "k")
    assert done["entry"]["status"] == "verified"
    assert done["trials"] == 0, "the integration branch's own trial of the same tree counts"
    assert land.at("main") == land.at()
    assert (land.lead.top / "a.txt").read_text() == "a\n"
    assert land.repo.git("status", "--porcelain") == ""
    assert land.orch.ok("integrate", "--run", "r", "--key", "k")["replayed"]
    land.orch.refuse("no_matching_work", "empty", "integrate", "--run", "r")
    land.orch.refuse("invalid_input", "value", "integrate", "--run", "r", "--into", "nope")
    land.landed_was_tested()
    assert land.lead.doctor() == []


def test_integrate_into_a_branch_that_moved_is_tested_there(land: Landing) -> None:
    land.lead.config(check("unit", "! test -f bad"))
    land.work("a", None, "--required-check", "unit")
    land.queue("a")
    land.run()
    land.repo.commit("mine.txt", "mine\n")
    done = land.orch.ok("integrate", "--run", "r")
    assert done["trials"] == 1
    assert land.files("main") == {"a.txt": "a", "mine.txt": "mine"}
    land.landed_was_tested()


def test_a_dirty_checkout_blocks_and_nothing_of_it_is_touched(land: Landing) -> None:
    land.work("a", {"README": "theirs\n"})
    land.queue("a")
    land.run()
    (land.lead.top / "README").write_text("mine, not committed\n")
    before = land.at("main")
    error = land.orch.refuse("invalid_state", "dirty", "integrate", "--run", "r")
    assert "README" in str(error["details"]["files"])
    assert land.at("main") == before
    assert (land.lead.top / "README").read_text() == "mine, not committed\n"
    land.repo.git("checkout", "README")
    (land.lead.top / "unrelated.txt").write_text("stays\n")
    land.orch.ok("integrate", "--run", "r")
    assert (land.lead.top / "README").read_text() == "theirs\n"
    assert (land.lead.top / "unrelated.txt").read_text() == "stays\n"


def test_rollback_of_the_newest_puts_the_target_back(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
        land.queue(name)
        land.run()
    land.lead.task("c", "--depends-on", "b")
    land.finish("c", {"c.txt": "c\n"})
    land.queue("c")
    plan = land.orch.ok("queue", "rollback", "r/b", "--dry-run")
    assert (plan["how"], plan["held"]) == ("put_back", ["ent_3"])
    assert [d["task_id"] for d in plan["dependents"]] == ["c"]
    done = land.orch.ok("queue", "rollback", "r/b", "--reason", "wrong", "--key", "k")
    assert (done["entry"]["status"], done["entry"]["rolled_back_by"]) == ("cancelled", "ent_2")
    assert land.orch.ok("queue", "rollback", "r/b", "--reason", "wrong", "--key", "k")["replayed"]
    assert land.files() == {"a.txt": "a"}
    held = land.entry("c")
    assert held["status"] == "held"
    assert "r/b" in held["reason"]
    land.orch.refuse("invalid_state", "transition", "queue", "rollback", "r/b")
    assert land.lead.doctor() == []


def test_rollback_of_an_older_one_is_a_revert_through_the_queue(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
        land.queue(name)
        land.run()
    done = land.orch.ok("queue", "rollback", "r/a")
    assert (done["how"], done["revert"]["kind"]) == ("revert", "revert")
    assert done["revert"]["priority"] == "rollback"
    land.orch.refuse("invalid_state", "duplicate", "queue", "rollback", "r/a")
    assert land.try_run().status == 90, "a revert is approved like anything else"
    land.approve("ent_3")
    (landed,) = land.run()["landed"]
    assert landed["kind"] == "revert"
    assert land.files() == {"b.txt": "b"}
    entry = land.entry("ent_1")
    assert (entry["status"], entry["rolled_back_by"]) == ("cancelled", "ent_3")
    error = land.orch.refuse("invalid_state", "superseded", "queue", "add", "r/a")
    assert "--rework" in error["hint"]
    land.landed_was_tested()


def test_integrate_is_tried_again_when_its_target_moved(land: Landing) -> None:
    land.repo.commit("list.txt", "one\n")
    before = land.at("main")
    land.lead.task("a")
    land.finish("a", {"list.txt": "a one\n"}, "--base-ref", "main")
    land.queue("a")
    land.run()
    land.repo.commit("list.txt", "b one\n")
    for _ in range(2):
        error = land.orch.refuse("invalid_state", "not_ready", "integrate", "--run", "r")
        assert error["hint"].endswith("integrate --run r")
    assert land.statuses()["ent_3"] == "cancelled", "each refusal withdraws its own"
    land.repo.git("reset", "-q", "--hard", before)
    assert land.orch.ok("integrate", "--run", "r")["entry"]["status"] == "verified"
    done = land.orch.ok("queue", "rollback", "ent_4")
    assert (done["how"], land.at("main")) == ("put_back", before), "only main had it by that"
    assert land.repo.git("for-each-ref", "refs/orch/queue", "refs/orch/candidate") == ""
    land.repo.git("update-ref", "refs/heads/main", land.repo.git(
        "commit-tree", "-m", "other", "main^{tree}"))  # fmt: skip
    error = land.orch.refuse("invalid_state", "unsupported", "integrate", "--run", "r")
    assert "share no history" in error["message"]


def test_audit_shows_each_pass_and_replay_decides_the_same(land: Landing) -> None:
    land.orch.refuse("no_matching_work", "empty", "queue", "replay")
    land.work("a")
    land.queue("a")
    land.run()
    passes = land.orch.ok("queue", "audit", "--run", "r")["passes"]
    assert len(passes) >= 2
    again = land.orch.ok("queue", "replay")
    assert (again["same"], again["differing"]) == (len(passes), [])
    one = land.orch.ok("queue", "audit", "--pass", str(passes[-1]["pass_no"]))["passes"][0]
    assert one["snapshot"]["entries"][0]["entry_no"] == 1
    land.orch.refuse("not_found", "entry", "queue", "audit", "--pass", "99")


def test_what_others_landed_is_found_on_the_target(land: Landing) -> None:
    sent = land.work("a")
    land.add("a", flags=("--target", "main"))
    land.repo.git("merge", "-q", "--no-edit", "--no-ff", sent["attempt"]["branch_name"])
    land.try_run()
    assert land.entry("a")["status"] == "landed_externally"


def test_what_others_squashed_is_found_on_the_target(land: Landing) -> None:
    sent = land.work("a")
    land.add("a", flags=("--target", "main"))
    land.repo.git("merge", "-q", "--squash", sent["attempt"]["branch_name"])
    land.repo.git("commit", "-qm", "squashed")
    land.try_run()
    assert land.entry("a")["status"] == "landed_externally"


REVIEWER = r"""
import json, os, subprocess, sys
verdict = sys.argv[1]
body = {"reviewer_role": "risk-reviewer", "findings": [], "verdict": verdict}
if verdict == "rubbish":
    body = {"nothing": 1}
if verdict == "crash":
    sys.exit(3)
open("review.json", "w").write(json.dumps(body))
subprocess.run(["inbox", "done", "--summary", "REVIEWED", "--body-file", "review.json"], check=True)
"""


def reviewed(land: Landing, verdict: str) -> dict:
    """Let a program review task a with a verdict."""
    script = land.lead.home / "reviewer.py"
    script.write_text(REVIEWER)
    words = ("review", "r/a", "--harness", "command")
    return land.orch.ok(*words, "--", sys.executable, str(script), verdict)


def test_a_reviewers_verdict_counts_and_none_is_none(land: Landing) -> None:
    land.work("a")
    land.add("a")
    for word in ("crash", "rubbish", "abstain"):
        found = reviewed(land, word)
        assert found["counts_as"] is None
        assert found["why"]
    assert land.show("a")["verdicts"] == []
    found = reviewed(land, "approve")
    assert (found["verdict"], found["counts_as"]) == ("approve", "approve")
    (verdict,) = land.show("a")["verdicts"]
    assert (verdict["kind"], verdict["verdict"]) == ("reviewer", "approve")
    assert land.try_run().status == 90, "without a policy only a person counts"
    reviewed(land, "block")
    assert land.entry("a")["status"] == "held"
    words = ("review", "r/a", "--harness", "command", "--as", "w1")
    land.orch.refuse("refused", "approval_required", *words, "--", "true")


def landed_one_by_one(land: Landing, *texts: str) -> None:
    """Land tasks t1, t2 … each of which writes its text to list.txt, on top of the last one."""
    for number, text in enumerate(texts, 1):
        base = () if number == 1 else ("--base-ref", INTEGRATION)
        land.lead.task(f"t{number}")
        land.finish(f"t{number}", {"list.txt": text}, *base)
        land.queue(f"t{number}")
        land.run()


def test_a_revert_that_conflicts_with_later_work_is_no_landing(land: Landing) -> None:
    landed_one_by_one(land, "one\n", "two\n")
    revert = land.orch.ok("queue", "rollback", "r/t1")["revert"]["entry_id"]
    land.approve(revert)
    land.try_run()
    assert land.entry(revert)["status"] == "conflict"
    assert (land.entry("ent_1")["status"], land.files()) == ("verified", {"list.txt": "two"})
    error = land.try_run().error
    assert error["hint"].endswith(f"orch queue retry {revert}")
    shown = land.orch.quick("queue", "show", revert)
    assert shown.steps == [f"orch queue retry {revert}"], "nobody can do it again"
    land.orch.refuse("invalid_state", "unsupported", "queue", "retry", revert, "--rework")
    assert land.lead.doctor() == []


def test_what_a_revert_took_back_counts_as_landed_when_that_is_taken_back(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
        land.queue(name)
        land.run()
    revert = land.orch.ok("queue", "rollback", "r/a")["revert"]["entry_id"]
    land.approve(revert)
    land.run()
    assert land.entry("ent_1")["status"] == "cancelled"
    assert land.orch.ok("queue", "rollback", revert)["how"] == "put_back"
    assert land.files() == {"a.txt": "a", "b.txt": "b"}
    entry = land.entry("ent_1")
    assert (entry["status"], entry["rolled_back_by"]) == ("verified", None)
    land.orch.refuse("invalid_state", "duplicate", "queue", "add", "r/a")
    again = land.orch.ok("queue", "rollback", "r/a")["revert"]["entry_id"]
    land.approve(again)
    land.run()
    assert land.files() == {"b.txt": "b"}
    twice = land.orch.ok("queue", "rollback", again, "--reason", "needed after all")
    assert twice["how"] == "put_back"
    assert land.entry("ent_1")["status"] == "verified"
    assert land.lead.doctor() == []


def test_put_back_keeps_work_whose_branch_is_gone(land: Landing) -> None:
    sent = land.work("a")
    land.queue("a")
    land.run()
    land.lead.do("cleanup", "--task", "a")
    land.repo.git("branch", "-D", sent["attempt"]["branch_name"])
    head = land.entry("a")["head_commit"]
    assert land.orch.ok("queue", "rollback", "r/a")["how"] == "put_back"
    assert head in land.repo.git("for-each-ref", "--format=%(objectname)", "refs/orch/queue")


def test_a_superseded_entry_leaves_no_ref_behind(land: Landing) -> None:
    sent = land.work("a")
    land.queue("a")
    land.repo.commit("more.txt", "late\n", cwd=worktree(sent))
    land.try_run()
    assert land.entry("a")["status"] == "superseded"
    assert land.repo.git("for-each-ref", "refs/orch/queue", "refs/orch/candidate") == ""


def test_whoever_claimed_the_thread_worked_on_it(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.end(sent, {"a.txt": "a\n"}, agent="w2")
    land.add("a")
    for name in ("w2", "W2"):
        land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", name)


def test_the_next_command_follows_the_approvals(land: Landing) -> None:
    land.work("a")
    land.add("a")
    land.try_run()
    asked = "orch queue approve ent_1 --as NAME"
    assert land.show("a")["next_command"] == asked
    assert land.orch.ok("queue", "list", "--run", "r")["next_command"] == asked
    assert land.orch.quick("status", "--run", "r").lines[-1] == f"next: {asked}"
    land.approve("a")
    assert land.show("a")["next_command"] == "orch queue run --run r"
    land.orch.ok("queue", "hold", "ent_1")
    said = land.orch.quick("queue", "approve", "ent_1", "--as", "ben").lines
    assert said[-1] == "next: orch queue release ent_1"


def test_what_cannot_be_done_to_an_entry_is_said_by_its_name(land: Landing) -> None:
    land.work("a")
    land.add("a")
    land.orch.refuse("not_found", "run", "queue", "show", "ent_1", "--run", "zz")
    land.orch.ok("queue", "cancel", "ent_1")
    error = land.orch.refuse("invalid_state", "terminal", "queue", "hold", "ent_1")
    assert error["message"] == "ent_1 (r/a) is cancelled: there is nothing to hold"
    assert "orch queue add r/a" in error["hint"]
    assert land.orch.ok("queue", "audit")["passes"] == []
