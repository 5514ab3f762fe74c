"""What only a person has is asked for on a terminal, and nowhere else."""

from pathlib import Path

import pytest

from tests.support.queues import Landing
from tests.support.runs import lead
from tests.support.terminal import Terminal


@pytest.fixture
def asked(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    found = lead(tmp_path, empty_store, monkeypatch)
    found.task("a")
    sent = found.dispatch("a")
    found.claim(sent)
    found.ask(sent)
    return Landing(found)


def _type(land: Landing, text: str, *argv: str, **env: str) -> tuple[int, str]:
    with Terminal(land.orch, *argv, **env) as terminal:
        terminal.read(lambda t: t.text.endswith(": "), "a question")
        terminal.type(text)
        return terminal.wait(), terminal.text


def _last(land: Landing) -> str:
    thread = land.lead.attempts("a")[-1]["thread_id"]
    body: str = land.lead.inbox.ok("show", "--thread", thread)["messages"][-1]["body"]
    return body


def test_a_missing_text_is_asked_for(asked: Landing) -> None:
    with Terminal(asked.orch, "blocked", "--run", "r") as terminal:
        assert terminal.wait() == 0
    assert terminal.text.endswith("next: orch answer r/a\n")
    status, text = _type(asked, "spaces, ünd four\n", "answer", "r/a")
    assert (status, _last(asked)) == (0, "spaces, ünd four"), text
    editor = "sh -c 'echo from the editor > $0'"
    assert _type(asked, "\n", "answer", "r/a", EDITOR=editor)[0] == 0
    assert _last(asked) == "from the editor"


def test_a_pasted_blank_is_asked_for_and_silence_refuses(asked: Landing) -> None:
    status, text = _type(asked, "\x04", "answer", "r/a", "--body", "TEXT")
    assert status == 30 and "missing --body" in text
    status, text = _type(asked, "w7\n", "reassign", "r/a", "--to", "AGENT")
    assert status == 0, text
    assert asked.lead.attempts("a")[-1]["assigned_to"] == "w7"


def test_nobody_else_is_asked(asked: Landing) -> None:
    error = asked.orch.quick("answer", "r/a")
    assert error.status == 30 and "needs --body" in error.err
    for how in ({"ORCH_TURN": "x"}, {"INBOX_THREAD": "thr_1"}, {"ORCH_JSON": "1"}):
        with Terminal(asked.orch, "answer", "r/a", **how) as terminal:
            assert terminal.wait() == 30
        assert "your words: " not in terminal.text
