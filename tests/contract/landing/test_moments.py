"""Landing at odd moments: runs that are over, early approvals, names in the way, a red machine."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import worktree


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def test_what_is_queued_lands_though_its_run_was_closed(land: Landing) -> None:
    land.work("a")
    land.work("b")
    land.add("a", "b")
    assert land.try_run().status == 90
    land.lead.do("run", "close", "--force")
    land.approve("r/a")
    assert [e["name"] for e in land.try_run().json["data"]["waiting"]] == ["r/b"]
    assert land.entry("ent_1")["status"] == "verified"
    land.orch.ok("queue", "cancel", "ent_2")
    land.orch.refuse("invalid_state", "closed", "queue", "add", "r/b")
    assert land.show("ent_2")["next_command"] == "orch queue list --run r"


def test_calling_off_a_run_calls_off_what_did_not_land(land: Landing) -> None:
    land.work("a")
    land.work("b")
    land.queue("a")
    land.run()
    land.queue("b")
    land.lead.task("c")
    said = land.orch.ok("cancel", "--run", "r", "--reason", "enough")
    assert [task["task_id"] for task in said["cancelled"]] == ["c"]
    assert said["entries"] == ["ent_2"]
    assert land.statuses() == {"ent_1": "verified", "ent_2": "cancelled"}
    shown = land.show("ent_2")
    assert (shown["entry"]["reason"], shown["next_command"]) == (
        "enough", f"orch queue add r/b --target {INTEGRATION}"
    )  # fmt: skip
    land.orch.ok(*shown["next_command"].split()[1:])


def test_a_task_that_is_called_off_leaves_the_queue(land: Landing) -> None:
    land.repo.commit("f", "one\n")
    land.work("a", {"f": "a\n"})
    land.work("b", {"f": "b\n"})
    land.queue("a", "b")
    land.run()
    assert land.lead.status_of("b") == "dispatched", "it is done again"
    error = land.orch.refuse("invalid_state", "superseded", "queue", "retry", "ent_2")
    assert error["message"].startswith("attempt 2 takes the place of ent_2 (r/b)")
    lines = land.orch.quick("cancel", "r/b").lines
    assert lines[1:] == [
        "out of their queues: ent_2; their branches stay",
        "next: orch status --run r",
    ]
    assert land.statuses()["ent_2"] == "cancelled"


def test_work_may_be_approved_before_it_is_queued(land: Landing) -> None:
    land.lead.task("a")
    land.orch.refuse("invalid_state", "transition", "approve", "r/a", "--as", "ana")
    sent = land.finish("a", {"a": "a\n"})
    land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", "w1")
    said = land.orch.ok("approve", "r/a", "--as", "ana", "--key", "k")
    assert (said["entry"], said["verdict"]["given_by"]) == (None, "ana")
    assert said["verdict"]["head_commit"] == land.repo.git("rev-parse", "HEAD", cwd=worktree(sent))
    assert land.orch.ok("queue", "approve", "r/a", "--as", "ana", "--key", "k")["replayed"]
    land.orch.ok(*said["next_command"].split()[1:])
    again = land.orch.ok("approve", "r/a", "--as", "ana")
    assert again["entry"]["approvals"]["missing"] == []
    assert len(land.show("r/a")["verdicts"]) == 1, "the same word is one word"
    assert [e["entry_id"] for e in land.run()["landed"]] == ["ent_1"]
    land.orch.refuse("invalid_state", "terminal", "approve", "r/a", "--as", "ana")


def test_a_rejection_before_it_is_queued_holds_it_there(land: Landing) -> None:
    land.work("a")
    said = land.orch.quick("reject", "r/a", "--as", "ana", "--note", "no tests").lines
    assert said[0].endswith("by ana; it is not queued yet")
    land.add("a")
    assert land.try_run().status == 30
    entry = land.entry("ent_1")
    assert (entry["status"], "ana" in entry["reason"]) == ("held", True)


def test_a_branch_that_keeps_the_target_from_being_made_is_named(land: Landing) -> None:
    land.work("a")
    land.repo.git("branch", "orch-integration")
    error = land.orch.refuse("invalid_state", "branch_exists", "queue", "add", "r/a")
    assert "git branch -m orch-integration NAME" in error["hint"]
    land.repo.git("branch", "-m", "orch-integration", "mine")
    land.queue("a")
    land.repo.git("branch", "-m", "mine", f"{INTEGRATION}/deeper")
    assert land.try_run().error["reason"] == "branch_exists"
    assert land.entry("ent_1")["status"] == "passed"
    land.repo.git("branch", "-D", f"{INTEGRATION}/deeper")
    assert len(land.run()["landed"]) == 1


def test_a_submodule_is_refused_where_it_could_not_be_tested(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    here = worktree(sent)
    (here / "sub").mkdir()
    head = land.repo.git("rev-parse", "HEAD")
    land.repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub", cwd=here)
    land.repo.git("commit", "-q", "-m", "sub", cwd=here)
    land.lead.done(sent)
    land.lead.do("reconcile")
    error = land.orch.refuse("invalid_state", "unsupported", "queue", "add", "r/a")
    assert "submodule" in error["message"]


def test_a_machine_that_turned_red_blames_nobody(land: Landing) -> None:
    fine = land.lead.home / "fine"
    fine.touch()
    land.lead.config(check("unit", f"echo x; test -f {fine}") + '[queue]\nchecks = ["unit"]\n')
    land.work("a")
    land.queue("a")
    land.run()
    land.work("b")
    land.queue("b")
    fine.unlink()
    error = land.try_run().error
    assert "itself fails the checks: nobody's entry is to blame" in error["message"]
    entry = land.entry("ent_2")
    assert (entry["failures"], entry["status"]) == (0, "testing")
    shown = land.orch.quick("queue", "show", "ent_2")
    assert shown.out.count("check unit") == 1, "the tail of the newest failure alone"
    release = f"orch queue release --target {INTEGRATION}"
    assert shown.steps == [release]
    assert release in error["hint"]
    fine.touch()
    land.orch.ok(*release.split()[1:])
    assert [e["entry_id"] for e in land.run()["landed"]] == ["ent_2"]
    land.orch.ok("queue", "replay")


def test_what_failed_goes_back_with_what_the_check_printed(land: Landing) -> None:
    policy = '[queue]\nchecks = ["unit"]\n[policy]\nlow = []\nhigh = []\nmedium = []\n'
    land.lead.config(check("unit", "echo it is bad; test ! -e bad") + policy)
    land.work("a")
    land.work("b", {"bad": "x\n"})
    land.add("a", "b")
    said = land.run()
    assert [e["entry_id"] for e in said["landed"]] == ["ent_1"]
    (waits,) = said["waiting"]
    assert waits["why"] == "a check failed, twice on the same tree: unit: exit 1"
    sent = land.orch.ok(*waits["command"].split()[1:], "--body", "drop the file")
    brief = land.inbox_of(sent["attempt"]["thread_id"])
    for words in (
        "the check unit failed with it there (exit 1)",
        "On the target before it, when it was tested: r/a",
        "  it is bad",
        "then fix what fails, and commit",
        "drop the file",
    ):
        assert words in brief
    assert "conflict" not in brief
    assert land.show("ent_2")["done_again"] == "it is done again as attempt 2"


def test_a_rehearsal_of_integrate_names_what_it_would_meet(land: Landing) -> None:
    land.repo.commit("f", "one\n")
    land.work("a", {"f": "two\n"})
    land.queue("a")
    land.run()
    (land.lead.top / "f").write_text("mine\n")
    asked = ("integrate", "--run", "r", "--into", "main", "--dry-run")
    (why,) = land.orch.ok(*asked)["in_the_way"]
    assert " f" in why
    land.repo.git("checkout", "-q", "--", "f")
    assert land.orch.ok(*asked)["in_the_way"] == []
    land.repo.commit("f", "other\n")
    said = land.orch.ok(*asked)
    assert (said["conflicts"], said["in_the_way"]) == (["f"], [])


def test_what_is_taken_back_is_not_brought_on(land: Landing) -> None:
    """By the rollback itself, and where somebody moved the branch back by hand."""
    land.lead.config('[queue]\nchecks = "none"\n[policy]\nlow = []\nmedium = []\nhigh = []\n')
    land.repo.commit("f", "one\n")
    for name in ("a", "b"):
        land.work(name, {name: "x\n", "f": f"{name}\n"} if name == "b" else None)
        land.add(name)
        land.run()
    before = land.entry("ent_1")["landed_commit"]
    (land.lead.top / "f").write_text("mine\n")
    asked = ("integrate", "--run", "r", "--into", "main")
    land.lead.crash("integrate.queued", *asked)
    assert land.orch.ok("queue", "rollback", "r/b", "--dry-run")["superseded"] == ["ent_3"]
    assert land.orch.ok("queue", "rollback", "r/b")["superseded"] == ["ent_3"]
    land.repo.git("checkout", "-q", "--", "f")
    assert land.try_run().status == 10
    assert land.entry("ent_3")["status"] == "superseded"
    (land.lead.top / "a.txt").write_text("mine\n")
    land.lead.crash("integrate.queued", *asked)
    land.repo.git("update-ref", f"refs/heads/{INTEGRATION}", f"{before}^")
    (land.lead.top / "a.txt").unlink()
    (changed,) = land.run()["changed"]
    assert (changed["entry_id"], changed["status"]) == ("ent_4", "superseded")
    assert "does not hold it any more" in changed["reason"]
    assert "a.txt" not in land.files("main")


def test_a_slot_that_a_check_led_elsewhere_is_put_right(land: Landing) -> None:
    land.lead.config(check("unit", "true") + '[queue]\nchecks = ["unit"]\n')
    for name in ("a", "b"):
        land.work(name)
        land.queue(name)
        land.run()
        for admin in (land.lead.top / ".git" / "worktrees").glob("slot*"):
            (admin / "commondir").write_text("/elsewhere\n")
    assert set(land.statuses().values()) == {"verified"}


def test_words_that_do_not_go_together_are_refused(land: Landing) -> None:
    land.work("a")
    flag, value = ("invalid_input", "flag"), ("invalid_input", "value")
    error = land.orch.refuse(*flag, "queue", "add", "--all")
    assert error["hint"] == "orch queue add --run RUN --all"
    land.orch.refuse(*value, "queue", "add", "r/a", "--target", "")
    planned = land.orch.quick("queue", "add", "r/a", "--dry-run").lines
    land.orch.ok(*planned[-1].removeprefix("next: orch ").split())
    for verb in ("hold", "release"):
        land.orch.refuse(*flag, "queue", verb, "ent_1", "--target", INTEGRATION)
        error = land.orch.refuse("not_found", "entry", "queue", verb, "--target", "nowhere")
        assert error["message"] == "no queue for nowhere"
    assert land.orch.ok("queue", "run", "--dry-run")["plans"][0]["why"] == [
        {"entry_id": "ent_1", "why": "waits for approval: 1 human"}
    ]


def test_work_whose_branch_moved_says_how_it_lands(land: Landing) -> None:
    sent = land.work("a")
    land.queue("a")
    land.lead.commit(sent, "more", "x\n")
    land.try_run()
    shown = land.show("ent_1")
    assert shown["entry"]["status"] == "superseded"
    assert shown["next_command"] == f"orch queue add r/a --target {INTEGRATION}"
    error = land.orch.refuse(
        "invalid_state", "superseded", *shown["next_command"].split()[1:]
    )  # It says what to do about the branch first.
    assert "git branch -f" in error["hint"]
