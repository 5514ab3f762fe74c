"""Batches, failures, flakes, a red target, checks that cannot run, conflicts and rework."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import until
from tests.support.queues import INTEGRATION, Landing, check
from tests.torture import runner


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def on_the_queue(script: str, more: str = "", queue: str = "") -> str:
    """Return an orch.toml whose check `unit` every entry must pass."""
    return check("unit", script, more) + f'[queue]\nchecks = ["unit"]\n{queue}'


def four(land: Landing, bad: int) -> None:
    """Queue a batch of four; the one at position `bad` breaks the check."""
    for number in range(4):
        name = "bad" if number == bad else f"f{number}"
        land.work(f"t{number}", {name: "x\n"})
        land.queue(f"t{number}")


@pytest.mark.layers
@pytest.mark.parametrize("bad", runner.some(range(4)))
def test_a_batch_with_one_bad_entry_lands_the_others(land: Landing, bad: int) -> None:
    counter = land.lead.home / "ran"
    land.lead.config(on_the_queue(f"echo x >> {counter}; ! test -f bad"))
    four(land, bad)
    land.run()
    statuses = land.statuses()
    assert statuses.pop(f"ent_{bad + 1}") in ("failed", "conflict")
    assert set(statuses.values()) == {"verified"}
    land.landed_was_tested()
    entry = land.entry(f"t{bad}")
    assert (entry["failures"], entry["status"]) == (1, "failed")
    assert len(land.runs_of("ran")) <= 4 + 2, "two more than one each: again, and the target"


def test_a_flake_is_recorded_and_blames_nobody(land: Landing) -> None:
    seen = land.lead.home / "seen"
    land.lead.config(on_the_queue(f"test -f {seen} || {{ touch {seen}; exit 1; }}"))
    land.work("a")
    land.queue("a")
    land.run()
    entry = land.entry("a")
    assert (entry["status"], entry["flakes"], entry["failures"]) == ("verified", 1, 0)


def test_a_red_target_holds_the_queue_and_blames_nobody(land: Landing) -> None:
    land.repo.commit("broken", "x\n")
    land.lead.config(on_the_queue("! test -f broken"))
    land.work("a")
    land.queue("a")
    error = land.try_run().error
    assert (error["code"], error["reason"]) == ("invalid_state", "not_ready")
    assert land.entry("a")["failures"] == 0
    assert [e["event_type"] for e in land.lead.events("queue_held")] == ["queue_held"]
    land.repo.git("branch", "-f", INTEGRATION, "HEAD")
    land.repo.git("worktree", "add", "-q", str(land.lead.home / "fix"), INTEGRATION)
    land.repo.git("rm", "-q", "broken", cwd=land.lead.home / "fix")
    land.repo.git("commit", "-qm", "mended", cwd=land.lead.home / "fix")
    land.repo.git("worktree", "remove", str(land.lead.home / "fix"))
    assert len(land.run()["landed"]) == 1
    assert len(land.lead.events("queue_released")) == 1


@pytest.mark.parametrize(
    "script", ["exit 127", "echo 'collected 0 items'; echo 'no tests ran in 0.01s'; exit 5"]
)
def test_a_check_that_cannot_run_is_neither_pass_nor_failure(land: Landing, script: str) -> None:
    land.lead.config(on_the_queue(script))
    land.work("a")
    land.queue("a")
    error = land.try_run().error
    assert (error["code"], error["reason"]) == ("invalid_state", "not_ready")
    entry = land.entry("a")
    assert (entry["status"], entry["errors"], entry["failures"]) == ("error", 1, 0)
    assert entry["not_before"] is not None
    assert INTEGRATION not in land.repo.refs()
    land.lead.config(on_the_queue("true"))
    land.orch.ok("queue", "retry", "ent_1")
    land.approve("ent_1")
    assert len(land.run()["landed"]) == 1


def test_a_run_tells_what_failed_and_what_waits_for_people(land: Landing) -> None:
    land.lead.config(on_the_queue("! test -e BAD"))
    land.work("a", {"BAD": "x"})
    land.work("b")
    land.queue("a")
    land.add("b")
    message = land.try_run().error["message"]
    assert "ent_1 (r/a) is failed" in message
    assert "ent_2 (r/b) needs 1 human" in message


def test_a_failed_entry_shows_what_the_check_said(land: Landing) -> None:
    land.lead.config(on_the_queue("echo the last words; exit 3"))
    land.repo.git("branch", INTEGRATION)
    land.lead.config(on_the_queue("test -f README && ! test -f a.txt || { echo boom; exit 3; }"))
    land.repo.git("branch", "-f", INTEGRATION)
    land.work("a")
    land.queue("a")
    land.try_run()
    shown = land.show("a")
    assert shown["entry"]["status"] == "failed"
    tails = [c["output_tail"] for t in shown["trials"] for c in t["checks"]]
    assert "boom\n" in tails
    assert "boom" in land.orch.quick("queue", "show", "a").out


def conflicting(land: Landing) -> None:
    """Two tasks that change one line; the first one lands."""
    land.repo.commit("list.txt", "one\n")
    land.lead.task("a", "--title", "A first line", "--summary", "Put an a in front.")
    land.lead.task("b", "--title", "B first line", "--summary", "Put a b in front.")
    sent = [land.lead.dispatch(name) for name in ("a", "b")]
    for one, text in zip(sent, ("a one\n", "b one\n"), strict=True):
        land.end(one, {"list.txt": text})
    land.queue("a", "b")
    land.run()


def test_a_conflict_goes_back_to_its_owner_who_knows_both_intents(land: Landing) -> None:
    conflicting(land)
    assert land.statuses() == {"ent_1": "verified", "ent_2": "conflict"}
    assert land.lead.status_of("b") == "dispatched"
    attempt = land.lead.attempts("b")[-1]
    assert (attempt["attempt_no"], attempt["assigned_to"]) == (2, "w1")
    assert attempt["base_commit"] == land.at()
    shown = land.inbox_of(attempt["thread_id"])
    for words in ("list.txt", "A first line", "Put an a in front.", "Put a b in front.",
                  "orch/r/b/attempt-1", "git merge"):  # fmt: skip
        assert words in shown, words
    land.lead.claim({"thread": {"thread_id": attempt["thread_id"]}})
    where = Path(attempt["worktree_path"])
    land.repo.commit("list.txt", "a b one\n", cwd=where)
    land.lead.done({"thread": {"thread_id": attempt["thread_id"]}})
    land.try_run()
    entry = land.entry("b")
    assert (entry["entry_id"], entry["bounces"]) == ("ent_3", 1)
    assert land.entry("ent_2")["status"] == "superseded"
    land.approve("ent_3")
    land.run()
    assert land.files()["list.txt"] == "a b one"
    assert land.lead.doctor() == []


def test_dependents_of_reworked_work_wait_again(land: Landing) -> None:
    land.repo.commit("list.txt", "one\n")
    for name in ("a", "b"):
        land.lead.task(name)
    sent = [land.lead.dispatch(name) for name in ("a", "b")]
    for one, text in zip(sent, ("a\n", "b\n"), strict=True):
        land.end(one, {"list.txt": text})
    land.lead.task("c", "--depends-on", "b")
    assert land.lead.status_of("c") == "ready"
    land.queue("a", "b")
    land.run()
    assert (land.lead.status_of("b"), land.lead.status_of("c")) == ("dispatched", "planned")
    assert land.lead.doctor() == []


def test_without_attempts_left_a_conflict_waits_for_a_person(land: Landing) -> None:
    land.repo.commit("list.txt", "one\n")
    for name in ("a", "b"):
        land.lead.task(name, "--max-attempts", "1")
    sent = [land.lead.dispatch(name) for name in ("a", "b")]
    for one, text in zip(sent, ("a\n", "b\n"), strict=True):
        land.end(one, {"list.txt": text})
    land.queue("a", "b")
    done = land.run()
    assert land.lead.status_of("b") == "done"
    assert "spent" in " ".join(done["problems"])
    shown = land.show("ent_2")
    assert shown["conflict"]["files"] == ["list.txt"]
    again = land.orch.ok("queue", "retry", "ent_2", "--rework", "--body", "Keep both.")
    assert again["attempt"]["attempt_no"] == 2
    assert land.lead.status_of("b") == "dispatched"


def test_lines_of_both_sides_are_kept_only_where_a_path_opted_in(land: Landing) -> None:
    land.repo.commit("CHANGELOG.md", "# Changes\n")
    land.lead.config('[queue]\nunion = ["CHANGELOG.md"]\n')
    for name in ("a", "b"):
        land.lead.task(name)
    sent = [land.lead.dispatch(name) for name in ("a", "b")]
    for one, name in zip(sent, ("a", "b"), strict=True):
        land.end(one, {"CHANGELOG.md": f"# Changes\n- {name}\n"})
    land.queue("a", "b")
    land.try_run()
    if land.entry("b")["status"] == "awaiting_approval":
        land.approve("b", by="ben")
        land.run()
    lines = land.files()["CHANGELOG.md"].split("\n")
    assert sorted(lines) == ["# Changes", "- a", "- b"]
    revert = land.orch.ok("queue", "rollback", "r/a")["revert"]["entry_id"]
    land.approve(revert)
    land.try_run()
    assert land.entry(revert)["status"] == "conflict", "both sides' lines would take nothing back"
    assert land.entry("ent_1")["status"] == "verified"


def test_what_a_check_does_to_the_repository_stops_the_landing(land: Landing) -> None:
    change = f"git -C {land.repo.path} config filter.x.smudge 'touch {land.lead.home}/canary'"
    land.lead.config(on_the_queue(change))
    land.work("a")
    land.queue("a")
    error = land.try_run().error
    assert (error["code"], error["reason"]) == ("refused", "repo_tampered")
    assert "filter.x.smudge" in error["message"]
    assert INTEGRATION not in land.repo.refs()
    land.repo.git("config", "--unset", "filter.x.smudge")
    land.run()
    assert land.entry("a")["status"] == "verified"


def test_two_runners_of_one_queue(land: Landing) -> None:
    go = runs.gate_file(land.lead.home)
    started = land.lead.home / "started"
    land.lead.config(on_the_queue(f"touch {started}; cat {go}"))
    land.work("a")
    land.queue("a")
    with land.orch.start("--json", "queue", "run", "--run", "r") as first:
        until(started.exists, "the check to begin")
        error = land.try_run().error
        assert (error["code"], error["reason"]) == ("lease_conflict", "held")
        assert error["details"]["pid"] == first.pid
        assert land.try_run("--steal").error["reason"] == "held", "it was not silent for long"
        Path(go).write_text("")
        assert first.wait().status == 0
    assert land.entry("a")["status"] == "verified"


def test_the_conflict_of_a_slots_check_never_touches_the_checkout(land: Landing) -> None:
    land.lead.config(on_the_queue("echo scribble > README; touch new.txt"))
    land.work("a")
    land.queue("a")
    land.try_run()
    assert land.entry("a")["status"] == "error", "a tracked file changed while the check ran"
    assert land.repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("name", [".gitignore", "deep/.gitattributes"])
def test_a_pipe_that_a_check_leaves_stops_nothing(land: Landing, name: str) -> None:
    """git would wait for it when the slot is looked at after the check."""
    make = f"mkdir -p deep; test -e {name} || mkfifo {name}; echo {name} > deep/.gitignore"
    land.lead.config(on_the_queue(make))
    for task in ("a", "b"):
        land.work(task)
        land.repo.commit(f"up-{task}.txt", "up\n")
        land.queue(task)
        land.run()
    assert set(land.statuses().values()) == {"verified"}
