"""wait: what is so already, what happens next, the end of a run, and the end of patience."""

from pathlib import Path

import pytest

from schema.steps import quoted
from tests.support import runs
from tests.support.runs import Lead

FOREVER = ("--timeout-seconds", "20")


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def at_work(lead: Lead, task: str) -> dict:
    lead.task(task)
    sent = lead.dispatch(task, mode="analysis")
    lead.claim(sent)
    return sent


def kind(woken: dict) -> tuple[str, str | None]:
    return woken["event"]["event_type"], woken["task"] and woken["task"]["task_id"]


def test_it_wakes_at_once_on_what_is_so_already(lead: Lead) -> None:
    sent = at_work(lead, "a")
    lead.ask(sent)
    woken = lead.do("wait", *FOREVER)
    assert kind(woken) == ("task_blocked", "a")
    assert woken["woke"] is True
    assert woken["attempt"]["attempt_no"] == 1
    assert woken["run"]["status"] == "blocked"
    assert woken["next_event_id"] == woken["event"]["event_id"]


def test_going_on_after_each_event_meets_everything_once(lead: Lead) -> None:
    """What was so before the first wait and was told later is not jumped over."""
    work = {name: at_work(lead, name) for name in ("a", "b", "c")}
    for name, sent in work.items():
        lead.done(sent) if name == "b" else lead.fail(sent)
        lead.do("reconcile")
    seen = []
    after: tuple[str, ...] = ()
    for _ in range(4):
        woken = lead.do("wait", *FOREVER, *after)
        seen.append(kind(woken))
        after = ("--after-event", str(woken["next_event_id"]))
    assert seen == [
        ("task_failed", "a"), ("task_done", "b"), ("task_failed", "c"), ("run_done", None),
    ]  # fmt: skip


def test_a_question_that_is_answered_is_nothing_to_wake_for(lead: Lead) -> None:
    sent = at_work(lead, "a")
    lead.ask(sent)
    lead.do("answer", "--task", "a", "--body", "b")
    words = ("wait", "--for", "task_blocked", "--timeout-seconds", "0.2")
    lead.refuse("no_matching_work", "timeout", *words)
    with lead.orch.start("--json", *words[:3], "--run", "r", *FOREVER) as waiting:
        waiting.asleep(lead.store)
        lead.ask(sent, "and now?")
        assert kind(waiting.wait().data) == ("task_blocked", "a")


@pytest.mark.parametrize("end", ["done", "fail", "cancel", "block"])
def test_it_sleeps_until_the_worker_has_spoken(lead: Lead, end: str) -> None:
    sent = at_work(lead, "a")
    with lead.orch.start("--json", "wait", "--run", "r", *FOREVER) as waiting:
        waiting.asleep(lead.store)
        if end == "cancel":
            lead.do("cancel", "--task", "a")
        else:
            {"done": lead.done, "fail": lead.fail, "block": lead.ask}[end](sent)
        woken = waiting.wait().data
    told = {"done": "task_done", "fail": "task_failed", "cancel": "task_cancelled",
            "block": "task_blocked"}[end]  # fmt: skip
    assert kind(woken) == (told, "a"), "waiting reconciles: nobody else did"


def test_it_waits_for_what_it_was_asked_for_only(lead: Lead) -> None:
    one, two = at_work(lead, "a"), at_work(lead, "b")
    words = ("--json", "wait", "--run", "r", "--for", "task_failed,task_cancelled", *FOREVER)
    with lead.orch.start(*words) as waiting:
        waiting.asleep(lead.store)
        lead.done(one)
        lead.fail(two)
        assert kind(waiting.wait().data) == ("task_failed", "b")
    lead.refuse("invalid_input", "value", "wait", "--for", "task_eaten")


def test_after_an_event_only_what_came_later_counts(lead: Lead) -> None:
    one, two = at_work(lead, "a"), at_work(lead, "b")
    lead.done(one)
    first = lead.do("wait", *FOREVER)
    words = ("--after-event", str(first["next_event_id"]))
    lead.refuse("no_matching_work", "timeout", "wait", *words, "--timeout-seconds", "0.2")
    lead.done(two)
    assert kind(lead.do("wait", *words, *FOREVER)) == ("task_done", "b")


def test_a_lapsed_lease_wakes_it_although_nothing_was_written(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    words = ("--json", "wait", "--run", "r", "--for", "task_stale", *FOREVER)
    with lead.orch.start(*words) as waiting:
        waiting.asleep(lead.store)
        lead.claim(sent, "w1", "--lease-seconds", "0.3")
        woken = waiting.wait().data
    assert kind(woken) == ("task_stale", "a")
    assert woken["attempt"]["liveness"] == "stale"
    assert kind(lead.do(*words[1:2], *words[4:])) == ("task_stale", "a"), "so already"


def test_verifying_is_waitable(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    assert kind(lead.do("wait", *FOREVER)) == ("task_verifying", "a")


@pytest.mark.parametrize("end", ["done", "failed", "blocked", "cancelled"])
def test_run_done_carries_the_status_of_the_run(lead: Lead, end: str) -> None:
    lead.task("a")
    if end == "blocked":
        lead.task("behind", "--depends-on", "a")
    words = ("wait", "--for", "run_done")
    if end in ("done", "failed"):
        sent = lead.dispatch("a", mode="analysis")
        lead.claim(sent)
        lead.done(sent) if end == "done" else lead.fail(sent)
    else:
        lead.do("cancel", "--task", "a")
    woken = lead.do(*words, *FOREVER)
    assert kind(woken) == ("run_done", None)
    assert woken["event"]["payload"] == {"status": end}
    assert (woken["event"]["status"], woken["run"]["status"]) == (end, end)


def test_a_run_that_goes_on_after_all_ends_again(lead: Lead) -> None:
    sent = at_work(lead, "a")
    lead.fail(sent)
    words = ("wait", "--for", "run_done")
    first = lead.do(*words, *FOREVER)
    new = lead.do("retry", "--task", "a")
    lead.refuse("no_matching_work", "timeout", *words, "--timeout-seconds", "0.2")
    lead.claim(new)
    lead.done(new)
    again = lead.do(*words, *FOREVER)
    assert again["next_event_id"] > first["next_event_id"]
    assert [e["status"] for e in lead.events("run_done")] == ["failed", "done"]


def test_an_empty_run_has_no_end(lead: Lead) -> None:
    lead.refuse("no_matching_work", "timeout", "wait", "--timeout-seconds", "0.2")


def test_patience_ends_with_data_and_a_command_that_differs(lead: Lead) -> None:
    lead.task("a")
    answer = lead.orch.run("--json", "wait", "--run", "r", "--timeout-seconds", "0.2")
    assert (answer.status, answer.error["retry"]) == (10, "later")
    data = answer.json["data"]
    newest = lead.events()[-1]["event_id"]
    assert (data["woke"], data["next_event_id"]) == (False, newest)
    assert f"--seen {newest} --timeout-seconds 0.2" in data["resume"]
    said = ""
    for _ in range(2):
        assert data["resume"] != said, "never the same command again: clients punish it"
        assert data["resume"] in answer.error["hint"]
        said = data["resume"]
        answer = lead.orch.run("--json", *said.split()[1:])
        assert answer.status == 10
        data = answer.json["data"]
        assert data["next_event_id"] == newest


def test_the_resume_command_is_for_the_same_store(lead: Lead) -> None:
    answer = lead.orch.run(
        "--json", "--db", lead.orch.where, "wait", "--run", "r", "--for", "task_done",
        "--timeout-seconds", "0.1", cwd=lead.home,
    )  # fmt: skip
    resume = answer.json["data"]["resume"]
    assert resume.startswith(
        f"orch --db {quoted(lead.orch.where)} wait --run r --for task_done --after-event "
    )


def test_a_stopped_wait_says_how_to_go_on(lead: Lead) -> None:
    with lead.orch.start("wait", "--run", "r", "--timeout-seconds", "0") as waiting:
        waiting.asleep(lead.store)
        waiting.signal(15)
        answer = waiting.wait()
    assert answer.status == 143
    assert "go on with: orch wait --run r" in answer.err
