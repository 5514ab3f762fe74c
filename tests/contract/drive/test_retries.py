"""How attempts end, as retries count it, and what may be begun by itself (I20, I21)."""

from pathlib import Path

import pytest

from orch.config.drive_policy import RetryPolicy
from orch.dispatch import dispatch
from orch.dispatch.request import DispatchRequest
from orch.operations import retries
from schema.failures import Failure
from schema.json_text import obj
from tests.support import runs
from tests.support.engines import shell
from tests.support.runs import RUN, Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def ends(lead: Lead, task: str = "a") -> list[tuple[str, str]]:
    """Return how each attempt of a task ended, and for which end it was begun by itself."""
    return [(one["end_class"] or "", one["begun_for"] or "") for one in lead.attempts(task)]


def failed(lead: Lead, sent: dict, *flags: str) -> None:
    lead.claim(sent)
    thread = runs.thread(sent)
    lead.inbox.ok("fail", "--agent", "w1", "--thread", thread, "--summary", "no", *flags)
    lead.do("reconcile")


def begin(lead: Lead, cause: str, event: str = "retry", task: str = "a", **numbers: int) -> None:
    """Begin an attempt as a driver does."""
    db = lead.inbox.open()
    request = DispatchRequest(RUN, task, event)
    request.to, request.mode, request.repo_path = "w1", "analysis", str(lead.top)
    request.automatic = retries.Automatic(cause, RetryPolicy(**numbers), 2)
    try:
        dispatch.start(db, request, lambda tx, change: obj(ok=True))
    finally:
        db.close()


def refused(lead: Lead, why: str, cause: str, **numbers: int) -> None:
    with pytest.raises(Failure) as refusal:
        begin(lead, cause, **numbers)
    assert (refusal.value.code, refusal.value.reason) == ("invalid_state", "not_ready")
    assert why in refusal.value.message


def test_each_end_has_its_class(lead: Lead) -> None:
    lead.config("[check.unit]\ncommand = ['false']\n")
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    failed(lead, sent, "--retryable")
    failed(lead, lead.do("retry", "--task", "a"), "--permanent")
    lead.do("retry", "--task", "a")
    lead.do("reassign", "--task", "a", "--to", "w2")
    lead.do("cancel", "--task", "a")
    lead.do("reconcile")
    assert [end for end, _ in ends(lead)] == ["failed", "permanent", "cancelled", "cancelled"]
    lead.task("b", "--required-check", "unit")
    sent = lead.dispatch("b")
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    lead.verify("b")
    assert ends(lead, "b") == [("check_failed", "")]
    lead.run("--ownership", "enforce", run="strict")
    lead.task("c", "--allowed-path", "docs", run="strict")
    sent = lead.dispatch("c", run="strict")
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    lead.do("reconcile", run="strict")
    assert lead.attempts("c", run="strict")[0]["end_class"] == "paths"


def test_automatic_attempts_stay_below_every_number(lead: Lead) -> None:
    lead.task("a", "--max-attempts", "4")
    failed(lead, lead.dispatch("a", mode="analysis"))
    refused(lead, "ended otherwise", "crashed")
    refused(lead, "as often as it may be", "failed", failed=0)
    refused(lead, "automatic retries are spent", "failed", run=0)
    begin(lead, "failed", failed=2)
    failed(lead, {"thread": lead.attempts("a")[-1]})
    assert ends(lead) == [("failed", ""), ("failed", "failed")]
    refused(lead, "automatic retries are spent", "failed", run=1, failed=2)
    refused(lead, "as often as it may be", "failed", failed=1)
    begin(lead, "failed", failed=2)
    failed(lead, {"thread": lead.attempts("a")[-1]})
    failed(lead, lead.do("retry", "--task", "a"))  # What a person begins is not counted.
    refused(lead, "its attempts are spent", "failed", failed=9)
    assert [begun for _, begun in ends(lead)] == ["", "failed", "failed", ""]


def test_what_a_person_ended_is_not_begun(lead: Lead) -> None:
    lead.task("a")
    failed(lead, lead.dispatch("a", mode="analysis"), "--permanent")
    refused(lead, "a person decides", "permanent")


def test_earlier_work_that_is_passed_by_is_counted(lead: Lead) -> None:
    for name in ("a", "b", "c", "d"):
        lead.task(name)
    for name in ("d", "c"):
        begin(lead, "", "dispatch", name)
    asked = "SELECT task_id, overtaken FROM task ORDER BY task_no"
    counted = dict(shell(lead.orch, asked))
    assert counted == {"a": 2, "b": 2, "c": 1, "d": 0}
