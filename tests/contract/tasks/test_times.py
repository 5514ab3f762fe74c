"""Times are those of what happened, not of the moment when somebody looked."""

import sqlite3
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.engines import behind
from tests.support.runs import Lead, thread

HOUR = 3_600_000


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def earlier(lead: Lead) -> None:
    """Let all that is in the log so far have happened an hour earlier."""
    if lead.orch.url:
        for table in ("event", "message"):
            behind(lead.orch, f"UPDATE {table} SET created_at = created_at - {HOUR}")
        return
    with sqlite3.connect(lead.store) as store:
        names = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        triggers = dict(store.execute(names).fetchall())
        for name in triggers:
            store.execute(f"DROP TRIGGER {name}")
        store.execute("UPDATE event SET created_at = created_at - ?", (HOUR,))
        store.execute("UPDATE message SET created_at = created_at - ?", (HOUR,))
        for sql in triggers.values():
            store.execute(sql)
    store.close()


def said_at(lead: Lead, sent: dict) -> str:
    """Return when the last word of a thread was said."""
    return lead.inbox.ok("show", "--thread", thread(sent))["messages"][-1]["created_at"]


def test_work_ended_when_its_worker_said_so(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    earlier(lead)
    at = said_at(lead, sent)
    lead.do("reconcile")
    shown = lead.do("task", "show", "--task", "a")
    assert (shown["attempts"][0]["ended_at"], shown["task"]["status_at"]) == (at, at)
    board = lead.orch.ok("top", "--once")
    assert board["done"][0]["at"] == at
    assert lead.do("task", "show", "--task", "b")["task"]["status_at"] == at, "ready since then"
    report = lead.do("report", "--format", "markdown")
    assert report["tasks"][0]["attempts"][0]["ended_at"] == at
    (told,) = [s for s in lead.do("trace", "--task", "a")["steps"] if "task_done" in s["what"]]
    assert told["at"] == at


def test_what_failed_waits_since_it_failed(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.fail(sent)
    earlier(lead)
    (need,) = lead.orch.ok("top", "--once")["needs"]
    assert (need["kind"], need["since"]) == ("failed", said_at(lead, sent))


def test_checks_begin_to_be_waited_for_when_the_work_is_done(lead: Lead) -> None:
    lead.config('[check.unit]\ncommand = ["true"]\n')
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    earlier(lead)
    (need,) = lead.orch.ok("top", "--once")["needs"]
    assert (need["kind"], need["since"]) == ("unverified", said_at(lead, sent))
    lead.do("verify", "run", "--task", "a")
    lengths = lead.orch.ok("metrics", "--run", "r")["totals"]["seconds"]
    assert lengths["verification"]["max"] >= HOUR / 1000


def test_a_run_is_over_since_its_last_task_is(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    earlier(lead)
    (need,) = lead.orch.ok("top", "--once")["needs"]
    assert (need["kind"], need["since"]) == ("finished", said_at(lead, sent))


def test_a_silent_worker_is_silent_since_its_lease_ran_out(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    runs.lapse(lead, sent)
    lease = lead.inbox.ok("show", "--thread", thread(sent))["lease"]
    (need,) = lead.orch.ok("top", "--once")["needs"]
    assert (need["kind"], need["since"]) == ("stale", lease["expires_at"])
