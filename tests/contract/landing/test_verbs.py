"""What a leader types about finished work: land, diff, open, lock list, and other tools' names."""

import csv
import io
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import Landing, check
from tests.support.runs import Lead, worktree

OPEN = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def land(lead: Lead) -> Landing:
    lead.config(OPEN)
    return Landing(lead)


def test_land_queues_and_lands_a_task_once(land: Landing) -> None:
    land.work("a")
    first = land.orch.ok("land", "r/a", "--key", "k")
    assert ([e["status"] for e in first["landed"]], first["queued"]) == (["verified"], ["ent_1"])
    assert land.orch.ok("land", "r/a", "--key", "k")["replayed"]
    again = land.orch.ok("land", "r/a")
    assert (again["already"], again["queued"], again["passes"]) == ("ent_1", [], 0)
    assert "ent_1 landed before" in land.orch.say("land", "a")
    assert list(land.statuses()) == ["ent_1"]


def test_land_of_a_run_takes_all_that_is_finished(land: Landing) -> None:
    for task in "ab":
        land.work(task)
    land.add("a")
    land.lead.task("c")
    done = land.orch.ok("land", "r")
    assert ([e["task_id"] for e in done["landed"]], done["queued"]) == (["a", "b"], ["ent_2"])
    assert land.orch.quick("--json", "land", "r").error["code"] == "no_matching_work"


def test_land_says_what_keeps_a_task_from_landing(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    land.orch.refuse("invalid_state", "transition", "land", "r/a")
    land.finish("a", {"a.txt": "a\n"})
    lead.config(OPEN.replace("low = []", 'low = ["human"]'))
    answer = land.orch.quick("--json", "land", "r/a")
    assert (answer.error["reason"], answer.status) == ("approval_required", 90)
    assert answer.json["data"]["queued"] == ["ent_1"], "it waits in the queue"
    land.approve("a")
    assert land.orch.ok("land", "r/a")["landed"][0]["task_id"] == "a"
    land.orch.refuse("not_found", "run", "land", "nowhere/a")
    land.orch.refuse("not_found", "task", "land", "nothing")
    land.orch.refuse("invalid_input", "flag", "land")


def test_land_of_one_task_is_refused_though_another_landed(land: Landing) -> None:
    land.lead.config(OPEN + '[queue]\nchecks = ["no-b"]\n' + check("no-b", "! test -e b.txt"))
    for task in "ab":
        land.work(task)
    land.add("a")
    answer = land.orch.quick("--json", "land", "r/b")
    assert answer.status == 30, answer
    assert [e["task_id"] for e in answer.json["data"]["landed"]] == ["a"]


def test_diff_shows_what_was_changed(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    lead.orch.refuse("invalid_state", "not_ready", "diff", "r/a")
    lead.orch.refuse("no_matching_work", "empty", "diff", "r")
    sent = land.finish("a", {"a.txt": "one\ntwo\n", "b.bin": "x"})
    (found,) = lead.orch.ok("diff", "r/a")["diffs"]
    assert (found["added"], found["removed"], found["head_commit"]) == (
        3, 0, land.repo.git("rev-parse", sent["attempt"]["branch_name"]),
    )  # fmt: skip
    assert "+one\n+two\n" in found["text"] and not found["truncated"]
    assert [f["path"] for f in found["files"]] == ["a.txt", "b.bin"]
    shown = lead.orch.say("diff", "r", "--stat")
    assert "a.txt |     2 ++" in shown and "+one" not in shown and "\x1b" not in shown
    assert "+one" in lead.orch.say("diff", "a")


def test_diff_of_work_under_way_is_what_is_committed_so_far(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    assert lead.orch.ok("diff", "r/a")["diffs"][0]["files"] == []
    assert "where it works: orch open r/a\n" in lead.orch.say("diff", "r/a")
    lead.commit(sent)
    assert [f["path"] for f in lead.orch.ok("diff", "r/a")["diffs"][0]["files"]] == ["a.txt"]


def test_open_names_the_worktree(land: Landing) -> None:
    lead = land.lead
    lead.task("a")
    lead.orch.refuse("invalid_state", "not_ready", "open", "r/a")
    sent = land.finish("a", {"a.txt": "a\n"})
    found = lead.orch.ok("open", "r/a")
    assert (found["path"], found["resume"], found["opened"]) == (str(worktree(sent)), None, False)
    told = lead.orch.quick("--json", "open", "a", env={"ORCH_OPEN": "ls -d"})
    assert told.data["opened"] and str(worktree(sent)) in told.err
    error = lead.orch.quick("--json", "open", "a", env={"ORCH_OPEN": "/nowhere x"}).error
    assert error["code"] == "invalid_input" and str(worktree(sent)) in error["hint"]
    land.orch.ok("land", "a")
    lead.orch.ok("cleanup", "a")
    assert "orch diff r/a" in lead.orch.refuse("not_found", "file", "open", "a")["hint"]


def test_locks_name_their_holder_and_who_waits(land: Landing) -> None:
    lead = land.lead
    assert lead.orch.say("lock", "list").startswith("no open task names a lock")
    lead.task("a", "--lock", "db", "--lock", "ui")
    lead.task("b", "--lock", "db")
    lead.dispatch("a")
    db, ui = lead.do("lock", "list")["locks"]
    assert (db["lock"], db["held_by"]["task_id"], db["held_by"]["assigned_to"]) == (
        "db", "a", "w1",
    )  # fmt: skip
    assert [w["task_id"] for w in db["waiting"]] == ["b"] and ui["waiting"] == []
    assert "db is held by r/a (dispatched by w1" in lead.orch.say("lock", "list")
    lead.refuse("not_found", "run", "lock", "list", run="nowhere")


@pytest.mark.parametrize(
    ("typed", "words"), [("locks", "lock list"), ("list", "run list"), ("tui --once", "top")]
)
def test_another_tools_name_runs(lead: Lead, typed: str, words: str) -> None:
    answer = lead.orch.quick("--json", *typed.split(" "))
    name = typed.partition(" ")[0]
    assert answer.json["command"] == name, "as it was typed"
    assert answer.status == 0 and f"{name} is called {words} here" in answer.err
    own = [*words.split(" "), *typed.split(" ")[1:]]
    assert answer.json["data"].keys() == lead.orch.quick("--json", *own).json["data"].keys()


def test_another_tools_name_is_refused_as_ours_is(lead: Lead) -> None:
    lead.task("a")
    answer = lead.orch.quick("--json", "abort", "r/a", "--reason", "no")
    assert (answer.json["command"], answer.data["cancelled"][0]["task_id"]) == ("abort", "a")
    (lead.top / "plan.yaml").write_text("tasks: [{id: b}]\n")
    assert lead.orch.quick("--json", "validate", "plan.yaml").data["tasks"] == 1
    lead.orch.ok("enqueue", "plan.yaml", "--run", "r")
    refused = lead.orch.quick("--json", "merge", "r/b")
    assert (refused.json["command"], refused.error["code"]) == ("merge", "invalid_state")
    assert lead.orch.quick("--json", "enqueue").error["code"] == "invalid_input"


def test_figures_of_landings(land: Landing) -> None:
    lead = land.lead
    land.work("a", {"same.txt": "a\n"}, "--kind", "feature")
    land.work("b", {"same.txt": "b\n"}, "--kind", "bugfix", "--lock", "x")
    lead.task("c", "--kind", "bugfix", "--lock", "x")
    sent = lead.dispatch("c")
    lead.claim(sent)
    lead.ask(sent)
    lead.do("answer", "--task", "c", "--body", "this")
    lead.go_on(sent)
    lead.commit(sent, "c.txt")
    lead.done(sent)
    land.add("a", "b")
    land.orch.quick("--json", "land", "r")
    found = lead.do("metrics")
    totals, kinds = found["totals"], {one["name"]: one for one in found["by_kind"]}
    assert (totals["tasks_landed"], totals["landed_unattended_share"]) == (2, 0.5)
    assert totals["independent_share"] == round(1 / 3, 4), "b and c share a lock"
    assert totals["conflicts"] == 1 and totals["seconds"]["queued_to_landed"]["count"] == 2
    assert kinds["feature"]["landed_unattended_share"] == 1.0
    assert (kinds["bugfix"]["tasks_landed"], kinds["bugfix"]["conflicts"]) == (1, 1)
    assert totals["seconds"]["redone"]["count"] == 1, "b is done again"
    rows = list(csv.DictReader(io.StringIO(lead.orch.quick(
        "metrics", "--run", "r", "--format", "csv").out, newline="")))  # fmt: skip
    told = {row["task_id"]: (row["kind"], row["landed_unattended"]) for row in rows}
    assert told == {"a": ("feature", "True"), "b": ("bugfix", ""), "c": ("bugfix", "False")}
    text = lead.orch.quick("metrics", "--run", "r", "--format", "prometheus").out
    assert 'orch_kind_landed_unattended_share{kind="feature"} 1.0' in text
