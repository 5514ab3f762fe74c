"""Commands called inside a program that goes on (inbox/cli/inside.py): as from a shell."""

import json
import threading
from pathlib import Path

import pytest

from inbox.cli import inside
from inbox.cli.grammar import Command
from orch.cli.main import PROGRAM
from tests.support import runs
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_the_answer_is_what_the_command_prints(
    lead: Lead, capfd: pytest.CaptureFixture[str]
) -> None:
    lead.task("a")
    said = inside.run(PROGRAM, ["task", "show", "r/a"], lead.inbox.where)
    assert said.status == 0
    printed = lead.orch.quick("--json", "--db", lead.inbox.where, "task", "show", "r/a").json
    assert json.loads(said.envelope) == printed
    refused = inside.run(PROGRAM, ["task", "show", "r/b"], lead.inbox.where)
    assert (refused.status, json.loads(refused.envelope)["error"]["reason"]) == (40, "task")
    for wrong in (["nonsense"], ["task", "show", "--no-such", "x"], ["task", "--help"], []):
        assert inside.run(PROGRAM, wrong, lead.inbox.where).status == 30
    assert capfd.readouterr() == ("", "")


def test_a_persons_word_is_refused_where_an_attempt_is(
    lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCH_TURN", "t")
    said = inside.run(PROGRAM, ["run", "close", "--run", "r"], lead.inbox.where)
    assert (said.status, said.failure and said.failure.reason) == (90, "approval_required")


def test_a_stream_is_heard_line_by_line_and_ends_when_it_is_stopped(lead: Lead) -> None:
    lead.task("a")
    heard: list[str] = []
    came = threading.Event()

    def _hear(line: str) -> None:
        heard.append(line)
        if "late" in line:
            came.set()

    follow = inside.Inside(PROGRAM, ["events", "--run", "r", "--follow"], lead.inbox.where, _hear)
    thread = threading.Thread(target=follow.run)
    thread.start()
    lead.task("late")
    assert came.wait(30)
    follow.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert [json.loads(line)["event_type"] for line in heard][-1] == "task_added"


def test_many_threads_at_once_each_have_their_own_answer(lead: Lead) -> None:
    for n in range(4):
        lead.task(f"t{n}")
    said: dict[int, str] = {}

    def _ask(n: int) -> None:
        words = ["graph", "--run", "r"] if n % 2 else ["task", "show", f"r/t{n // 2}"]
        said[n] = inside.run(PROGRAM, words, lead.inbox.where).envelope

    threads = [threading.Thread(target=_ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [json.loads(said[n])["ok"] for n in range(8)] == [True] * 8


def test_a_stream_that_came_to_its_end_is_a_success(lead: Lead) -> None:
    quiet = Command("logs", "orch.cli.persons:guard", "Say nothing.", (), "orch logs")
    said = inside.run(PROGRAM.with_commands((quiet,)), ["logs"], lead.inbox.where)
    assert (said.status, json.loads(said.envelope)["data"]) == (0, None)
