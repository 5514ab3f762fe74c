"""queue add, list, show, run, approve: from finished work to a target, and what is refused."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def land(lead: Lead) -> Landing:
    return Landing(lead)


def test_from_done_to_verified_on_the_integration_branch(land: Landing) -> None:
    land.lead.config(check("unit", "test -f README"))
    sent = land.work("a", None, "--required-check", "unit")
    (entry,) = land.add("a")
    assert (entry["status"], entry["target"], entry["attempt_no"]) == ("queued", INTEGRATION, 1)
    assert entry["changed_paths"] == ["a.txt"]
    head = land.repo.git("rev-parse", "HEAD", cwd=worktree(sent))
    assert entry["head_commit"] == head

    waits = land.try_run("--once").error
    assert (waits["code"], waits["reason"]) == ("refused", "approval_required")
    assert "orch queue approve ent_1" in waits["hint"]
    assert land.entry("r/a")["status"] == "awaiting_approval"
    assert INTEGRATION not in land.repo.refs(), "nothing landed, so nothing was made"

    given = land.orch.ok("approve", "r/a", "--as", "ana", "--note", "read it")
    assert (given["verdict"]["kind"], given["verdict"]["given_by"]) == ("human", "ana")
    done = land.run("--once")
    (landed,) = done["landed"]
    assert (landed["status"], landed["landed_on"]) == ("verified", INTEGRATION)
    assert landed["landed_commit"] == land.at()
    land.landed_was_tested()
    parents = land.repo.git("log", "-1", "--format=%P", INTEGRATION).split()
    assert parents[1] == head, "a merge of the head, on top of where the target was"
    told = [e["event_type"] for e in land.lead.events() if e["event_type"].startswith("entry_")]
    assert told[0] == "entry_queued"
    assert told[-3:] == ["entry_landing", "entry_landed", "entry_verified"]
    (task,) = land.lead.do("status")["tasks"]
    assert task["integration"]["status"] == "verified"
    assert task["integration"]["landed_commit"] == land.at()
    assert land.lead.doctor() == []
    assert land.repo.git("status", "--porcelain") == ""
    land.orch.refuse("no_matching_work", "empty", "queue", "run", "--run", "r")


def test_an_attempts_own_green_run_counts_for_the_same_tree(land: Landing) -> None:
    counter = land.lead.home / "ran"
    land.lead.config(check("unit", f"echo x >> {counter}"))
    land.work("a", None, "--required-check", "unit")
    land.queue("a")
    done = land.run()
    assert (done["trials"], land.runs_of("ran")) == (0, ["x"])
    (trial,) = land.show("a")["trials"]
    assert [c["source"] for c in trial["checks"]] == ["cache"]


def test_what_is_not_finished_or_not_code_is_refused(land: Landing) -> None:
    land.lead.task("a")
    land.orch.refuse("invalid_state", "transition", "queue", "add", "r/a")
    land.orch.refuse("not_found", "task", "queue", "add", "r/nope")
    land.orch.refuse("not_found", "run", "queue", "add", "nope/a")
    land.orch.refuse("not_found", "entry", "queue", "show", "ent_7")
    land.orch.refuse("not_found", "entry", "queue", "show", "r/a")
    land.orch.refuse("invalid_input", "flag", "queue", "add")
    land.orch.refuse("no_matching_work", "empty", "queue", "add", "--run", "r", "--all")
    sent = land.lead.dispatch("a", mode="analysis")
    land.lead.claim(sent)
    land.lead.done(sent)
    land.lead.do("reconcile")
    land.orch.refuse("invalid_state", "unsupported", "queue", "add", "r/a")
    assert land.orch.ok("queue", "list")["entries"] == []


def test_uncommitted_work_and_a_moved_head_are_refused(land: Landing) -> None:
    land.lead.task("a")
    sent = land.lead.dispatch("a")
    land.lead.claim(sent)
    land.lead.commit(sent)
    (worktree(sent) / "more.txt").write_text("more\n")
    land.lead.done(sent)
    land.lead.do("reconcile")
    error = land.orch.refuse("refused", "work_at_risk", "queue", "add", "r/a")
    assert "git -C" in error["hint"]
    land.repo.git("add", "-A", cwd=worktree(sent))
    land.repo.git("commit", "-qm", "rest", cwd=worktree(sent))
    land.lead.do("reconcile")
    land.lead.commit(sent, "late.txt", "late\n")
    error = land.orch.refuse("invalid_state", "superseded", "queue", "add", "r/a")
    assert "attempt-1" in error["hint"]


def test_a_head_that_moves_while_it_waits_supersedes_the_entry(land: Landing) -> None:
    sent = land.work("a")
    land.queue("a")
    land.lead.commit(sent, "late.txt", "late\n")
    land.try_run()
    entry = land.entry("ent_1")
    assert entry["status"] == "superseded"
    assert "moved" in entry["reason"]
    assert f"refs/heads/{INTEGRATION}" not in land.repo.refs()


def test_a_branch_that_is_deleted_while_it_waits_loses_nothing(land: Landing) -> None:
    sent = land.work("a")
    head = land.queue("a")[0]["head_commit"]
    assert land.repo.refs()[f"refs/orch/queue/1-{head}"] == head
    land.lead.do("cleanup", "--task", "a")
    land.repo.git("update-ref", "-d", f"refs/heads/{sent['attempt']['branch_name']}")
    land.repo.git("reflog", "expire", "--expire=now", "--all")
    land.repo.git("gc", "-q", "--prune=now")
    assert len(land.run()["landed"]) == 1
    assert land.files() == {"a.txt": "a"}
    assert f"refs/orch/queue/1-{head}" not in land.repo.refs(), "the target holds it now"


def test_the_target_is_what_is_named_else_the_runs(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
    (entry,) = land.add("a", flags=("--target", "release"))
    assert entry["target"] == "release"
    land.orch.refuse("invalid_input", "value", "queue", "add", "r/b", "--target", "a..b")
    land.orch.refuse("invalid_input", "value", "queue", "add", "r/b", "--target", "refs/tags/v1")
    (other,) = land.add("b")
    assert other["target"] == INTEGRATION
    land.approve("ent_1", "ent_2")
    land.run()
    assert land.files("release") == {"a.txt": "a"}
    assert land.files() == {"b.txt": "b"}


@pytest.mark.parametrize(("strategy", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_strategies(land: Landing, strategy: str, parents: int) -> None:
    land.work("a", {"a.txt": "1\n", "b.txt": "2\n"})
    land.repo.commit("other.txt", "moved on\n")
    land.add("a", flags=("--strategy", strategy))
    land.approve("a")
    land.run()
    assert len(land.repo.git("log", "-1", "--format=%P", INTEGRATION).split()) == parents
    assert land.files() == {"a.txt": "1", "b.txt": "2", "other.txt": "moved on"}
    assert land.entry("a")["status"] == "verified"


@pytest.mark.parametrize("strategy", ["squash", "rebase"])
def test_work_on_top_of_work_that_did_not_land_is_found_where_it_landed(
    land: Landing, strategy: str
) -> None:
    lines = [f"line {number}\n" for number in range(12)]
    target = land.repo.commit("list.txt", "".join(lines))
    lines[0] = "not landed\n"
    below = land.repo.commit("list.txt", "".join(lines))
    land.repo.git("branch", "release", target)
    land.lead.task("a")
    lines[9] = "work\n"
    land.finish("a", {"list.txt": "".join(lines)}, "--base-ref", below)
    (entry,) = land.add("a", flags=("--target", "release", "--strategy", strategy))
    land.approve(entry["entry_id"])
    land.run()
    assert land.entry("a")["status"] == "verified"
    assert land.files("release")["list.txt"].count("not landed") == 0


def test_a_key_is_answered_once(land: Landing) -> None:
    land.work("a")
    first = land.orch.ok("queue", "add", "r/a", "--key", "k")
    again = land.orch.ok("queue", "add", "r/a", "--key", "k")
    assert again == first | {"replayed": True}
    land.orch.refuse("invalid_state", "duplicate", "queue", "add", "r/a")
    held = land.orch.ok("queue", "hold", "ent_1", "--key", "h")
    assert land.orch.ok("queue", "hold", "ent_1", "--key", "h") == held | {"replayed": True}
    yes = land.orch.ok("queue", "approve", "ent_1", "--as", "ana", "--key", "y")
    assert land.orch.ok("queue", "approve", "ent_1", "--as", "ana", "--key", "y")["replayed"]
    assert len(land.lead.events("approval_given")) == 1
    assert yes["entry"]["status"] == "held"


def test_all_finished_work_of_a_run_is_queued_with_one_command(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
    land.lead.task("c")
    planned = land.orch.ok("queue", "add", "--run", "r", "--all", "--dry-run")
    assert [p["task_id"] for p in planned["planned"]] == ["a", "b"]
    assert land.statuses() == {}
    done = land.orch.ok("queue", "add", "--run", "r", "--all")
    assert [e["task_id"] for e in done["entries"]] == ["a", "b"]
    land.orch.refuse("no_matching_work", "empty", "queue", "add", "--run", "r", "--all")
    land.orch.ok("queue", "cancel", "ent_1", "--reason", "not now")
    land.finish("c", {"c.txt": "c\n"})
    done = land.orch.ok("queue", "add", "--run", "r", "--all")
    assert [e["task_id"] for e in done["entries"]] == ["c"]
    (left_out,) = done["skipped"]
    assert left_out["task_id"] == "a"
    assert left_out["error"]["message"] == "ent_1 was taken out: not now"
    assert left_out["error"]["hint"].endswith("orch queue add r/a")
    assert land.add("a")[0]["status"] == "queued"


def test_dependencies_land_first_and_are_waited_for(land: Landing) -> None:
    land.work("a")
    land.lead.task("b", "--depends-on", "a")
    land.finish("b", {"b.txt": "b\n"})
    land.queue("b")
    error = land.try_run().error
    assert (error["code"], error["reason"]) == ("invalid_state", "not_ready")
    assert "orch queue add r/a" in str(error), error
    land.queue("a")
    landed = land.run()["landed"]
    assert [e["task_id"] for e in landed] == ["a", "b"]


def test_plain_output_ends_with_the_next_command(land: Landing) -> None:
    land.work("a")
    said = land.orch.quick("queue", "add", "r/a").lines
    assert said == [
        f"queued ent_1: r/a for {INTEGRATION}",
        "next: orch queue run --run r",
    ]
    land.try_run()
    assert land.orch.quick("queue", "show", "a").lines[-1] == (
        "next: orch queue approve ent_1 --as NAME"
    )
    land.approve("a")
    said = land.orch.quick("queue", "run").lines
    assert said[0].startswith("landed ent_1: r/a on ")
    assert said[-1] == "next: orch integrate --run r"
    assert land.orch.quick("status", "--run", "r").lines[-1] == "next: orch integrate --run r"
    land.orch.ok("integrate", "--run", "r", "--into", "main")
    assert land.orch.quick("status", "--run", "r").lines[-1] == "next: orch run close --run r"
    assert land.orch.quick("queue", "list", "--run", "r").lines[-1] == "next: orch status --run r"


def test_what_landed_on_a_users_branch_is_cleaned_up_next(land: Landing) -> None:
    land.work("a")
    land.queue_for("main", "a")
    assert land.orch.quick("queue", "run").lines[-1] == (
        "next: orch cleanup --run r --all-completed"
    )


def test_what_is_over_has_no_place_in_the_order(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
    land.queue("a", "b")
    land.orch.ok("queue", "cancel", "ent_2")
    land.run()
    for entry in land.orch.ok("queue", "list", "--run", "r")["entries"]:
        assert (entry["position"], entry["waits_for"]) == (None, None), entry


def test_heads_are_kept_under_names_that_no_other_store_uses(land: Landing) -> None:
    land.work("a")
    others = f"refs/orch/queue/1-{land.at('main')}"
    land.repo.git("update-ref", others, land.at("main"))
    planted = f"refs/orch/queue/{'9' * 30}-{land.at('main')}"
    land.repo.git("update-ref", planted, land.at("main"))
    land.queue("a")
    land.run()
    kept = [ref for ref in land.repo.refs() if ref.startswith("refs/orch/queue/")]
    assert kept == [others, planted]


def test_cleanup_follows_what_landed_though_its_branch_is_gone(land: Landing) -> None:
    land.lead.config(check("c", "true") + '[queue]\nchecks = ["c"]\n')
    sent = land.work("a")
    land.repo.git("worktree", "remove", str(worktree(sent)))
    land.repo.git("branch", "-D", sent["attempt"]["branch_name"])
    land.queue("a")
    land.run()
    slots = [tree for tree in land.repo.git("worktree", "list").split("\n") if "_queue" in tree]
    assert len(slots) == 1, "the queue tested in a place of its own"
    done = land.orch.ok("cleanup", "--run", "r", "--all-completed")
    assert [c["proof"] for c in done["cleaned"]] == ["ancestor"]
    assert done["queue_slots"] == 1
    assert len(land.repo.git("worktree", "list").split("\n")) == 1
    assert land.lead.doctor() == []
