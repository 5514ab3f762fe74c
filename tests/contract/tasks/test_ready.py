"""ready: the dispatch order, and why each other task has to wait."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def names(lead: Lead, *flags: str) -> list[str]:
    return [t["task_id"] for t in lead.do("ready", *flags)["tasks"]]


def test_the_order_is_priority_then_chain_then_age(lead: Lead) -> None:
    lead.task("old")
    lead.task("long")
    lead.task("low", "--priority", "low")
    lead.task("high", "--priority", "high")
    lead.task("wide")
    lead.task("young")
    for name, on in (("l1", "long"), ("l2", "l1"), ("w1", "wide"), ("w2", "wide"), ("w3", "wide"),
                     ("x1", "low"), ("x2", "x1"), ("x3", "x2")):  # fmt: skip
        lead.task(name, "--depends-on", on)
    assert names(lead) == ["high", "long", "wide", "old", "young", "low"]
    chains = {t["task_id"]: t["waiting_chain"] for t in lead.do("ready")["tasks"]}
    assert chains == {"high": 0, "long": 2, "wide": 1, "old": 0, "young": 0, "low": 3}
    lead.do("task", "edit", "--task", "young", "--priority", "high")
    lead.do("dep", "rm", "--task", "l1", "--depends-on", "long")
    assert names(lead) == ["high", "young", "wide", "l1", "old", "long", "low"]
    assert lead.doctor() == []


def test_limit_cuts_and_says_so(lead: Lead) -> None:
    for name in "abcd":
        lead.task(name)
    cut = lead.do("ready", "--limit", "3")
    assert [t["task_id"] for t in cut["tasks"]] == ["a", "b", "c"]
    assert cut["truncated"] is True
    assert lead.do("ready", "--limit", "4")["truncated"] is False
    assert "not_ready" not in cut


def test_an_empty_run_has_an_empty_list(lead: Lead) -> None:
    assert lead.do("ready") == {"run_id": "r", "tasks": [], "truncated": False, "waiting": []}
    lead.refuse("not_found", "run", "ready", run="other")


def test_explain_says_why_each_other_task_is_not_ready(lead: Lead) -> None:
    lead.task("free", "--lock", "two")
    lead.task("holder", "--lock", "one")
    lead.task("locked", "--lock", "one")
    lead.task("gone")
    lead.task("waits", "--depends-on", "locked", "--depends-on", "gone")
    lead.task("later")
    lead.do("task", "edit", "--task", "later", "--not-before", "1h")
    lead.task("spent", "--max-attempts", "1")
    lead.task("once")
    lead.dispatch("holder", mode="analysis")
    for name in ("spent", "once"):
        sent = lead.dispatch(name, mode="analysis")
        lead.claim(sent)
        lead.fail(sent)
    lead.do("cancel", "--task", "gone")
    told = lead.do("ready", "--explain")
    assert [t["task_id"] for t in told["tasks"]] == ["free"]
    why = {t["task_id"]: t["why"] for t in told["not_ready"]}
    assert why.pop("later").startswith("not before: 3")
    assert why == {
        "locked": "lock: one is held by r/holder",
        "waits": "dependency: waits for locked (ready), gone (cancelled)",
        "holder": "it is dispatched",
        "spent": "attempts spent: 1 of 1 failed",
        "once": "failed: 1 of 3 attempts spent; orch retry starts the next",
    }
    text = lead.orch.say("ready", "--run", "r", "--explain")
    assert "not ready: locked: lock: one is held by r/holder" in text
    assert text.count("lock: one is held by r/holder") == 1
    last = "next: orch dispatch r/free --execution-mode code"
    assert text.splitlines()[-1] == last


def test_what_is_not_ready_by_time_lock_or_dependency_is_not_dispatched(lead: Lead) -> None:
    lead.task("later")
    lead.do("task", "edit", "--task", "later", "--not-before", "3600")
    words = ("dispatch", "--task", "later", "--execution-mode", "analysis")
    error = lead.refuse("invalid_state", "not_ready", *words)
    assert error["details"]["why"].startswith("not before: 3")
    lead.do("task", "edit", "--task", "later", "--not-before", "0")
    lead.dispatch("later", mode="analysis")


def test_typed_retries_are_never_refused_for_the_attempts_spent(lead: Lead) -> None:
    lead.task("a", "--max-attempts", "1")
    sent = lead.dispatch("a", mode="analysis")
    for number in (2, 3, 4):
        lead.claim(sent)
        lead.fail(sent)
        sent = lead.do("retry", "--task", "a")
        assert sent["attempt"]["attempt_no"] == number
