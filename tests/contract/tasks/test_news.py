"""wait without --for: all news of a leader at once, told once; again only if a wait was killed."""

import json
from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from tests.support import runs
from tests.support.runs import Lead

SOON = ("--timeout-seconds", "0.1")
FOREVER = ("--timeout-seconds", "20")
CHECK = jsonschema.Draft202012Validator(shapes.schemas()["wait"])


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def at_work(lead: Lead, *tasks: str, run: str = "r") -> dict[str, dict]:
    found = {}
    for task in tasks:
        lead.task(task, run=run)
        found[task] = lead.dispatch(task, mode="analysis", run=run)
        lead.claim(found[task])
    return found


def told(lead: Lead, *flags: str, **how: object) -> dict:
    data = lead.do("wait", *(flags or FOREVER), **how)
    CHECK.validate(data)
    return data


def kinds(data: dict) -> list[tuple[str, str | None]]:
    return [(one["kind"], one["task_id"]) for one in data["news"]]


def quiet(lead: Lead, *flags: str, **how: object) -> dict:
    """Return the data of a wait that has nothing new to tell."""
    answer = lead.orch.quick("--json", "wait", "--run", "r", *SOON, *flags, **how)
    assert answer.error["reason"] == "timeout", answer
    return answer.json["data"] | {"message": answer.error["message"]}


def test_all_news_come_at_once_the_most_urgent_first_each_with_its_command(lead: Lead) -> None:
    work = at_work(lead, "a", "b", "c", "d")
    lead.done(work["a"])
    lead.fail(work["b"], why="no key")
    lead.ask(work["c"], "which store?")
    data = told(lead)
    assert kinds(data) == [("question", "c"), ("failed", "b"), ("done", "a")]
    question, failed, done = data["news"]
    assert (question["command"], question["text"]) == (
        "orch answer r/c --body TEXT",
        "which store?",
    )
    assert (failed["command"], failed["text"]) == ("orch retry r/b", "no key")
    assert done["command"] is None
    assert (data["woke"], data["again"], data["still_waiting"]) == (True, False, 0)
    assert (data["event"]["event_type"], data["task"]["task_id"]) == ("task_blocked", "c")
    assert data["next_event_id"] == data["event"]["event_id"]


def test_what_was_told_is_not_told_again(lead: Lead) -> None:
    work = at_work(lead, "a", "b")
    lead.ask(work["a"])
    told(lead)
    left = quiet(lead)
    assert (left["still_waiting"], left["news"], left["again"]) == (1, [], False)
    assert "1 still waits for you" in left["message"]
    lead.fail(work["b"])
    data = told(lead)
    assert (kinds(data), data["again"], data["still_waiting"]) == ([("failed", "b")], False, 1)


def test_a_second_question_is_news_the_same_one_is_not(lead: Lead) -> None:
    sent = at_work(lead, "a")["a"]
    lead.ask(sent, "which?")
    assert kinds(told(lead)) == [("question", "a")]
    lead.do("reconcile")
    quiet(lead)
    lead.do("answer", "--task", "a", "--body", "this one")
    assert quiet(lead)["still_waiting"] == 0
    lead.go_on(sent)
    lead.ask(sent, "and now?")
    assert told(lead)["news"][0]["text"] == "and now?"


def test_again_tells_what_still_waits_and_moves_nothing(lead: Lead) -> None:
    work = at_work(lead, "a", "b")
    lead.ask(work["a"])
    told(lead)
    for _ in range(2):
        data = told(lead, "--again")
        assert (kinds(data), data["again"], data["news"][0]["again"]) == (
            [("question", "a")],
            True,
            True,
        )
    lead.fail(work["b"])
    assert kinds(told(lead, "--again")) == [("question", "a"), ("failed", "b")]
    assert kinds(told(lead)) == [("failed", "b")], "being shown again is not being told"
    lead.do("answer", "--task", "a", "--body", "x")
    lead.do("cancel", "--task", "b")
    lead.refuse("no_matching_work", "empty", "wait", "--again")


@pytest.mark.parametrize("point", ["told.offered", "told.printed", "told.delivered"])
def test_a_wait_that_is_killed_loses_nothing(lead: Lead, point: str) -> None:
    """Killed before delivery was noted: told again, and said so. After it: never again (I23)."""
    work = at_work(lead, "a", "b")
    lead.ask(work["a"])
    words = ("--json", "wait", "--run", "r", *FOREVER)
    died = lead.orch.run(*words, env={"ORCH_CRASH_AT": point})
    assert died.status == -9
    printed = json.loads(died.out)["data"]["news"] if died.out else []
    assert bool(printed) == (point != "told.offered")
    lead.fail(work["b"])
    data = told(lead)
    if point == "told.delivered":
        assert kinds(data) == [("failed", "b")] and data["again"] is False
    else:
        assert kinds(data) == [("question", "a"), ("failed", "b")]
        assert [one["again"] for one in data["news"]] == [True, False]
        assert data["again"] is True
        assert not printed or printed[0]["kind"] == "question"


def test_an_answer_that_nobody_could_read_is_told_again(lead: Lead) -> None:
    sent = at_work(lead, "a")["a"]
    lead.ask(sent)
    with open("/dev/full", "wb") as full:
        words = ("wait", "--run", "r", *FOREVER)
        with lead.orch.start(*words, stdout=full.fileno()) as running:
            assert running.process.wait(20) == 75
    data = told(lead)
    assert (kinds(data), data["again"]) == ([("question", "a")], True)


def test_each_leader_has_a_place_of_its_own(lead: Lead) -> None:
    sent = at_work(lead, "a")["a"]
    lead.ask(sent)
    told(lead)
    other = lead.orch.at(INBOX_AGENT="ana")
    data = other.ok("wait", "--run", "r", *FOREVER)
    assert (kinds(data), data["again"]) == ([("question", "a")], False)
    quiet(lead)
    lead.orch.at(INBOX_AGENT="a b").refuse("invalid_input", "value", "wait", "--run", "r")


def test_seen_moves_the_place_forward_only(lead: Lead) -> None:
    work = at_work(lead, "a", "b")
    lead.ask(work["a"])
    died = lead.orch.run("--json", "wait", "--run", "r", env={"ORCH_CRASH_AT": "told.printed"})
    seen = json.loads(died.out)["data"]["seen"]
    lead.fail(work["b"])
    data = told(lead, "--seen", str(seen), *FOREVER)
    assert (kinds(data), data["again"]) == ([("failed", "b")], False), "the number acknowledges"
    quiet(lead, "--seen", str(seen - 1))
    last = str(lead.events()[-1]["event_id"] + 1)
    lead.refuse("invalid_input", "value", "wait", "--seen", last)


def test_for_and_after_event_leave_the_place_alone(lead: Lead) -> None:
    sent = at_work(lead, "a")["a"]
    lead.ask(sent)
    one = lead.do("wait", "--for", "task_blocked", *FOREVER)
    assert "news" not in one
    assert "news" not in lead.do("wait", "--after-event", "0", *FOREVER)
    assert kinds(told(lead)) == [("question", "a")]
    assert lead.do("wait", "--for", "task_blocked", *FOREVER)["event"] == one["event"], "it holds"
    for flags in (("--seen", "1"), ("--again",), ("--all",)):
        lead.refuse("invalid_input", "flag", "wait", "--for", "task_done", *flags)
    lead.orch.refuse("invalid_input", "flag", "wait", "--for", "task_done")


def test_new_and_ready_tasks_can_be_waited_for(lead: Lead) -> None:
    lead.task("a")
    after = str(lead.events()[-1]["event_id"])
    words = ("--json", "wait", "--run", "r", "--after-event", after, *FOREVER)
    with lead.orch.start(*words, "--for", "task_added") as added:
        added.asleep(lead.store)
        lead.task("b", "--depends-on", "a")
        assert added.wait().data["task"]["task_id"] == "b"
    with lead.orch.start(*words, "--for", "task_ready") as ready:
        ready.asleep(lead.store)
        lead.do("cancel", "--task", "a")
        lead.do("dep", "rm", "--task", "b", "--depends-on", "a")
        assert ready.wait().data["task"]["task_id"] == "b"
    assert lead.do("wait", "--for", "task_ready", *FOREVER)["task"]["task_id"] == "b", "holds now"


def test_all_open_runs_at_once_and_the_only_one_by_itself(lead: Lead) -> None:
    sent = at_work(lead, "a")["a"]
    lead.ask(sent)
    assert kinds(lead.orch.ok("wait", *FOREVER)) == [("question", "a")]
    lead.run(run="s")
    error = lead.orch.refuse("invalid_input", "flag", "wait")
    assert "r" in error["message"] and "s" in error["message"]
    other = at_work(lead, "b", run="s")["b"]
    with lead.orch.start("--json", "wait", "--all", *FOREVER) as waiting:
        waiting.asleep(lead.store)
        lead.fail(other)
        data = waiting.wait().data
    assert [(one["run_id"], *kinds({"news": [one]})[0]) for one in data["news"]] == [
        ("s", "failed", "b"), ("s", "run_done", None),
    ]  # fmt: skip
    assert data["resume"].startswith("orch wait --all --seen ")
    lead.refuse("invalid_input", "flag", "wait", "--all")


def test_plain_words_fit_a_screen_and_paste(lead: Lead) -> None:
    work = at_work(lead, "a", "b", "c")
    lead.done(work["a"])
    lead.fail(work["b"], why="no\x1b[2J key")
    lead.ask(work["c"], "which store?")
    said = lead.orch.say("wait", "--run", "r", *FOREVER)
    first, question, failed, done, *rest = said.splitlines()
    assert first.startswith("2 need you, 1 done since ")
    assert question.startswith("? r/c asks: which store?") and "$ orch answer r/c" in question
    assert "\x1b" not in failed and "$ orch retry r/b" in failed
    assert done == "✓ done: r/a"
    assert rest[-1].startswith("next: orch wait --run r --seen ")
    assert lead.orch.say("wait", "--run", "r", "--again").startswith("2 need you (again: ")


def test_sixteen_waits_of_one_leader_miss_nothing(lead: Lead) -> None:
    """Two at once may both get a piece; none of it is missed by all, and the place is right."""
    work = at_work(lead, *"abcdefgh")
    waiting = [
        lead.orch.start("--json", "wait", "--run", "r", "--timeout-seconds", "6") for _ in range(16)
    ]
    heard: set[tuple[str, str | None]] = set()
    try:
        for one in waiting:
            one.asleep(lead.store)
        for sent in work.values():
            lead.fail(sent)
        answers = [one.wait() for one in waiting]
    finally:
        for one in waiting:
            one.kill()
    assert {answer.status for answer in answers} <= {0, 10}
    assert any(not answer.status for answer in answers)
    for answer in answers:
        heard |= set(kinds(answer.json["data"]))
    while True:
        answer = lead.orch.quick("--json", "wait", "--run", "r", *SOON)
        if answer.status:
            break
        heard |= set(kinds(answer.data))
    assert {("failed", task) for task in work} <= heard
    assert answer.json["data"]["still_waiting"] == 8


def test_time_makes_needs_too(lead: Lead) -> None:
    """A lapsed lease is no event of anybody's: reconcile records it, the wait tells it."""
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    with lead.orch.start("--json", "wait", "--run", "r", *FOREVER) as waiting:
        waiting.asleep(lead.store)
        lead.claim(sent, "w1", "--lease-seconds", "0.3")
        data = waiting.wait().data
    assert kinds(data) == [("stale", "a")]
    assert data["event"]["event_type"] == "task_stale"
    recorded = lead.events("drive_need")
    assert [one["payload"]["kind"] for one in recorded] == ["stale"]
    lead.do("reconcile")
    quiet(lead)
    assert lead.events("drive_need") == recorded, "recorded once"
