"""run init, show, list, close; and the run's status, which follows from its tasks."""

import json
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Cli
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_init_opens_a_run_with_its_defaults(lead: Lead) -> None:
    run = lead.run(run="one")
    assert run["status"] == "empty"
    assert (run["leader"], run["ownership"], run["target"]) == ("leader", "warn", "")
    assert (run["repo_path"], run["base_ref"], run["closed_at"]) == ("", "", None)
    assert run["counts"] == {**dict.fromkeys(run["counts"], 0)}
    assert lead.do("run", "show", run="one")["run"] == {
        **run,
        "end": "open",
        "driver_pid": None,
        "paused": False,
    }


def test_init_keeps_every_flag(lead: Lead) -> None:
    flags = ("--summary", "s", "--leader", "boss", "--repo-path", ".", "--base-ref", "main")
    run = lead.run(*flags, "--target", "release", "--ownership", "enforce", run="two")
    assert (run["summary"], run["leader"], run["base_ref"]) == ("s", "boss", "main")
    assert (run["target"], run["ownership"]) == ("release", "enforce")
    assert run["repo_path"] == str(lead.top)
    sent = lead.orch.ok("task", "add", "--run", "two", "--task", "a", "--default-to", "w1")
    sent = lead.dispatch("a", mode="analysis", run="two")
    assert sent["thread"]["created_by"] == "boss"
    assert sent["message"]["from_agent"] == "boss"


def test_the_same_id_again_is_refused(lead: Lead) -> None:
    error = lead.refuse("invalid_state", "duplicate", "run", "init", "--goal", "g")
    assert "already exists" in error["message"]


def test_ids_that_would_share_branch_names_are_refused_by_name(lead: Lead) -> None:
    lead.run(run="a_b-c")
    for name in ("a-b-c", "a_b_c", "a-b_c"):
        error = lead.refuse("invalid_state", "duplicate", "run", "init", "--goal", "g", run=name)
        assert "run a_b-c has the branch names" in error["message"]
    lead.run(run="a_bc")


def test_init_refuses_and_opens_nothing(lead: Lead) -> None:
    refusals = (
        ("invalid_input", "flag", ()),
        ("invalid_input", "value", ("--goal", "  ")),
        ("invalid_input", "value", ("--goal", "g", "--ownership", "strict")),
        ("not_found", "repository", ("--goal", "g", "--repo-path", "nowhere")),
    )
    for code, reason, flags in refusals:
        lead.refuse(code, reason, "run", "init", *flags, run="new")
    for name in ("-x", "a/b", "a..b", "x.lock", "", "é", "a" * 65):
        lead.orch.refuse("invalid_input", "value", "run", "init", f"--run={name}", "--goal", "g")
    assert [r["run_id"] for r in lead.orch.ok("run", "list")["runs"]] == ["r"]


def test_init_makes_a_missing_store_and_other_commands_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    cli = Cli(folder, program="orch", home=tmp_path)
    for words in (("run", "list"), ("ready", "--run", "r"), ("status", "--run", "r")):
        cli.refuse("not_found", "store", *words)
    assert not (folder / ".orch").exists()
    cli.ok("run", "init", "--run", "r", "--goal", "g")
    assert (folder / ".orch" / ".gitignore").read_text() == "*\n"
    assert [r["run_id"] for r in cli.ok("run", "list")["runs"]] == ["r"]


def test_list_is_newest_first(lead: Lead) -> None:
    lead.run(run="z")
    lead.run(run="a")
    assert [r["run_id"] for r in lead.orch.ok("run", "list")["runs"]] == ["a", "z", "r"]


def test_plain_answers_begin_with_the_status(lead: Lead) -> None:
    assert lead.orch.say("run", "show", "--run", "r").splitlines()[0] == "run r status empty"
    assert lead.orch.say("run", "close", "--run", "r").splitlines()[0] == "run r status empty"


def test_a_typo_is_answered_with_the_near_name(lead: Lead) -> None:
    lead.run(run="guide-1")
    error = lead.refuse("not_found", "run", "status", run="guide-2")
    assert error["hint"] == "did you mean guide-1?"


def test_status_is_the_first_that_holds(lead: Lead) -> None:
    """Every row of the table, reached by real work."""

    def status() -> str:
        return lead.do("status")["run"]["status"]

    assert status() == "empty"
    for task in ("a", "b", "c", "d"):
        lead.task(task)
    lead.task("e", "--depends-on", "d")
    assert status() == "ready"
    one = lead.dispatch("a", mode="analysis")
    assert status() == "running"
    two = lead.dispatch("b", mode="analysis")
    lead.claim(one)
    lead.claim(two)
    lead.ask(two)
    assert status() == "blocked", "one blocked outweighs one running"
    lead.go_on(two)
    lead.fail(two)
    assert status() == "running", "failed does not outweigh running"
    lead.done(one)
    assert status() == "ready", "ready outweighs failed"
    lead.do("cancel", "--task", "c")
    lead.do("cancel", "--task", "d")
    assert status() == "failed", "failed outweighs what waits behind a cancelled one"
    lead.do("cancel", "--task", "b")
    found = lead.do("status")["run"]
    assert found["status"] == "blocked", "planned behind a cancelled one counts as blocked"
    assert found["counts"]["planned"] == 1
    assert found["counts"]["done"] == 1
    assert found["counts"]["cancelled"] == 3
    assert found["counts"]["total"] == 5
    lead.do("cancel", "--task", "e")
    assert status() == "done", "done and cancelled together are done"
    lead.run(run="x")
    lead.task("a", run="x")
    lead.do("cancel", run="x")
    assert lead.do("status", run="x")["run"]["status"] == "cancelled"
    assert lead.doctor() == []


def test_verifying_counts_as_running(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    found = lead.do("status")["run"]
    assert (found["status"], found["counts"]["verifying"]) == ("running", 1)


def test_a_closed_run_refuses_every_change_and_can_be_read(lead: Lead) -> None:
    lead.task("a", "--lock", "one")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    closed = lead.do("run", "close")["run"]
    assert closed["closed_at"] is not None
    changes = (
        ("run", "close"),
        ("task", "add", "--task", "b"),
        ("task", "edit", "--task", "a", "--title", "t"),
        ("dep", "add", "--task", "a", "--depends-on", "a"),
        ("dep", "rm", "--task", "a", "--depends-on", "a"),
        ("dispatch", "--task", "a"),
        ("dispatch", "--ready"),
        ("answer", "--task", "a", "--body", "b"),
        ("retry", "--task", "a"),
        ("reassign", "--task", "a", "--to", "w2"),
        ("cancel", "--task", "a"),
        ("cancel",),
        ("adopt", "--task", "a"),
        ("verify", "run", "--task", "a"),
        ("verify", "record", "--task", "a", "--check", "c", "--status", "passed"),
        ("repo", "accept"),
    )
    before = len(lead.events())
    for words in changes:
        error = lead.refuse("invalid_state", "closed", *words)
        assert error["message"] == "run r is closed", words
    reads = (
        ("run", "show"), ("task", "list"), ("ready",), ("reconcile",), ("blocked",), ("status",),
        ("events",), ("task", "show", "--task", "a"), ("trace", "--task", "a"),
        ("verify", "status", "--task", "a"),
    )  # fmt: skip
    for words in reads:
        lead.do(*words)
    assert len(lead.events()) == before


def test_a_closed_run_holds_no_lock(lead: Lead) -> None:
    lead.task("a", "--lock", "one")
    lead.dispatch("a", mode="analysis")
    lead.run(run="x")
    lead.task("b", "--lock", "one", run="x")
    lead.refuse("invalid_state", "not_ready", "dispatch", "--task", "b", run="x")
    lead.do("run", "close")
    lead.dispatch("b", mode="analysis", run="x")
    assert lead.doctor() == []


def test_what_is_next_in_a_long_run_is_told_by_all_of_its_tasks(lead: Lead, tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(220)]
    pairs = zip(["", *names[:-1]], names, strict=True)
    chain = [{"id": name, "depends_on": [on] if on else []} for on, name in pairs]
    (tmp_path / "plan.json").write_text(json.dumps({"tasks": chain}))
    lead.do("plan", "apply", str(tmp_path / "plan.json"))
    lead.do("cancel", "--task", "t0", "--reason", "not now")
    lead.task("late", "--default-to", "w1")
    answer = lead.orch.quick("--json", "status", "--run", "r")
    assert [task["task_id"] for task in answer.data["tasks"]] == [*names, "late"]
    told = [step["command"] for step in answer.json["next"]]
    assert told == lead.orch.quick("status", "--run", "r").steps
    assert told[0].startswith("orch dispatch r/late"), "of 221 tasks only the last one is ready"
