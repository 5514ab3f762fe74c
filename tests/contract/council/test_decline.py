"""council decline and start --since: a person's word that a point is not wanted, carried on."""

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.councils import ROLES, Council, finding, review

NAMES = finding("Rename the generated module", summary="Its name says nothing.", severity="low")
NAMES_TOO = finding("The generated module should be renamed", summary="The name says nothing.")
QUEUE = finding("Bound the job queue", summary="It grows without a bound.", severity="high")


@pytest.fixture
def council(inbox: Cli) -> Council:
    """A council of which the group about names was declined."""
    made = Council(inbox)
    made.start("--mode", "code-review")
    made.answer_all(a=[NAMES, QUEUE], i=[NAMES])
    made.ok("tally")
    return made


def group_of(data: dict, title: str) -> dict:
    return next(group for group in data["groups"] if group["title"] == title)


def declined(council: Council) -> dict:
    group = group_of(council.ok("tally"), NAMES["title"])
    return council.ok("decline", "--group", group["group_id"], "--reason", "It is generated.")


def later(council: Council, *more: str) -> Council:
    other = Council(council.inbox, "C2")
    data = other.start("--mode", "code-review", "--since", "C1", *more)
    assert (data["since"], data["declined"]) == ("C1", 1)
    return other


def test_what_was_declined_is_left_out_with_its_reason_and_counted(council):
    declined(council)
    other = later(council)
    other.answer_all(a=[NAMES_TOO, QUEUE], i=[NAMES])
    data = other.ok("tally")
    assert [group["title"] for group in data["groups"]] == [QUEUE["title"]]
    (gone,) = data["left_out"]
    assert (gone["declined_in"], gone["reason"]) == ("C1", "It is generated.")
    assert len(gone["group"]["members"]) == 2
    assert data["summary"] == {"consensus": 0, "majority": 0, "minority": 1}
    text = Path(other.ok("report")["markdown_path"]).read_text()
    assert "1 left out, declined before" in text
    assert "declined in `C1`: It is generated." in text
    assert "1 left out: declined before" in other.orch.say("council", "tally", "--run", "C2")


def test_what_comes_back_graver_or_beside_something_new_stays(council):
    declined(council)
    other = later(council)
    other.answer(ROLES[0], review(ROLES[0], NAMES | {"severity": "critical"}))
    other.answer(ROLES[1], review(ROLES[1]))
    other.answer(ROLES[2], review(ROLES[2]))
    data = other.ok("tally")
    assert (data["verdict"], data["left_out"]) == ("block", [])


def test_a_word_carries_on_through_councils_and_rounds(council):
    declined(council)
    later(council)
    third = Council(council.inbox, "C3")
    data = third.start("--mode", "code-review", "--since", "C2", "--rounds", "2")
    assert data["declined"] == 1
    third.answer_all(a=[NAMES], i=[NAMES])
    third.round_two()
    for role in ROLES:
        third.vote(role, "nothing")
    assert [g["declined_in"] for g in third.ok("tally")["left_out"]] == ["C1"]


def test_a_group_is_named_by_its_number_too_and_a_word_is_given_once(council):
    data = council.ok("decline", "--group", "1", "--reason", "no")
    assert data["title"] == group_of(council.ok("tally"), data["title"])["title"]
    assert council.ok("decline", "--group", data["group_id"], "--reason", "no") == data
    council.refuse("invalid_state", "duplicate", "decline", "--group", "1", "--reason", "other")
    error = council.refuse("not_found", "council", "decline", "--group", "grp_x", "--reason", "no")
    assert error["message"].endswith("has no group 'grp_x'")
    council.refuse("invalid_input", "value", "decline", "--group", "2", "--reason", " ")
    assert [e["event_type"] for e in council.events()].count("council_decline") == 1


def test_it_is_a_persons_word(council):
    council.orch.env = council.orch.env | {"ORCH_TURN": "1"}
    error = council.refuse(
        "refused", "approval_required", "decline", "--group", "1", "--reason", "no"
    )
    assert "outside" in error["hint"] + error["message"]


def test_before_a_tally_or_without_a_council_there_is_nothing_to_decline(inbox):
    made = Council(inbox)
    made.start()
    made.refuse("invalid_state", "not_yet", "decline", "--group", "1", "--reason", "no")
    made.orch.refuse("not_found", "run", "council", "start", "--run", "C2", "--target", "x",
                     "--since", "C9")  # fmt: skip
