"""What a reviewer hands in: checked on request, kept as it is, told what to mend."""

import json

import pytest

from council.review_schema import example_review
from tests.support.cli import Cli
from tests.support.councils import ROLES, Council, finding, review

ME = ROLES[2]


@pytest.fixture
def council(inbox: Cli) -> Council:
    made = Council(inbox)
    made.start("--mode", "code-review")
    return made


MENDED = [
    ("I could not read it", "not readable JSON"),
    (review(ME, finding("x", score=1)), "score"),
    (review(ME, {"title": "x"}), "summary"),
    (review("architecture-reviewer"), "reviewer_role"),
    ({"findings": []}, "reviewer_role"),
    (review(ME, finding("x", severity="blocker")), "severity: must be one of critical, high"),
    (review(ME, finding("x", action="nuke")), "action: must be one of add, remove"),
    (
        review(ME, finding("x", confidence="sure")),
        "confidence: must be one of low, medium, high or",
    ),
    (example_review("code-review", ME), "findings[0].title: must not be"),
    (review(ME, *[finding("x")] * 51), "findings"),
    (
        review(ME, verdict="maybe"),
        "verdict: must be one of approve, revise, block, abstain or null",
    ),
]


@pytest.mark.parametrize(("body", "says"), MENDED, ids=[says for _, says in MENDED])
def test_validate_says_what_to_mend_and_touches_nothing(council, body, says):
    council.claim(ME)
    before = council.inbox.ok("show", "--thread", council.threads[ME])
    answer = council.done(ME, body, "--validate")
    assert answer.error["code"] == "invalid_input"
    assert says in answer.error["message"]
    after = council.inbox.ok("show", "--thread", council.threads[ME])
    assert after["messages"] == before["messages"]
    assert council.done(ME, review(ME), "--validate").status == 0


@pytest.mark.parametrize(
    "text", ["Done:\n```json\n{}\n```\nBye", '{"result": {}}', "so: {}, that is all"]
)
def test_validate_reads_what_the_tally_reads(council, text):
    for other in ROLES[:2]:
        council.answer(other, review(other))
    council.claim(ME)
    whole = json.dumps(review(ME, finding("x", category="licensing")))
    assert council.done(ME, text.replace("{}", whole), "--validate").status == 0
    assert council.ok("tally")["reviewers"][2]["findings"] == 1


@pytest.mark.parametrize("role", [ME, "risk"])
def test_a_role_may_be_given_without_its_suffix(council, role):
    for other in ROLES[:2]:
        council.answer(other, review(other))
    council.claim(ME)
    assert council.done(ME, review(role, finding("x")), "--validate").status == 0
    (group,) = council.ok("tally")["groups"]
    assert group["reviewers"] == ["risk-reviewer"]


def test_ten_megabytes_are_refused_by_the_bus(council):
    council.claim(ME)
    big = json.dumps(review(ME, *[finding("x", summary="y" * 200_000)] * 50))
    error = council.done(ME, big).error
    assert (error["code"], error["reason"]) == ("invalid_input", "text")


def test_a_new_attempt_is_told_the_same_and_held_to_the_same(council):
    council.fail(ME)
    data = council.orch.ok("retry", "--run", "C1", "--task", "CR3")
    first = council.inbox.ok("show", "--thread", council.threads[ME])
    council.threads[ME] = data["thread"]["thread_id"]
    again = council.inbox.ok("show", "--thread", council.threads[ME])
    assert again["thread"]["expects"] == first["thread"]["expects"]
    told = first["messages"][0]["body"].partition("\n\n")[2]  # Each attempt has its own place.
    assert told.replace("/attempt-1", "/attempt-2") in again["messages"][0]["body"]
    council.claim(ME)
    assert council.done(ME, "{}", "--validate").error["code"] == "invalid_input"
    council.answer(ROLES[0], review(ROLES[0]))
    council.answer(ROLES[1], review(ROLES[1]))
    assert council.done(ME, review(ME)).status == 0
    assert council.ok("tally")["status"] == "complete"
