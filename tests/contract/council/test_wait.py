"""council wait: all three have ended, or time has."""

import pytest

from tests.support.cli import Cli
from tests.support.councils import ROLES, Council, review


@pytest.fixture
def council(inbox: Cli) -> Council:
    return Council(inbox)


def test_it_wakes_when_the_last_reviewer_ends(council):
    council.start()
    council.answer(ROLES[0], review(ROLES[0]))
    council.fail(ROLES[1])
    council.claim(ROLES[2])
    with council.orch.start("--json", "council", "wait", "--run", "C1") as waiting:
        waiting.asleep(council.inbox.store)
        assert council.done(ROLES[2], "whatever").status == 0
        data = waiting.wait().data
    assert (data["woke"], data["all_complete"]) == (True, True)
    ended = [(one["reviewer_role"], one["status"]) for one in data["reviewers"]]
    assert ended == list(zip(ROLES, ("done", "failed", "done"), strict=True))
    assert council.ok("wait")["woke"] is True


def test_the_end_of_time_carries_the_same_data_and_another_command(council):
    council.start()
    council.answer(ROLES[0], review(ROLES[0]))
    answer = council.orch.run(
        "--json", "council", "wait", "--run", "C1", "--timeout-seconds", "0.1"
    )
    assert (answer.error["code"], answer.error["reason"]) == ("no_matching_work", "timeout")
    data = answer.json["data"]
    assert (data["woke"], data["all_complete"]) == (False, False)
    assert [one["status"] for one in data["reviewers"]] == ["done", "dispatched", "dispatched"]
    assert "implementation-reviewer is dispatched" in answer.error["message"]
    assert "orch council wait --run C1 --timeout-seconds 0.6" in answer.error["hint"]


def test_a_deadline_ends_the_wait_and_nothing_else(council):
    council.start("--deadline", "0.2s")
    error = council.refuse("no_matching_work", "timeout", "wait", "--timeout-seconds", "0")
    assert "deadline" in error["message"]
    assert "orch council tally --run C1 --partial" in error["hint"]
    for role in ROLES:
        council.answer(role, review(role))
    assert council.ok("wait")["all_complete"] is True
    assert council.ok("tally")["status"] == "complete"


def test_a_reviewer_who_asks_is_pointed_at(council):
    council.start()
    council.claim(ROLES[0])
    asked = ("--status", "blocked", "--body", "Which base?")
    council.inbox.ok("update", "--agent", ROLES[0], "--thread", council.threads[ROLES[0]], *asked)
    error = council.refuse("no_matching_work", "timeout", "wait", "--timeout-seconds", "0.1")
    assert "orch blocked --run C1" in error["hint"]


def test_a_stopped_wait_says_how_to_go_on(council):
    council.start()
    with council.orch.start("council", "wait", "--run", "C1", "--timeout-seconds", "9") as waiting:
        waiting.asleep(council.inbox.store)
        waiting.signal(2)
        answer = waiting.wait()
    assert answer.status == 130
    assert "orch council wait --run C1 --timeout-seconds 9" in answer.err
