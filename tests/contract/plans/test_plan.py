"""plan check, apply, lint, export, schema: through the real program, on a real store."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import jsonschema
import pytest

from orch.cli import shapes
from tests.support.cli import Cli
from tests.support.repos import Repo, hermetic

PLAN = """\
tasks:
  - id: outline
    title: Write the outline
    priority: 1
    estimate_min: 60
    tags: [docs]
    acceptance: [has five chapters]
    required_checks: [spelling]
    allowed_paths: [docs/outline.md]
  - id: chapters
    description: All of them.
    dependencies: [outline]
    locks: [docs]
    acceptance: reads well
    required_checks: [spelling]
    allowed_paths: [docs/chapters/**]
  - id: index
    depends_on: [outline]
    acceptance: {complete: true}
    execution_mode: analysis
"""


class Planner:
    """`orch` in a directory with a store and the run `r`."""

    def __init__(self, home: Path, store: Path) -> None:
        self.home = home / "work"
        (self.home / ".orch").mkdir(parents=True, mode=0o700)
        self.orch = Cli(self.home, program="orch", home=home).warm
        self.inbox = Cli(self.home, home=home).warm
        shutil.copy(store, self.orch.store)
        self.orch.store.chmod(0o600)
        self.orch.ok("run", "init", "--run", "r", "--goal", "g")

    def write(self, text: str, name: str = "plan.yaml") -> str:
        (self.home / name).write_text(text)
        return name

    def apply(self, text: str, *flags: str) -> dict:
        """Apply a plan to the run; return {task: its change}."""
        return _by_task(self.orch.ok("plan", "apply", self.write(text), "--run", "r", *flags))

    def refused(self, verb: str, text: str, *flags: str) -> list[dict]:
        """Return the problems that a plan is refused with."""
        words = ("plan", verb, self.write(text), *flags)
        return self.orch.refuse("invalid_input", "schema", *words)["details"]["problems"]

    def tasks(self) -> dict[str, dict]:
        return {t["task_id"]: t for t in self.orch.ok("task", "list", "--run", "r")["tasks"]}

    def events(self) -> list[dict]:
        return self.orch.ok("events", "--run", "r")["events"]


def _by_task(data: dict) -> dict[str, dict]:
    return {change["task_id"]: change for change in data["changes"]}


def _kinds(changes: dict[str, dict]) -> dict[str, str]:
    return {task: change["change"] for task, change in changes.items()}


@pytest.fixture
def planner(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Planner:
    hermetic(monkeypatch, tmp_path / "home")
    return Planner(tmp_path, empty_store)


def test_a_plan_becomes_the_tasks_that_task_add_would_make(planner: Planner) -> None:
    assert _kinds(planner.apply(PLAN)) == dict.fromkeys(("outline", "chapters", "index"), "added")
    found = planner.tasks()
    outline = found["outline"]
    assert (outline["title"], outline["priority"], outline["rank"]) == (
        "Write the outline", "high", 1)  # fmt: skip
    assert outline["metadata_json"] == {"tags": ["docs"], "estimate_min": 60}
    assert outline["acceptance"] == ["has five chapters"]
    assert (outline["status"], outline["waiting_chain"]) == ("ready", 1)
    chapters = found["chapters"]
    assert (chapters["title"], chapters["summary"]) == ("chapters", "All of them.")
    assert (chapters["status"], chapters["depends_on"]) == ("planned", ["outline"])
    assert (chapters["locks"], chapters["priority"], chapters["rank"]) == (["docs"], "normal", 3)
    assert found["index"]["execution_mode"] == "analysis"
    added = [event for event in planner.events() if event["event_type"] == "task_added"]
    assert [event["task_id"] for event in added] == ["outline", "chapters", "index"]


def test_dependencies_may_stand_before_what_they_name(planner: Planner) -> None:
    planner.apply("- {id: c, dependencies: [b]}\n- {id: b, dependencies: [a]}\n- id: a\n")
    found = planner.tasks()
    assert {name: task["status"] for name, task in found.items()} == {
        "a": "ready", "b": "planned", "c": "planned"}  # fmt: skip
    assert found["a"]["waiting_chain"] == 2


def test_rank_decides_among_equals(planner: Planner) -> None:
    planner.apply("".join(f"- {{id: p{n}, priority: {n}}}\n" for n in (5, 4, 3, 2, 1)))
    ready = planner.orch.ok("ready", "--run", "r")["tasks"]
    assert [task["task_id"] for task in ready] == ["p1", "p2", "p3", "p4", "p5"]


def test_again_it_changes_nothing(planner: Planner) -> None:
    planner.apply(PLAN)
    before = planner.events()
    data = planner.orch.ok("plan", "apply", "plan.yaml", "--run", "r")
    assert set(_kinds(_by_task(data)).values()) == {"unchanged"}
    assert data["event_id"] == 0
    assert planner.events() == before


def test_dry_run_shows_the_difference_and_writes_nothing(planner: Planner) -> None:
    planner.apply(PLAN)
    before = planner.events()
    changed = PLAN.replace("priority: 1", "priority: 4").replace("locks: [docs]", "locks: [a, b]")
    changes = planner.apply(changed + "  - id: new\n", "--dry-run")
    assert _kinds(changes) == {
        "outline": "updated", "chapters": "updated", "index": "unchanged", "new": "added",
    }  # fmt: skip
    assert changes["outline"]["fields"] == [{"field": "priority", "old": 1, "new": 4}]
    assert changes["chapters"]["fields"] == [{"field": "locks", "old": ["docs"], "new": ["a", "b"]}]
    assert planner.events() == before
    assert planner.orch.ok("plan", "check", "plan.yaml", "--run", "r")["changes"] == [
        changes[name] for name in ("outline", "chapters", "index", "new")
    ]


def test_an_update_says_everything_and_takes_back_what_is_gone(planner: Planner) -> None:
    whole = """\
id: a
title: T
description: S
priority: 2
locks: [l]
tags: [t]
default_to: w
acceptance: x
spec: words
check_profile: none
required_checks: [c]
allowed_paths: [src]
blocked_paths: [src/gen]
metadata: {k: v}
max_attempts: 7
risk: high
execution_mode: code
"""
    planner.apply(whole)
    full = planner.tasks()["a"]
    assert full["spec"]["content"] == "words"
    changes = planner.apply("id: a\n")
    names = {field["field"] for field in changes["a"]["fields"]}
    assert names == {
        "title", "description", "priority", "locks", "metadata", "default_to", "acceptance", "spec",
        "check_profile", "required_checks", "allowed_paths", "blocked_paths", "max_attempts",
        "risk", "execution_mode",
    }  # fmt: skip
    bare = planner.orch.ok("task", "add", "--run", "r", "--task", "b")["task"]
    again = planner.tasks()["a"]
    own = {"task_id", "title", "created_at", "updated_at", "status_at", "rank"}
    assert {k: v for k, v in again.items() if k not in own} == {
        k: v for k, v in bare.items() if k not in own}  # fmt: skip
    (edited,) = [e for e in planner.events() if e["event_type"] == "task_edited"]
    assert set(edited["payload"]["changed"]) == names


def test_dependencies_change_with_the_plan_even_where_they_turn_round(planner: Planner) -> None:
    planner.apply("- {id: a, dependencies: [b]}\n- {id: b, dependencies: [c]}\n- id: c\n")
    changes = planner.apply(
        "- id: a\n- {id: b, dependencies: [a, n]}\n- {id: c, dependencies: [b]}\n- id: n\n"
    )
    assert _kinds(changes) == {"a": "updated", "b": "updated", "c": "updated", "n": "added"}
    facts = {
        name: (task["status"], task["depends_on"], task["waiting_chain"])
        for name, task in planner.tasks().items()
    }
    assert facts == {
        "a": ("ready", [], 2), "b": ("planned", ["a", "n"], 1), "c": ("planned", ["b"], 0),
        "n": ("ready", [], 2),
    }  # fmt: skip
    kinds = [event["event_type"] for event in planner.events()]
    assert kinds.count("task_dependency_removed") == 2
    assert kinds.count("task_dependency_added") == 3
    assert (kinds.count("task_ready"), kinds.count("task_planned")) == (1, 1)
    healthy = planner.inbox.ok("doctor")
    assert healthy["healthy"], healthy


def test_work_under_way_and_work_that_is_over_stay_as_they_are(planner: Planner) -> None:
    planner.apply("- id: at-work\n- id: past\n- id: gone\n- id: free\n")
    for task in ("at-work", "past"):
        sent = planner.orch.ok("dispatch", "--run", "r", "--task", task, "--execution-mode",
                               "analysis", "--to", "w")  # fmt: skip
        planner.inbox.ok("claim", "--agent", "w", "--thread", sent["thread"]["thread_id"])
        if task == "past":
            planner.inbox.ok("done", "--agent", "w", "--thread", sent["thread"]["thread_id"])
    planner.orch.ok("cancel", "--run", "r", "--task", "gone")
    planner.orch.ok("reconcile", "--run", "r")
    text = "".join(f"- {{id: {t}, title: new}}\n" for t in ("at-work", "past", "gone", "free"))
    changes = planner.apply(text)
    assert _kinds(changes) == {"at-work": "kept", "past": "kept", "gone": "kept", "free": "updated"}
    assert "it is running" in changes["at-work"]["reason"]
    assert changes["past"]["reason"] == "it is done"
    assert changes["gone"]["fields"] == [{"field": "title", "old": "gone", "new": "new"}]
    assert {t["title"] for t in planner.tasks().values()} == {"at-work", "past", "gone", "new"}


def test_a_task_may_wait_for_one_of_the_run_and_a_done_one_holds_nobody_up(
    planner: Planner,
) -> None:
    planner.orch.ok("task", "add", "--run", "r", "--task", "before")
    sent = planner.orch.ok("dispatch", "--run", "r", "--task", "before", "--execution-mode",
                           "analysis", "--to", "w")  # fmt: skip
    thread = sent["thread"]["thread_id"]
    planner.apply("- {id: after, dependencies: [before]}\n")
    assert planner.tasks()["after"]["status"] == "planned"
    planner.inbox.ok("claim", "--agent", "w", "--thread", thread)
    planner.inbox.ok("done", "--agent", "w", "--thread", thread)
    planner.orch.ok("reconcile", "--run", "r")
    planner.apply("- {id: later, dependencies: [before]}\n- {id: after, dependencies: [later]}\n")
    found = planner.tasks()
    assert (found["later"]["status"], found["after"]["status"]) == ("ready", "planned")
    assert planner.inbox.ok("doctor")["healthy"]


def test_a_plan_is_applied_whole_or_not_at_all(planner: Planner) -> None:
    planner.apply("- id: a\n")
    before = planner.events()
    bad = "- {id: a, title: new}\n- {id: b, priority: 9}\n- {id: c, dependencies: [nobody]}\n"
    problems = planner.refused("apply", bad, "--run", "r")
    assert [(p["line"], p["task_id"]) for p in problems] == [(2, "b"), (3, "c")]
    assert planner.events() == before
    problems = planner.refused("apply", "- {id: b, dependencies: [aa]}\n", "--run", "r")
    assert "did you mean a?" in problems[0]["message"]


def test_a_cycle_through_tasks_of_the_run_is_found(planner: Planner) -> None:
    planner.apply("- id: a\n- {id: b, dependencies: [a]}\n")
    (problem,) = planner.refused(
        "apply", "- {id: c, dependencies: [b]}\n- {id: a, dependencies: [c]}\n", "--run", "r"
    )
    assert "a -> c -> b -> a" in problem["message"]
    assert (problem["line"], problem["task_id"]) == (2, "a")
    assert planner.tasks().keys() == {"a", "b"}


def test_all_problems_come_at_once_with_lines_in_words_too(planner: Planner) -> None:
    planner.write("tasks:\n  - id: a\n    titel: x\n    priority: 0\n  - id: a\n    locks: db\n")
    answer = planner.orch.quick("plan", "check", "plan.yaml")
    assert answer.status == 30 and answer.out == ""
    for words in (
        "line 3: tasks[0].titel (a): unknown field; did you mean title?",
        "line 4: tasks[0].priority (a)",
        "line 5: tasks[1].id (a): the id a is there twice",
        "line 6: tasks[1].locks (a): must be a list",
        "4 problems",
    ):
        assert words in answer.err, answer


def test_ten_thousand_mistakes_do_not_answer_with_megabytes(planner: Planner) -> None:
    planner.write("".join(f"- {{id: t{i}, wrong: 1}}\n" for i in range(10_000)))
    answer = planner.orch.quick("--json", "plan", "check", "plan.yaml")
    assert answer.error["details"]["count"] == 10_000
    assert len(answer.raw) < 200_000


def test_check_needs_no_store_and_no_run(bare: Cli) -> None:
    orch = bare.at()
    orch.program = "orch"
    data = orch.ok("plan", "check", "-", "--format", "yaml", stdin=PLAN.encode())
    assert (data["tasks"], data["run_id"]) == (3, None)
    assert "changes" not in data
    assert not (bare.cwd / ".orch").exists()


def test_the_order_of_the_work_is_told(planner: Planner) -> None:
    figures = planner.orch.ok("plan", "check", planner.write(PLAN))["figures"]
    assert figures == {
        "tasks": 3, "minutes": 120, "critical_path": ["outline", "chapters"],
        "critical_minutes": 90, "at_once": 2, "share": 0.667, "least_minutes": 90,
    }  # fmt: skip
    text = planner.orch.say("plan", "check", "plan.yaml")
    assert "critical path: outline -> chapters, 90 minutes" in text
    assert "2 of 3 tasks (67%)" in text


@pytest.mark.parametrize("name", ["plan.txt", "plan", "-"])
def test_a_format_that_no_name_tells_must_be_said(planner: Planner, name: str) -> None:
    error = planner.orch.refuse("invalid_input", "flag", "plan", "check", name)
    assert "--format" in error["hint"]
    if name != "-":
        planner.write(PLAN, name)
        assert planner.orch.ok("plan", "check", name, "--format", "yaml")["tasks"] == 3


def test_a_missing_file_and_a_closed_run_are_refused(planner: Planner) -> None:
    planner.orch.refuse("invalid_input", "file", "plan", "check", "none.yaml")
    planner.orch.refuse("not_found", "run", "plan", "apply", planner.write(PLAN), "--run", "no")
    planner.orch.ok("run", "close", "--run", "r")
    planner.orch.refuse("invalid_state", "closed", "plan", "apply", "plan.yaml", "--run", "r")


def test_a_key_stands_for_the_content_of_the_plan(planner: Planner) -> None:
    words = ("plan", "apply", "plan.yaml", "--run", "r", "--key", "k")
    planner.write("id: a\nspec_file: s.md\n")
    planner.write("one", "s.md")
    first = planner.orch.ok(*words)
    assert planner.orch.ok(*words) == first | {"replayed": True}
    planner.write("two", "s.md")
    planner.orch.refuse("key_conflict", "other_arguments", *words)
    planner.write("one", "s.md")
    planner.write("id: a\nspec_file: s.md\ntitle: t\n")
    planner.orch.refuse("key_conflict", "other_arguments", *words)


def test_a_specification_is_copied_and_only_from_below_the_plan(planner: Planner) -> None:
    (planner.home / "specs").mkdir()
    planner.write("exactly\n", "specs/a.md")
    (planner.home.parent / "secret").write_text("s3cret")
    (planner.home / "specs" / "link").symlink_to(planner.home.parent / "secret")
    planner.apply("id: a\nspec_file: specs/a.md\n")
    spec = planner.tasks()["a"]["spec"]
    assert (spec["path"], spec["content"]) == ("specs/a.md", "exactly\n")
    for path in ("../secret", str(planner.home.parent / "secret"), "specs/link", "specs", "none"):
        (problem,) = planner.refused("check", f"id: a\nspec_file: {path}\n")
        assert problem["line"] == 2, path
        assert "s3cret" not in problem["message"]
    planner.write("other\n", "specs/a.md")
    changes = planner.apply("id: a\nspec_file: specs/a.md\n")
    assert [field["field"] for field in changes["a"]["fields"]] == ["spec"]
    assert planner.tasks()["a"]["spec"]["content"] == "other\n"


def test_a_profile_adds_its_checks_once(planner: Planner) -> None:
    toml = '[check.unit]\ncommand = ["true"]\n[check.lint]\ncommand = ["true"]\n'
    (planner.home / "orch.toml").write_text(toml + '[profile]\nfull = ["unit", "lint"]\n')
    text = "id: a\ncheck_profile: full\nrequired_checks: [own]\n"
    planner.apply(text)
    assert planner.tasks()["a"]["required_checks"] == ["unit", "lint", "own"]
    assert _kinds(planner.apply(text)) == {"a": "unchanged"}


@pytest.mark.parametrize("kind", ["yaml", "toml", "json"])
def test_an_export_applied_changes_nothing_and_makes_another_run_alike(
    planner: Planner, kind: str
) -> None:
    planner.apply(PLAN)
    planner.orch.ok(
        "task", "add", "--run", "r", "--task", "typed", "--priority", "high", "--metadata-json",
        '{"tags": 5, "n": 1.0}', "--acceptance-json", '{"b": [1, "x\\ny"], "a": true}',
        "--depends-on", "index", "--summary", "two\nlines: 'and' \"quotes\"\n",
    )  # fmt: skip
    planner.orch.ok("task", "edit", "--run", "r", "--task", "outline", "--priority", "low")
    planner.orch.ok("cancel", "--run", "r", "--task", "chapters")
    name = f"out.{kind}"
    data = planner.orch.ok("plan", "export", name, "--run", "r")
    assert (planner.home / name).read_text() == data["text"]
    assert (data["format"], data["tasks"], data["warnings"]) == (kind, 4, [])
    again = planner.orch.ok("plan", "apply", name, "--run", "r")
    assert set(_kinds(_by_task(again)).values()) == {"unchanged"}, again
    planner.orch.ok("run", "init", "--run", "r2", "--goal", "g")
    planner.orch.ok("plan", "apply", name, "--run", "r2")
    other = planner.orch.ok("task", "list", "--run", "r2")["tasks"]
    own = {"run_id", "created_at", "updated_at", "status_at", "status", "reason", "rank",
           "waiting_chain"}  # fmt: skip
    assert [{k: v for k, v in task.items() if k not in own} for task in other] == [
        {k: v for k, v in task.items() if k not in own} for task in planner.tasks().values()
    ]
    planner.orch.refuse("invalid_input", "file", "plan", "export", name, "--run", "r")


def test_an_export_is_printed_and_says_what_toml_cannot(planner: Planner) -> None:
    planner.orch.ok("task", "add", "--run", "r", "--task", "a", "--metadata-json", '{"x": null}')
    text = planner.orch.say("plan", "export", "--run", "r")
    assert text.startswith("# Made by")
    assert "- id: a\n" in text
    words = ("plan", "export", "--run", "r", "--format", "toml")
    assert "null" in planner.orch.refuse("invalid_input", "value", *words)["message"]
    planner.orch.refuse("invalid_input", "flag", "plan", "export", "plan.txt", "--run", "r")


def test_lint_refuses_with_lines_and_follows_the_policy(planner: Planner) -> None:
    assert planner.orch.ok("plan", "lint", planner.write(PLAN))["findings"] == []
    text = "- {id: a, allowed_paths: [src], acceptance: x}\n- {id: b,\n   allowed_paths: [src/b],\n   required_checks: [c]}\n"  # noqa: E501
    error = planner.orch.refuse("invalid_input", "schema", "plan", "lint", planner.write(text))
    found = {(p["line"], p["rule"], p["task_id"]) for p in error["details"]["problems"]}
    assert found == {(1, "checks", "a"), (1, "overlap", "a"), (2, "acceptance", "b")}
    assert error["details"]["figures"]["at_once"] == 2
    plain = planner.orch.quick("plan", "lint", "plan.yaml")
    assert "at the same time: 2 of 2" in plain.err
    (planner.home / "orch.toml").write_text(
        '[plan]\noverlap = "warn"\nchecks = "off"\nacceptance = "off"\n'
    )
    (warned,) = planner.orch.ok("plan", "lint", "plan.yaml")["findings"]
    assert (warned["rule"], warned["line"]) == ("overlap", 1)
    assert "warning: line 1: overlap (a)" in planner.orch.say("plan", "lint", "plan.yaml")
    (planner.home / "orch.toml").write_text('[plan]\noverlap = "maybe"\nmax_file = 1\n')
    error = planner.orch.refuse("invalid_input", "file", "plan", "lint", "plan.yaml")
    assert len(error["details"]["problems"]) == 2


def test_lint_knows_the_tasks_of_the_run(planner: Planner) -> None:
    flags = ("--allowed-path", "src", "--acceptance-json", '"x"', "--required-check", "c")
    for task in ("old", "gone"):
        planner.orch.ok("task", "add", "--run", "r", "--task", task, *flags)
    planner.orch.ok("cancel", "--run", "r", "--task", "gone")
    text = "id: a\nallowed_paths: [src/x]\nacceptance: x\nrequired_checks: [c]\n"
    (problem,) = planner.refused("lint", text, "--run", "r")
    assert (problem["rule"], problem["line"]) == ("overlap", 2)
    assert "of old" in problem["message"]
    (problem,) = planner.refused("lint", text + "dependencies: [old, gone]\n", "--run", "r")
    assert (problem["rule"], problem["line"]) == ("orphans", 5)


def test_lint_counts_the_files_of_the_repository(planner: Planner) -> None:
    repo = Repo(planner.home.parent / "repo")
    for i in range(4):
        repo.write(f"src/{i}.py", "x" * 100)
    repo.commit("README")
    planner.orch.ok("run", "init", "--run", "q", "--goal", "g", "--repo-path", str(repo.path))
    text = "id: a\nallowed_paths: [src]\nacceptance: x\nrequired_checks: [c]\nestimate_min: 50\n"
    planner.orch.ok("plan", "lint", planner.write(text), "--run", "q")
    repo.commit("orch.toml", "[plan]\nmax_files = 3\nmax_bytes = 399\nmax_minutes = 49\n")
    problems = planner.refused("lint", text, "--run", "q")
    assert [(p["rule"], p["line"]) for p in problems] == [
        ("budget", 2), ("budget", 2), ("budget", 5)]  # fmt: skip
    assert {p["message"].split(" ")[0] for p in problems} == {"4", "400", "50"}


def test_the_schema_of_plans_is_published(planner: Planner) -> None:
    data = planner.orch.ok("plan", "schema")
    assert json.loads(data["text"]) == data["schema"]
    jsonschema.validate({"id": "a", "priority": 1}, data["schema"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": "a", "priority": 6}, data["schema"])
    assert json.loads(planner.orch.say("plan", "schema")) == data["schema"]


def test_answers_have_their_published_shape(planner: Planner) -> None:
    planner.write(PLAN)
    found = shapes.schemas()
    for words in (
        "plan check plan.yaml",
        "plan apply plan.yaml --run r --dry-run",
        "plan apply plan.yaml --run r --key k",
        "plan apply plan.yaml --run r --key k",
        "plan lint plan.yaml --run r",
        "plan export --run r",
        "plan schema",
    ):
        data = planner.orch.ok(*words.split(" "))
        jsonschema.Draft202012Validator(found[" ".join(words.split(" ")[:2])]).validate(data)


def test_two_who_apply_the_same_plan_at_once_make_one_set_of_tasks(planner: Planner) -> None:
    planner.write("".join(f"- {{id: t{i}, dependencies: [t{i - 1}]}}\n" if i else "- id: t0\n"
                          for i in range(200)))  # fmt: skip
    both = [planner.orch.start("--json", "plan", "apply", "plan.yaml", "--run", "r")
            for _ in range(3)]  # fmt: skip
    answers = [one.wait() for one in both]
    kinds = sorted(set(_kinds(_by_task(answer.data)).values()) for answer in answers)
    assert kinds == [{"added"}, {"unchanged"}, {"unchanged"}] or kinds.count({"unchanged"}) == 2
    assert len(planner.tasks()) == 200
    assert planner.tasks()["t0"]["waiting_chain"] == 199


def test_a_plan_is_one_transaction(planner: Planner) -> None:
    planner.apply("- {id: a, dependencies: [b]}\n- id: b\n")
    begun = planner.events()[-1]["event_id"]
    planner.apply("- {id: a, title: t}\n- {id: b, locks: [l], dependencies: [c]}\n- id: c\n")
    connection = apsw.Connection(str(planner.orch.store), flags=apsw.SQLITE_OPEN_READONLY)
    question = "SELECT event_type, tx_id FROM event WHERE event_id > ?"
    rows = connection.execute(question, (begun,)).fetchall()
    connection.close()
    assert {kind for kind, _ in rows} >= {"task_added", "task_edited", "task_dependency_added"}
    assert len({number for _, number in rows}) == 1


def test_hot_commands_load_nothing_of_plans() -> None:
    probe = (
        "import sys; import orch.cli.table, orch.cli.views, orch.cli.tasks.tasks; "
        "import orch.cli.leader_loop; "
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in ('yaml', 'pydantic') "
        "or m.startswith(('orch.plan', 'orch.cli.plan', 'tomllib'))))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert done.stdout == "\n", done


LOOSE = "id: a\nallowed_paths: [src/**]\n"
BINDING = '[plan]\nacceptance = "refuse"\nchecks = "warn"\nbudget = "refuse"\nmax_minutes = 60\n'


def test_what_orch_toml_says_to_refuse_is_not_applied(planner: Planner) -> None:
    """What is built in is advice of `plan lint`: only a rule that the file itself sets binds."""
    assert planner.apply(LOOSE)["a"]["change"] == "added", "nothing is said"
    (planner.home / "orch.toml").write_text(BINDING)
    text = "tasks:\n- {id: b, estimate_min: 90}\n- {id: c, acceptance: it works}\n"
    before = planner.orch.ok("events", "--run", "r")["events"]
    apply = ("plan", "apply", planner.write(text), "--run", "r")
    for more in ((), ("--dry-run",)):
        error = planner.orch.refuse("invalid_input", "lint", *apply, *more)
        assert [one["rule"] for one in error["details"]["problems"]] == ["budget", "acceptance"]
    answer = planner.orch.quick("--json", *apply)
    assert answer.json["next"][1]["argv"][-6:] == [
        "--allow", "acceptance", "--allow", "budget", "--reason", "TEXT",
    ]  # fmt: skip
    assert planner.orch.ok("events", "--run", "r")["events"] == before
    why = ("--reason", "a spike")
    planner.orch.refuse("invalid_input", "lint", *apply, "--allow", "budget", *why)
    planner.orch.refuse("invalid_input", "flag", *apply, "--allow", "budget")
    planner.orch.refuse("invalid_input", "flag", *apply, *why)
    planner.orch.refuse("invalid_input", "value", *apply, "--allow", "beauty", *why)
    both = (*apply, "--allow", "budget", "--allow", "acceptance", *why)
    event = planner.orch.ok(*both)["event_id"]
    (last,) = planner.orch.ok("events", "--run", "r", "--type", "plan_allowed")["events"]
    assert (last["event_id"], last["summary"]) == (event, "a spike")
    assert last["payload"]["rules"] == ["budget", "acceptance"]
    planner.orch.ok(*both)
    told = planner.orch.ok("events", "--run", "r", "--type", "plan_allowed")["events"]
    assert told == [last], "again, it changes nothing"
