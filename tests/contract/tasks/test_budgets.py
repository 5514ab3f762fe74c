"""Budgets of a run: shown, changed, and asked before anything new is begun."""

from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from tests.support import runs
from tests.support.runs import Lead
from tests.support.workers import Shop

SCHEMAS = shapes.schemas()


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def fits(words: str, data: dict) -> dict:
    jsonschema.Draft202012Validator(SCHEMAS[words]).validate(data)
    return data


def budget(lead: Lead, *given: str) -> dict:
    flags = [word for text in given for word in ("--budget", text)]
    return fits("run budget", lead.do("run", "budget", *flags))["run"]["budget"]


def test_a_run_has_no_budget_until_it_is_given_one(lead: Lead) -> None:
    assert budget(lead) is None
    assert "no budget" in lead.orch.say("run", "budget", "--run", "r")
    assert fits("run show", lead.do("run", "show"))["run"]["budget"] is None
    made = lead.run("--budget", "cost_usd=0.5,tokens=100", "--budget", "hours=2", run="b")
    limits = {"cost_usd": 0.5, "tokens": 100, "turns": None, "attempts": None, "seconds": 7200}
    assert made["budget"]["limits"] == limits
    assert set(made["budget"]["spent"].values()) == {0}
    assert fits("status", lead.do("status", run="b"))["run"]["budget"]["limits"] == limits
    for words in (("run", "show"), ("status",)):
        assert "\nbudget: 0.0 of 0.5 cost_usd, 0 of 100 tokens" in lead.orch.say(
            *words, "--run", "b"
        )


def test_a_change_touches_what_it_names_and_happens_once(lead: Lead) -> None:
    assert budget(lead, "attempts=3,minutes=1.5")["limits"]["seconds"] == 90
    found = budget(lead, "attempts=none,turns=7")["limits"]
    assert (found["attempts"], found["turns"], found["seconds"]) == (None, 7, 90)
    words = ("run", "budget", "--budget", "turns=8", "--key", "k")
    first, again = lead.do(*words), lead.do(*words)
    assert again.pop("replayed") is True and again == first
    assert [e["payload"]["turns"] for e in lead.events("run_budget")[1:]] == [7, 8]
    lead.do("run", "close")
    lead.refuse("invalid_state", "closed", "run", "budget", "--budget", "turns=9")
    assert budget(lead)["limits"]["turns"] == 8
    lead.refuse("not_found", "run", "run", "budget", run="rr")


@pytest.mark.parametrize(
    "text", ["", "tokens", "tokens=", "tokens=-1", "tokens=1.5", "cost_usd=nan", "cost_usd=1e3",
             "hours=inf", "turns=1,turns=2", "hours=1,seconds=5", "tokens=99999999999999999999",
             "Tokens=1", "tokens=١"],
)  # fmt: skip
def test_no_budget(lead: Lead, text: str) -> None:
    lead.refuse("invalid_input", "value", "run", "budget", "--budget", text)
    lead.orch.refuse(
        "invalid_input", "value", "run", "init", "--run", "x", "--goal", "g", "--budget", text
    )
    assert budget(lead) is None
    lead.refuse("not_found", "run", "run", "show", run="x")


def test_all_that_is_wrong_is_told_at_once(lead: Lead) -> None:
    error = lead.refuse("invalid_input", "value", "run", "budget", "--budget", "tokns=1,turns=x")
    assert len(error["details"]["problems"]) == 2
    assert "did you mean tokens?" in error["message"] and "cost_usd=5" in error["hint"]


def refused(lead: Lead, *words: str) -> dict:
    before = (lead.leftovers(), len(lead.events()))
    error = lead.refuse("refused", "budget", *words)
    assert (lead.leftovers(), len(lead.events())) == before, "nothing is left behind"
    return error


def test_every_way_to_a_new_attempt_asks(lead: Lead) -> None:
    for name in ("a", "b", "c"):
        lead.task(name)
    budget(lead, "attempts=2")
    done = lead.do("dispatch", "--ready", "--execution-mode", "code")
    assert [d["task"]["task_id"] for d in done["dispatched"]] == ["a", "b"]
    assert [(s["task_id"], s["error"]["reason"]) for s in done["skipped"]] == [("c", "budget")]
    lead.do("cancel", "--task", "b")
    lead.do("cleanup", "--task", "b")
    lead.claim(done["dispatched"][0])
    lead.fail(done["dispatched"][0])
    lead.do("reconcile")
    before = (lead.branches(), len(lead.events()))
    for words in (
        ("dispatch", "--task", "c", "--execution-mode", "analysis"),
        ("dispatch", "--task", "c", "--execution-mode", "code"),
        ("dispatch", "--ready", "--execution-mode", "code"),
        ("retry", "--task", "a"),
        ("reassign", "--task", "a", "--to", "w2"),
        ("continue", "--task", "a", "--body", "go on"),
    ):
        error = lead.refuse("refused", "budget", *words)
        assert "2 of 2 attempts" in error["message"]
        assert error["hint"] == "raise it: orch run budget --run r --budget attempts=4"
        if "--ready" not in words:
            assert error["details"]["spent"] == {"attempts": 2}
    assert (lead.branches(), len(lead.events())) == before
    (need,) = [n for n in lead.orch.ok("top", "--run", "r")["needs"] if n["kind"] == "budget"]
    assert need["command"] == "orch run budget --run r --budget attempts=4"
    lead.do("run", "budget", "--budget", "attempts=4")
    assert lead.do("retry", "--task", "a")["attempt"]["attempt_no"] == 2
    assert budget(lead)["spent"]["attempts"] == 3
    assert lead.doctor() == []


def test_nothing_at_all_may_be_spent_where_the_limit_is_zero(lead: Lead) -> None:
    lead.task("a")
    budget(lead, "cost_usd=0")
    assert "0.0 of 0.0 USD" in refused(lead, "dispatch", "--task", "a", "--execution-mode",
                                       "code")["message"]  # fmt: skip


def usage(cost: float) -> str:
    """Return an action that tells the client's final event, as claude does, with its cost."""
    return (
        'say={"type":"result","subtype":"success","is_error":false,"result":"ok",'
        f'"total_cost_usd":{cost},"usage":{{"input_tokens":70,"output_tokens":30}},'
        '"session_id":"s"}'
    )


def test_what_turns_took_counts_and_a_spent_run_begins_no_turn(shop: Shop) -> None:
    shop.harness()
    shop.task("a", mode="analysis")
    shop.task("b", mode="analysis")
    shop.orch.ok("run", "budget", "--run", "r", "--budget", "tokens=100,turns=9,cost_usd=5")
    turn = shop.work("done", usage(0.25))
    spent = shop.orch.ok("run", "show", "--run", "r")["run"]["budget"]["spent"]
    assert spent["tokens"] == (turn["input_tokens"] + turn["output_tokens"]) > 0
    assert (spent["turns"], spent["cost_usd"], spent["attempts"]) == (1, turn["cost_usd"], 2)
    most = spent["tokens"]
    shop.orch.ok("run", "budget", "--run", "r", "--budget", f"tokens={most}")
    error = shop.orch.quick("--json", *shop.argv("done")).error
    assert (error["code"], error["reason"]) == ("refused", "budget")
    assert f"{most} of {most} tokens" in error["message"]
    assert f"--budget tokens={2 * most}" in error["hint"]
    assert shop.status("b") == "dispatched", "it is given back, not failed"
    assert shop.orch.quick("--json", *shop.argv("done")).status == 10, "and rests for a while"
    worked = shop.orch.ok(*shop.argv("done", flags=("--until-idle",)))
    assert worked["turns"] == []


def test_until_idle_tells_the_refusal_as_a_problem(shop: Shop) -> None:
    shop.task("a", mode="analysis")
    shop.orch.ok("run", "budget", "--run", "r", "--budget", "turns=0")
    worked = shop.orch.ok(*shop.argv("done", harness="command", flags=("--until-idle",)))
    assert worked["turns"] == []
    problem, = worked["problems"]  # fmt: skip
    assert "has spent its budget, 0 of 0 turns" in problem and "orch run budget" in problem


def test_an_answered_question_starts_no_turn_in_a_spent_run(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    with shop.start("ask=which?", "ok") as running:
        shop.orch.ok("wait", "--run", "r", "--for", "task_blocked")
        shop.orch.ok("run", "budget", "--run", "r", "--budget", "turns=1")
        shop.orch.ok("answer", "--run", "r", "--task", "t", "--body", "this")
        worked = running.wait().data
    assert [t["outcome"] for t in worked["turns"]] == ["waiting"]
    assert "1 of 1 turns" in worked["problems"][0]
    assert shop.status() == "dispatched"
