"""task add, show, list, edit; dep add, rm, list; how a task is named."""

import hashlib
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_a_task_has_its_defaults(lead: Lead) -> None:
    task = lead.do("task", "add", "--task", "a")["task"]
    assert (task["status"], task["title"], task["summary"]) == ("ready", "a", "")
    assert (task["priority"], task["risk"], task["max_attempts"]) == ("normal", "low", 3)
    for name in ("default_to", "execution_mode", "acceptance", "check_profile", "gate",
                 "latest_attempt_no", "not_before", "reason"):  # fmt: skip
        assert task[name] is None, name
    for name in ("depends_on", "locks", "required_checks", "allowed_paths", "blocked_paths"):
        assert task[name] == [], name
    assert task["metadata_json"] == {}
    empty = dict.fromkeys(("spec_file", "path", "sha256", "content", "check_profile"))
    lists = {name: [] for name in ("required_checks", "allowed_paths", "blocked_paths")}
    assert task["spec"] == {**empty, **lists, "metadata": {}}


def test_a_task_keeps_every_flag(lead: Lead) -> None:
    (lead.home / "spec.md").write_text("# Spec\nexactly\n")
    lead.task("first")
    task = lead.do(
        "task", "add", "--task", "a", "--title", "T", "--summary", "S", "--default-to", "@pool",
        "--priority", "high", "--acceptance-json", '["x",{"y":1}]',
        "--spec-file", str(lead.home / "spec.md"), "--check-profile", "mine",
        "--required-check", "unit", "--required-check", "unit", "--required-check", "lint",
        "--allowed-path", "src/**", "--blocked-path", "src/gen", "--metadata-json", '{"k":"v"}',
        "--lock", "db", "--lock", "api", "--max-attempts", "5", "--risk", "high",
        "--execution-mode", "code", "--depends-on", "first",
    )["task"]  # fmt: skip
    assert (task["title"], task["summary"], task["default_to"]) == ("T", "S", "@pool")
    assert (task["priority"], task["risk"], task["max_attempts"]) == ("high", "high", 5)
    assert task["acceptance"] == ["x", {"y": 1}]
    assert task["spec"] == {
        "path": str(lead.home / "spec.md"),
        "sha256": hashlib.sha256(b"# Spec\nexactly\n").hexdigest(),
        "content": "# Spec\nexactly\n",
        "spec_file": str(lead.home / "spec.md"), "check_profile": "mine",
        "required_checks": ["unit", "lint"], "allowed_paths": ["src/**"],
        "blocked_paths": ["src/gen"], "metadata": {"k": "v"},
    }  # fmt: skip
    assert (task["check_profile"], task["required_checks"]) == ("mine", ["unit", "lint"])
    assert (task["allowed_paths"], task["blocked_paths"]) == (["src/**"], ["src/gen"])
    assert (task["metadata_json"], task["locks"]) == ({"k": "v"}, ["api", "db"])
    assert (task["execution_mode"], task["depends_on"]) == ("code", ["first"])
    assert task["status"] == "planned"
    assert task["gate"]["status"] == "pending"
    assert [c["check"] for c in task["gate"]["checks"]] == ["unit", "lint"]


def test_a_spec_is_copied_when_the_task_is_added(lead: Lead) -> None:
    spec = lead.home / "spec.md"
    spec.write_text("old\n")
    lead.task("a", "--spec-file", str(spec))
    spec.write_text("new\n")
    sent = lead.dispatch("a", mode="analysis")
    assert sent["task"]["spec"]["content"] == "old\n"
    assert "old\n" in sent["message"]["body"]


REFUSED = [
    ("invalid_state", "duplicate", ("--task", "there")),
    ("not_found", "task", ("--task", "n", "--depends-on", "nothing")),
    ("invalid_state", "cycle", ("--task", "n", "--depends-on", "n")),
    ("invalid_input", "file", ("--task", "n", "--spec-file", "nowhere.md")),
    ("invalid_input", "json", ("--task", "n", "--acceptance-json", "{")),
    ("invalid_input", "json", ("--task", "n", "--metadata-json", "[1]")),
    ("invalid_input", "json", ("--task", "n", "--metadata-json", '{"a":1,"a":2}')),
    ("invalid_input", "value", ("--task", "n", "--priority", "urgent")),
    ("invalid_input", "value", ("--task", "n", "--risk", "none")),
    ("invalid_input", "value", ("--task", "n", "--execution-mode", "write")),
    ("invalid_input", "value", ("--task", "n", "--max-attempts", "-1")),
    ("invalid_input", "value", ("--task", "../n")),
    ("invalid_input", "value", ("--task", "n", "--allowed-path", "/etc")),
    ("invalid_input", "value", ("--task", "n", "--allowed-path", "a/../../b")),
    ("invalid_input", "flag", ()),
]


def test_add_refuses_and_writes_nothing(lead: Lead) -> None:
    lead.task("there")
    before = lead.events()
    for code, reason, flags in REFUSED:
        lead.refuse(code, reason, "task", "add", *flags)
    assert lead.events() == before
    assert [t["task_id"] for t in lead.do("task", "list")["tasks"]] == ["there"]


def test_list_is_in_order_and_filters_by_status(lead: Lead) -> None:
    for name in ("z", "a", "m"):
        lead.task(name)
    lead.do("cancel", "--task", "a")
    assert [t["task_id"] for t in lead.do("task", "list")["tasks"]] == ["z", "a", "m"]
    found = lead.do("task", "list", "--status", "cancelled,done")["tasks"]
    assert [t["task_id"] for t in found] == ["a"]
    assert lead.do("task", "list", "--status", "failed")["tasks"] == []
    lead.refuse("invalid_input", "value", "task", "list", "--status", "open")


def test_edit_changes_what_is_given_and_nothing_else(lead: Lead) -> None:
    old = lead.task("a", "--title", "T", "--summary", "S", "--lock", "x", "--allowed-path", "src")
    new = lead.do("task", "edit", "--task", "a", "--priority", "low", "--lock", "y")["task"]
    assert (new["priority"], new["locks"]) == ("low", ["y"])
    for name in set(old) - {"priority", "locks", "updated_at"}:
        assert new[name] == old[name], name
    assert [e["payload"] for e in lead.events("task_edited")] == [{"changed": ["priority"]}]


def test_edit_refuses_a_task_at_work_and_one_that_is_over(lead: Lead) -> None:
    lead.task("a")
    lead.refuse("invalid_input", "flag", "task", "edit", "--task", "a")
    sent = lead.dispatch("a", mode="analysis")
    lead.refuse("invalid_state", "transition", "task", "edit", "--task", "a", "--title", "t")
    lead.claim(sent)
    lead.fail(sent)
    lead.do("reconcile")
    lead.do("task", "edit", "--task", "a", "--title", "failed ones may change")
    lead.do("cancel", "--task", "a")
    lead.refuse("invalid_state", "terminal", "task", "edit", "--task", "a", "--title", "t")


def test_show_lists_every_attempt(lead: Lead) -> None:
    lead.task("a")
    assert lead.do("task", "show", "--task", "a")["attempts"] == []
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.fail(sent)
    lead.do("retry", "--task", "a")
    shown = lead.do("task", "show", "--task", "a")
    assert [a["attempt_no"] for a in shown["attempts"]] == [1, 2]
    assert shown["task"]["latest_attempt_no"] == 2
    assert "attempt 1 failed by w1" in lead.orch.say("task", "show", "r/a")


def test_dependencies_move_a_task_between_planned_and_ready(lead: Lead) -> None:
    lead.task("a")
    lead.task("b")
    planned = lead.do("dep", "add", "--task", "b", "--depends-on", "a")["task"]
    assert (planned["status"], planned["depends_on"]) == ("planned", ["a"])
    again = lead.do("dep", "add", "--task", "b", "--depends-on", "a")
    assert again["event_id"] == 0, "there already: nothing to tell"
    listed = lead.do("dep", "list", "--task", "a")
    assert listed["dependents"] == [{"task_id": "b", "status": "planned"}]
    listed = lead.do("dep", "list", "--task", "b")
    assert listed["depends_on"] == [{"task_id": "a", "status": "ready"}]
    free = lead.do("dep", "rm", "--task", "b", "--depends-on", "a")["task"]
    assert (free["status"], free["depends_on"]) == ("ready", [])
    assert [e["task_id"] for e in lead.events("task_ready")] == ["b"]
    lead.refuse("not_found", "dependency", "dep", "rm", "--task", "b", "--depends-on", "a")
    lead.refuse("invalid_input", "flag", "dep", "add", "--task", "b")


def test_a_cycle_is_refused_by_its_names_and_nothing_is_written(lead: Lead) -> None:
    for name, waits in (("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ("c",))):
        lead.task(name, *(w for n in waits for w in ("--depends-on", n)))
    lead.task("free")
    before = lead.events()
    words = ("dep", "add", "--task", "a", "--depends-on", "free", "--depends-on", "d")
    error = lead.refuse("invalid_state", "cycle", *words)
    assert error["details"]["cycle"] == ["a", "d", "c", "b", "a"]
    assert "a -> d -> c -> b -> a" in error["message"]
    assert lead.events() == before, "the first of the two edges is not there either"
    assert lead.do("task", "show", "--task", "a")["task"]["depends_on"] == []
    error = lead.refuse("invalid_state", "cycle", "dep", "add", "--task", "a", "--depends-on", "a")
    assert error["details"]["cycle"] == ["a", "a"]


def test_only_a_done_prerequisite_counts(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a", mode="analysis")
    lead.refuse("invalid_state", "transition", "dep", "add", "--task", "a", "--depends-on", "b")
    lead.claim(sent)
    lead.fail(sent)
    lead.do("reconcile")
    assert lead.status_of("b") == "planned"
    sent = lead.do("retry", "--task", "a")
    lead.claim(sent)
    lead.done(sent)
    lead.do("reconcile")
    assert lead.status_of("b") == "ready"
    assert lead.task("c", "--depends-on", "a")["status"] == "ready"
    assert lead.do("dep", "add", "--task", "c", "--depends-on", "a")["task"]["status"] == "ready"


def test_a_task_is_named_in_three_ways(lead: Lead) -> None:
    lead.task("one")
    lead.run(run="x")
    lead.task("two", run="x")
    ways = (("--run", "r", "--task", "one"), ("r/one",), ("--task", "r/one"), ("one",),
            ("--run", "r", "one"), ("--run", "r", "--task", "r/one"))  # fmt: skip
    for way in ways:
        assert lead.orch.ok("task", "show", *way)["task"]["task_id"] == "one", way
    lead.task("two")
    error = lead.orch.refuse("invalid_input", "flag", "task", "show", "two")
    assert error["hint"] == "say which: r/two or x/two"
    lead.do("run", "close", "--force", run="x")
    assert lead.orch.ok("task", "show", "two")["task"]["run_id"] == "r", "open runs only"
    lead.orch.refuse("invalid_input", "flag", "task", "show", "--run", "x", "r/two")
    lead.orch.refuse("invalid_input", "flag", "task", "show", "one", "--task", "one")
    lead.orch.refuse("invalid_input", "flag", "task", "show")
    lead.orch.refuse("not_found", "task", "task", "show", "nothing")
    error = lead.orch.refuse("not_found", "task", "task", "show", "r/onne")
    assert error["hint"] == "did you mean one?"
    lead.orch.refuse("not_found", "run", "task", "show", "q/one")


def test_a_task_says_what_kind_of_work_it_is(lead: Lead) -> None:
    assert lead.task("a", "--kind", "bugfix")["kind"] == "bugfix"
    assert lead.task("b")["kind"] is None
    lead.refuse("invalid_input", "value", "task", "add", "--task", "c", "--kind", "epic")
    assert lead.do("task", "edit", "--task", "b", "--kind", "docs")["task"]["kind"] == "docs"
    assert "docs, priority normal" in lead.orch.say("task", "show", "r/b")
    plan = lead.top / "kinds.yaml"
    plan.write_text("[{id: b}, {id: c, kind: test}]\n")
    lead.do("plan", "apply", str(plan))
    assert [t["kind"] for t in lead.do("task", "list")["tasks"]] == ["bugfix", None, "test"]
    assert "kind: bugfix" in lead.orch.ok("plan", "export", "--run", "r")["text"]
    plan.write_text("id: c\nkind: epic\n")
    lead.refuse("invalid_input", "schema", "plan", "apply", str(plan))
