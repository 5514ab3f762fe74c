"""orch start: from a file or words to landed work by one command; the same again goes on."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.cli import Cli, until
from tests.support.repos import Repo
from tests.support.terminal import Terminal
from tests.support.workers import FAKE, alive

pytestmark = pytest.mark.on_file("it begins without a store")

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "examples" / "tickets" / "calculator.yaml"
# Nobody approves; a check that the sample's work passes.
CONFIG = """\
[check.test]
command = ["python3", "-m", "unittest", "discover"]
[queue]
checks = ["test"]
[policy]
low = []
medium = []
high = []
builtin = false
"""
CODER = """
import pathlib, subprocess
pathlib.Path("calculator.py").write_text('''def divide(a, b):
    if not b:
        raise ValueError("division by zero")
    return a / b
''')
pathlib.Path("test_calculator.py").write_text('''import unittest, calculator
class Case(unittest.TestCase):
    def test_divide(self):
        self.assertRaises(ValueError, calculator.divide, 1, 0)
''')
subprocess.run("git add -A && git commit -qm work && inbox done --summary calculated",
               shell=True, check=True)
"""


class Place:
    """A repository without a store."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(folder))
        self.repo = Repo(folder / "place")
        self.repo.commit()
        self.path = self.repo.path
        self.orch = Cli(self.path, program="orch", home=folder).warm

    def write(self, name: str, text: str) -> str:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        return name

    def config(self, text: str = CONFIG) -> None:
        self.repo.commit("orch.toml", text)

    def start(self, *words: str) -> dict:
        """Start in the foreground, as an agent would who waits for its end."""
        return self.orch.ok("start", *words, deadline=60)

    def plan(self, *words: str) -> dict:
        """Only open the run and apply the plan."""
        return self.orch.ok("start", *words, "--no-drive")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def test_the_sample_ticket_lands_by_one_command(place: Place) -> None:
    place.config()
    coder = place.path.parent / "coder.py"
    coder.write_text(CODER)
    words = (str(SAMPLE), "--target", "release", "--foreground", "--", sys.executable, str(coder))
    found = place.start(*words)
    assert (found["run"]["run_id"], found["state"], found["harness"]) == (
        "calculator", "new", "command",
    )  # fmt: skip
    assert found["drive"]["landed"] == ["calculator/TICKET-001"]
    assert "def divide" in place.repo.git("show", "release:calculator.py")
    status = place.orch.ok("status", "--run", "calculator")
    assert (status["run"]["end"], status["tasks"][0]["kind"]) == ("finished", "feature")
    again = place.start(*words)
    assert (again["state"], again["changes"], again["drive"]) == ("same", [], None)
    assert "it is finished" in place.orch.say("start", *words)
    place.orch.ok("run", "close", "--run", "calculator")
    assert place.start(*words)["state"] == "over"


def test_the_same_file_is_the_same_run_and_another_content_changes_it(place: Place) -> None:
    name = place.write("shop.yaml", "tasks: [{id: a, acceptance: x}, {id: b, depends_on: [a]}]\n")
    first = place.plan(name)
    assert (first["run"]["run_id"], first["run"]["counts"]["total"]) == ("shop", 2)
    assert first["config"]["written"] is False and "you approve it" in first["warnings"][-1]
    assert place.plan(name)["state"] == "same"
    place.write("shop.yaml", "tasks: [{id: a, title: t}, {id: c}]\n")
    changed = place.plan(name)
    assert changed["state"] == "changed"
    assert [(c["task_id"], c["change"]) for c in changed["changes"]] == [
        ("a", "updated"), ("c", "added"),
    ]  # fmt: skip
    place.orch.ok("run", "close", "--run", "shop", "--force")
    assert place.plan(name)["state"] == "over"
    place.write("shop.yaml", "id: d\n")
    assert place.plan(name)["run"]["run_id"] == "shop-2"
    assert place.plan(name, "--run", "mine")["run"]["run_id"] == "mine"


def test_files_and_folders_are_one_plan_and_words_are_a_task(place: Place) -> None:
    place.write("work/b.yaml", "id: b\ndepends_on: [a]\n---\nid: c\n")
    place.write("work/deep/a.json", '{"id": "a"}')
    place.write("work/notes.md", "no plan")
    found = place.orch.refuse("invalid_state", "dirty", "start", "work", "--no-drive")
    assert found["details"]["files"] == ["work/notes.md"], "plans are no dirt, all else is"
    (place.path / "work" / "notes.md").unlink()
    assert place.plan("work")["run"]["counts"]["total"] == 3
    text = place.plan("Add a --json flag. Print everything as JSON.")
    assert text["run"]["run_id"] == "add-a-json-flag"
    task = place.orch.ok("task", "show", "add-a-json-flag/add-a-json-flag")["task"]
    assert (task["title"], task["summary"]) == (
        "Add a --json flag", "Add a --json flag. Print everything as JSON.",
    )  # fmt: skip
    assert place.plan("Add a --json flag. Print everything as JSON.")["state"] == "same"
    place.orch.refuse("not_found", "file", "start", "work/none.yaml")
    place.orch.refuse("not_found", "file", "start", "tickest")
    place.orch.refuse("not_found", "file", "start", "work", "none.yaml")
    place.orch.refuse("invalid_input", "flag", "start")


def test_everything_that_refuses_is_told_at_once_and_nothing_is_begun(place: Place) -> None:
    place.write("plan.yaml", "- {id: a, size: 1}\n- {id: a}\n")
    place.write("odd.txt", "x\n")
    flags = ("--target", "a..b", "--set", "foo=1")
    answer = place.orch.quick("--json", "start", "plan.yaml", "--harness", "claude", *flags,
                              env={"PATH": "/usr/bin:/bin"})  # fmt: skip
    reasons = answer.error["details"]["reasons"]
    assert [(r["code"], r["reason"]) for r in reasons] == [
        ("invalid_input", "schema"), ("invalid_state", "dirty"), ("invalid_input", "value"),
        ("invalid_input", "value"), ("invalid_input", "value"),
    ]  # fmt: skip
    for words in (
        "foo: no such setting",
        "unknown field",
        "is there twice",
        "odd.txt",
        "a..b",
        "claude is not on PATH",
    ):
        assert words in answer.error["message"]
    assert not place.orch.store.exists()
    outside = place.orch.at(place.path.parent)
    assert outside.quick("--json", "start", "Do some thing", "--no-drive").error["code"] == (
        "not_found"
    )
    place.config('[policy]\nproof = "signature"\n')
    (place.path / "odd.txt").unlink()
    place.write("plan.yaml", "id: a\n")
    assert "signers" in place.orch.refuse("invalid_input", "file", "start", "plan.yaml",
                                          "--no-drive")["message"]  # fmt: skip


def test_without_a_terminal_it_goes_to_the_background_and_answers_at_once(place: Place) -> None:
    place.config(CONFIG.replace('"python3", "-m", "unittest", "discover"', '"true"'))
    place.write("plan.yaml", "id: a\n")
    gate = place.path.parent / "gate"
    words = ("start", "plan.yaml", "--", *FAKE, f"until={gate}", "commit=a.txt", "done")
    found = place.orch.ok(*words)
    pid = found["drive"]["pid"]
    try:
        again = place.orch.ok(*words)
        assert (again["drive"]["pid"], again["state"]) == (pid, "same"), "never a second driver"
        gate.touch()
        until(lambda: place.orch.ok("status", "--run", "plan")["run"]["end"] == "integrate",
              "its landing")  # fmt: skip
        until(lambda: not alive(pid), "the end of the driver")
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGTERM)


def test_on_a_terminal_an_approval_is_asked_at_the_end(place: Place) -> None:
    place.write("plan.yaml", "id: a\n")
    words = ("start", "plan.yaml", "--", *FAKE, "commit=a.txt", "done")
    with Terminal(place.orch, *words) as seen:
        seen.read(lambda t: "land plan/a? [y/N/d(iff)]" in t.text, "question")
        os.write(seen._fd, b"d\n")
        seen.read(lambda t: "+a.txt" in t.text and t.text.count("land plan/a?") == 2, "diff")
        os.write(seen._fd, b"y\n")
        assert seen.wait() == 0, seen.text
    assert place.orch.ok("queue", "show", "plan/a")["entry"]["status"] == "verified"


def test_a_first_orch_toml_is_written_when_asked(place: Place) -> None:
    place.repo.commit("Makefile", "test:\n\ttrue\n")
    found = place.plan("Make it better", "--write-config")
    assert found["config"]["written"] and "no check" not in " ".join(found["warnings"])
    assert 'command = ["make", "test"]' in (place.path / "orch.toml").read_text()
    last = place.repo.git("log", "-1", "--format=%s", "--name-only").split()
    assert last == ["orch:", "configuration", "orch.toml"], "committed alone"
    assert place.plan("Make it better")["config"] is None
    place.orch.ok("dispatch", "make-it-better", "--to", "w1", "--execution-mode", "code")


def test_an_example_to_begin_with_is_written_once_and_never_over_what_is_there(place: Place):
    first = place.orch.ok("init", "--example")
    assert [Path(path).name for path in first["written"]] == ["orch.toml", "example.yaml"]
    place.orch.ok("plan", "check", "tickets/example.yaml")
    (place.path / "orch.toml").write_text("")
    assert place.orch.ok("init", "--example")["written"] == []
    assert (place.path / "orch.toml").read_text() == ""


def test_an_engineer_plans_the_words_and_a_person_applies_the_plan(place: Place) -> None:
    plan = place.path.parent / "plan.json"
    plan.write_text(json.dumps({"tasks": [
        {"id": "one", "acceptance": "x", "execution_mode": "analysis"}]}))  # fmt: skip
    words = ("start", "Make it better", "--plan", "--", *FAKE, f"hand-in={plan}")
    begun = place.orch.ok(*words)
    assert (begun["state"], begun["drive"]["end"]) == ("planning", "background")
    told = place.orch.ok("wait", "--run", "make-it-better", deadline=60)["news"]
    command = "orch plan apply --request make-it-better"
    assert [(one["kind"], one["command"]) for one in told if one["command"]] == [("plan", command)]
    driven = place.orch.quick("--json", "drive", "--run", "make-it-better")
    assert driven.error["reason"] == "needs_people"
    assert [need["command"] for need in driven.json["data"]["needs"]] == [command]
    answer = place.orch.quick("--json", *words, "--foreground")
    assert (answer.error["reason"], answer.status) == ("approval_required", 90)
    assert answer.json["next"][0]["command"] == command
    place.orch.ok("plan", "apply", "--request", "make-it-better")
    tasks = place.orch.ok("task", "list", "--run", "make-it-better")["tasks"]
    assert [t["task_id"] for t in tasks][-1] == "one"


def test_an_engineer_without_a_plan_is_told_as_such(place: Place) -> None:
    program = ("sh", "-c", "inbox done --summary 'no idea'")
    words = ("start", "Make it worse", "--plan", "--foreground", "--", *program)
    answer = place.orch.quick(*words, deadline=60)
    assert answer.status == 30
    assert "request make-it-worse is refused: there is no plan yet" in answer.err
