"""Three answers become one tally: levels, order, roster, revisions."""

import json

import pytest

from council.locations import parse_diff
from council.model import Answer, Review, Tally, parse_tally
from council.tally import canonical, fingerprint, tally_answers
from council.vocabulary import ROLES
from tests.bench.council_examples import answer, finding

QUEUE = finding("Bound the job queue", severity="high")
RACE = finding("Read the lease in the transaction", severity="critical")
TYPO = finding("Spelling in the guide", severity="low")


def missing(role, state="failed", reason="its process was killed"):
    return Answer(reviewer_role=role, state=state, reason=reason)


def tally(*answers, **options):
    return tally_answers("R1", "code-review", answers, **options)


THREE = (
    answer("architecture-reviewer", QUEUE, TYPO, verdict="revise"),
    answer("implementation-reviewer", QUEUE, verdict="approve"),
    answer("risk-reviewer", RACE, QUEUE, verdict="approve"),
)


def test_levels_count_distinct_reviewers_and_set_the_order():
    result = tally(*THREE)
    assert [(g.level, g.title, g.reviewers) for g in result.groups] == [
        ("consensus", QUEUE.title, ROLES),
        ("minority", RACE.title, ("risk-reviewer",)),
        ("minority", TYPO.title, ("architecture-reviewer",)),
    ]
    assert result.summary.model_dump() == {"consensus": 1, "majority": 0, "minority": 2}
    assert (result.status, result.verdict, result.algorithm) == (
        "complete",
        "block",
        "council-group/2",
    )


def test_every_member_keeps_its_whole_text_and_place_in_the_review():
    group = tally(*THREE).groups[0]
    assert [(m.reviewer_role, m.index) for m in group.members] == [
        ("architecture-reviewer", 0),
        ("implementation-reviewer", 0),
        ("risk-reviewer", 1),
    ]
    assert all(m.model_dump(include=set(QUEUE.model_dump())) == QUEUE.model_dump()
               for m in group.members)  # fmt: skip


def test_two_of_two_is_a_majority_and_never_consensus():
    result = tally(*THREE[:2], missing("risk-reviewer"))
    assert result.status == "partial"
    assert result.groups[0].level == "majority"
    assert result.groups[0].unanimous_of_responders
    assert not result.groups[1].unanimous_of_responders
    roster = result.reviewers[2]
    assert (roster.state, roster.reason, roster.findings) == (
        "failed",
        "its process was killed",
        0,
    )


def test_two_of_three_who_answered_is_not_unanimous():
    result = tally(*THREE[:2], answer("risk-reviewer"))
    assert result.groups[0].level == "majority"
    assert not result.groups[0].unanimous_of_responders


def test_below_the_quorum_findings_are_listed_without_a_verdict():
    result = tally(
        missing("architecture-reviewer"), missing("implementation-reviewer", "cancelled"), THREE[2]
    )
    assert (result.status, result.verdict, len(result.groups)) == ("insufficient", "none", 2)
    one = tally(
        missing("architecture-reviewer"), missing("implementation-reviewer"), THREE[2], quorum=1
    )
    assert (one.status, one.verdict) == ("partial", "block")


def test_nobody_answered():
    result = tally(*map(missing, ROLES))
    assert (result.status, result.verdict, result.groups) == ("failed", "none", ())


def test_the_order_of_answers_never_matters():
    assert canonical(tally(*THREE)) == canonical(tally(*reversed(THREE)))


@pytest.mark.parametrize("answers", [THREE[:2], (*THREE, THREE[0])])
def test_there_is_one_answer_of_each_role(answers):
    with pytest.raises(AssertionError):
        tally(*answers)


def test_a_tally_read_back_equals_itself():
    result = tally(*THREE)
    assert Tally.model_validate_json(canonical(result)) == result


def test_the_fingerprint_changes_with_inputs_and_options_only():
    same = fingerprint(tally(*THREE))
    assert same == fingerprint(tally(*THREE, revision=2))
    assert same != fingerprint(tally(*THREE, similarity="strict"))
    assert same != fingerprint(tally(*THREE[:2], missing("risk-reviewer")))


def test_an_approval_beside_an_own_critical_is_flagged():
    roster = tally(*THREE).reviewers
    assert [one.flags for one in roster] == [(), (), ("verdict_mismatch",)]


def test_a_reviewers_own_repetition_stays_and_is_flagged():
    result = tally(
        answer("architecture-reviewer", QUEUE, QUEUE),
        answer("implementation-reviewer"),
        answer("risk-reviewer"),
    )
    assert [member.flags for group in result.groups for member in group.members] == [
        (),
        ("own_duplicate",),
    ]


def test_lines_that_the_diff_does_not_show_are_nulled():
    diff = parse_diff("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n")
    wrong = finding("Bound the queue", file="x.py", line_start=70)
    result = tally(
        answer("architecture-reviewer", wrong),
        answer("implementation-reviewer"),
        answer("risk-reviewer"),
        diff=diff,
    )
    member = result.groups[0].members[0]
    assert (member.file, member.line_start, member.flags) == (
        "x.py",
        None,
        ("location_unverified",),
    )


def test_groups_in_conflict_are_contested():
    keep = finding("Keep the pool", action="keep", subject="pool")
    drop = finding("Drop the pool", action="remove", subject="pool")
    result = tally(
        answer("architecture-reviewer", drop),
        answer("implementation-reviewer", drop),
        answer("risk-reviewer", keep),
    )
    assert [(g.level, g.contested) for g in result.groups] == [
        ("majority", True),
        ("minority", True),
    ]
    assert len(result.conflicts) == 2


def test_a_block_without_findings_stays_a_block():
    empty = [Answer(reviewer_role=role, state="answered",
                    review=Review(reviewer_role=role, findings=(), verdict="block"))
             for role in ROLES]  # fmt: skip
    assert tally(*empty).verdict == "block"


def test_a_tally_that_an_earlier_version_stored_can_be_read():
    document = json.loads(canonical(tally(*THREE)))
    for new in ("verdict_reason", "left_out"):
        del document[new]
    for one in document["reviewers"]:
        del one["dropped"], one["coverage"]
    found = parse_tally(json.dumps(document))
    assert [group.title for group in found.groups] == [g.title for g in tally(*THREE).groups]
    assert (found.verdict_reason, found.left_out, found.reviewers[0].dropped) == ("", (), 0)
