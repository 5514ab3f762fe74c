"""Moments between a thread and its task that a change could get wrong without anybody noticing."""

from pathlib import Path

import pytest

from orch.operations import runs as run_rules
from orch.operations import tasks
from orch.store import attempts
from orch.worktrees import inspect as heads
from tests.support import runs
from tests.support.queues import check
from tests.support.runs import Lead, thread


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_a_verifying_tasks_thread_cannot_be_called_off(lead: Lead) -> None:
    lead.config(check("unit", "true") + '[profile]\nfull = ["unit"]\n')
    lead.task("a", "--check-profile", "full")
    sent = lead.finish("a")
    assert lead.status_of("a") == "verifying"
    words = ("cancel", "--agent", "leader", "--thread", thread(sent))
    lead.inbox.refuse("invalid_state", "terminal", *words)
    lead.do("reconcile")
    assert lead.status_of("a") == "verifying"
    lead.do("verify", "run", "--task", "a")
    assert lead.status_of("a") == "done"


def test_an_adopted_result_is_verified_though_its_thread_was_called_off(lead: Lead) -> None:
    lead.config(check("unit", "true") + '[profile]\nfull = ["unit"]\n')
    lead.task("a", "--check-profile", "full")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.ask(sent)
    lead.do("reconcile")
    lead.commit(sent)
    lead.do("reassign", "--task", "a", "--to", "w2")
    words = ("done", "--agent", "w1", "--thread", thread(sent), "--summary", "late")
    lead.inbox.refuse("invalid_state", "superseded", *words)
    lead.do("adopt", "--task", "a", "--attempt", "1")
    for _ in range(2):
        lead.do("reconcile")
        assert lead.status_of("a") == "verifying"
    lead.do("verify", "run", "--task", "a")
    assert lead.status_of("a") == "done"


def test_an_analysis_is_not_held_to_paths_that_only_code_can_break(lead: Lead) -> None:
    lead.run("--ownership", "enforce", run="strict")
    lead.task("a", "--allowed-path", "src/**", run="strict")
    sent = lead.dispatch("a", mode="analysis", run="strict")
    lead.claim(sent)
    lead.done(sent)
    lead.do("reconcile", run="strict")
    assert lead.status_of("a", run="strict") == "done"


def test_of_two_reconciles_the_first_head_stays(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    first = lead.commit(sent)
    lead.done(sent)
    db = lead.inbox.open()
    with db.read() as tx:
        run = run_rules.require(tx, "r")
        number = tasks.require(tx, "r", "a").task_no
        seen_by_both = attempts.find(tx, number, 1)
    assert seen_by_both is not None
    lead.do("reconcile")
    lead.commit(sent, "later.txt")
    assert heads.read(db, run, seen_by_both) is False  # The slower one.
    db.close()
    assert lead.attempts("a")[0]["head_commit"] == first
