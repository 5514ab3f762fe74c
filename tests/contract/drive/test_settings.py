"""run set, pause, resume: what is said about a run's drive."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_what_is_set_stays_until_it_is_taken_back(lead: Lead) -> None:
    first = lead.orch.ok("run", "set", "r", "at_once=5", "retry.crashed=0", "tickets=a/*.yaml,b")
    assert first["drive"]["settings"] == {
        "at_once": 5, "retry": {"crashed": 0}, "tickets": ["a/*.yaml", "b"]
    }  # fmt: skip
    assert first["drive"]["pid"] is None
    assert first["drive"]["paused"] is False
    again = lead.orch.ok("run", "set", "r", "at_once=", "verify=false", "--key", "k")
    assert again["drive"]["settings"] == {
        "retry": {"crashed": 0}, "tickets": ["a/*.yaml", "b"], "verify": False
    }  # fmt: skip
    assert lead.orch.ok("run", "set", "r", "at_once=", "verify=false", "--key", "k")["replayed"]
    told = lead.events("run_settings")
    assert [sorted(e["payload"]["changed"]) for e in told] == [
        ["at_once", "retry", "tickets"], ["verify"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("atonce=5", "did you mean at_once"),
        ("at_once", "KEY=VALUE"),
        ("at_once=0", "at_once"),
        ("retry.jitter=nan", "retry.jitter"),
        ("stack=merged", "stack"),
        ("nothing=", "nothing"),
    ],
)
def test_what_is_no_setting_is_refused_and_nothing_is_set(lead: Lead, pair: str, says: str) -> None:
    answer = lead.orch.run("--json", "run", "set", "r", "workers=2", pair)
    error = answer.error
    assert answer.status == 30
    assert says in error["message"] + error["hint"]
    assert lead.events("run_settings") == []


def test_a_run_is_opened_with_settings(lead: Lead) -> None:
    lead.run("--set", "workers=2", "--set", "retry.run=5", run="s")
    shown = lead.orch.ok("run", "set", "s", "at_once=")["drive"]
    assert shown["settings"] == {"workers": 2, "retry": {"run": 5}}
    lead.refuse("invalid_input", "value", "run", "init", "--goal", "g", "--set", "no=1", run="t")
    lead.refuse("not_found", "run", "run", "show", run="t")


def test_a_run_is_paused_and_goes_on(lead: Lead) -> None:
    paused = lead.orch.run("run", "pause", "r")
    assert paused.out.startswith("run r is paused: nothing new begins")
    assert paused.steps == ["orch run resume r"]
    assert lead.orch.ok("run", "resume", "r")["drive"]["paused"] is False
    kinds = [e["event_type"] for e in lead.events("run_paused,run_resumed")]
    assert kinds == ["run_paused", "run_resumed"]


def test_a_closed_run_is_not_set(lead: Lead) -> None:
    lead.do("run", "close", "--force")
    for words in (("set", "r", "workers=1"), ("pause", "r"), ("resume", "r")):
        lead.orch.refuse("invalid_state", "closed", "run", *words)


def test_a_change_is_refused_by_the_guard_of_its_connection(lead: Lead) -> None:
    db = lead.orch.open()

    def _no(_tx: object) -> None:
        raise KeyError("no more")

    db.guard = _no
    with pytest.raises(KeyError), db.write():
        pass
    db.guard = None
    with db.write() as tx:
        assert tx.last_event_id == 0
    db.close()
