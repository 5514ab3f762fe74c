"""orch logs: readable lines by default, as printed with --raw, a check's output with --check."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import check
from tests.support.runs import Lead
from tests.support.workers import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def test_a_clients_log_is_readable_and_its_session_can_be_taken_up(shop: Shop) -> None:
    shop.harness()
    attempt = shop.task()
    shop.work("session=abc-1", "say=plain words", "commit=a.txt", "done", "usage")
    found = shop.orch.ok("logs", "r/t")
    assert "plain words" in found["text"] and "{" not in found["text"]
    assert "= 100 tokens in, 30 out, 0.2500 USD" in found["text"]
    assert (found["raw"], found["check"], found["turn"]["cost_usd"]) == (False, None, 0.25)
    assert shop.orch.ok("logs", "r/t", "--tail", "1")["text"].startswith("[orch] turn 1 ended")
    raw = shop.orch.ok("logs", "r/t", "--raw")["text"]
    assert '"type": "result"' in raw
    said = shop.orch.say("logs", "r/t")
    assert "0.2500 USD" in said.splitlines()[-2], "what it cost stands at the end"
    assert '"type": "result"' in shop.orch.say("logs", "r/t", "-f", "--raw")
    assert '"type"' not in shop.orch.say("logs", "r/t", "-f")
    opened = shop.orch.ok("open", "r/t")
    path = attempt["worktree_path"]
    session = opened["session"]
    assert session and opened["resume"] == f"cd {path} && claude --resume {session}"
    assert f"    $ cd {path} && claude --resume {session}" in shop.orch.say("open", "r/t")


def test_what_a_check_printed(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead: Lead = runs.lead(tmp_path, empty_store, monkeypatch)
    lead.config(check("unit", "seq 1 100; echo wrong >&2; exit 1"))
    lead.task("a", "--required-check", "unit")
    lead.orch.refuse("not_found", "file", "logs", "r/a", "--check", "unit")
    lead.finish("a")
    lead.verify("a")
    found = lead.orch.ok("logs", "r/a", "--check", "unit", "--tail", "3")
    assert (found["check"], found["check_status"], found["turn"]) == ("unit", "failed", None)
    assert found["text"].split("\n") == ["99", "100", "wrong"]
    assert "check unit of r/a attempt 1: failed" in lead.orch.say("logs", "r/a", "--check", "unit")
    error = lead.orch.refuse("not_found", "file", "logs", "r/a", "--check", "unot")
    assert "unit" in error["hint"]
    lead.orch.refuse("invalid_input", "flag", "logs", "r/a", "--check", "unit", "--raw")
