"""A command that lacks its run says which runs there are, and itself whole for the only one."""

import shutil
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Cli
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def refused(lead: Lead, *words: str) -> dict:
    answer = lead.orch.quick("--json", *words)
    assert answer.status == 30
    assert answer.error["reason"] == "flag"
    assert answer.error["message"].startswith("missing --run")
    return answer.json


def test_with_one_open_run_its_command_is_printed_whole(lead: Lead) -> None:
    lead.run(run="old")
    lead.orch.ok("run", "close", "--run", "old")
    [step] = refused(lead, "report", "--format", "html")["next"]
    program, *words = step["argv"]
    assert (program, words) == ("orch", ["--json", "report", "--format", "html", "--run", "r"])
    assert lead.orch.quick(*words).status == 0
    [same] = refused(lead, "task", "add", "--task", "a", "--summary", "a b")["next"]
    assert same["command"] == "orch --json task add --task a --summary 'a b' --run r"


def test_with_several_runs_they_are_named(lead: Lead) -> None:
    lead.run(run="other")
    said = refused(lead, "status")
    assert said["error"]["hint"] == "the runs are r, other"
    assert not said["next"]


def test_without_any_run_the_first_step_is_named(tmp_path: Path, empty_store: Path) -> None:
    orch = Cli(tmp_path, program="orch", home=tmp_path).warm
    orch.store.parent.mkdir(mode=0o700)
    shutil.copy(empty_store, orch.store)
    answer = orch.quick("status")
    assert "there is no run yet" in answer.err
    assert "next: orch start FILE" in answer.err


def test_a_closed_run_is_named_where_none_is_open(lead: Lead) -> None:
    lead.do("run", "close")
    assert refused(lead, "status")["next"][0]["argv"][-2:] == ["--run", "r"]


@pytest.mark.parametrize("words", [("run", "init", "--goal", "g"), ("council", "start")])
def test_who_opens_a_run_is_offered_no_other(lead: Lead, words: tuple[str, ...]) -> None:
    """The id of the only run would be refused as taken."""
    [step] = refused(lead, *words)["next"]
    assert " --run ID" in step["command"] and "ID" in step["blanks"]


@pytest.mark.parametrize(
    "words",
    ["run show r", "run show --run r", "run budget r", "run close r", "run reopen r",
     "run pause --run r", "run resume r", "run set --run r at_once=2",
     "run set r at_once=2"],
)  # fmt: skip
def test_a_run_is_named_in_either_way(lead: Lead, words: str) -> None:
    if "reopen" in words:
        lead.do("run", "close")
    answer = lead.orch.quick("--json", *words.split())
    assert answer.json["data"]["run"]["run_id"] == "r", answer
    assert answer.json["command"] == words.split()[1] and answer.err == ""
