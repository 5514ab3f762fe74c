"""The shapes that reviewers must keep."""

import pytest
from pydantic import ValidationError

from council.model import Answer, Finding, Review
from tests.bench.council_examples import finding

REQUIRED = ("title", "summary", "proposal", "rationale", "confidence", "tags", "target_refs")


@pytest.mark.parametrize("missing", REQUIRED)
def test_each_of_the_seven_fields_is_required(missing):
    document = finding("a").model_dump()
    del document[missing]
    with pytest.raises(ValidationError, match=missing):
        Finding.model_validate(document)


@pytest.mark.parametrize(
    "fields",
    [
        {"severity": "blocker"},
        {"action": "nuke"},
        {"category": ""},
        {"category": "x" * 65},
        {"confidence": "certain"},
        {"confidence": 1.5},
        {"confidence": True},
        {"line_start": 0},
        {"line_start": "3"},
        {"line_start": 2.0},
        {"title": " \n"},
        {"title": "x" * 301},
        {"tags": [""]},
        {"target_refs": []},
        {"score": 1},
    ],
    ids=str,
)
def test_a_finding_is_taken_strictly(fields):
    with pytest.raises(ValidationError):
        Finding.model_validate(finding("a").model_dump() | fields)


def test_optional_fields_may_be_null():
    document = finding("a").model_dump()
    assert {name for name, value in document.items() if value is None} == set(
        Finding.model_fields
    ) - set(REQUIRED)


def test_models_are_frozen():
    with pytest.raises(ValidationError):
        finding("a").title = "b"


@pytest.mark.parametrize("state", ["failed", "answered"])
def test_an_answer_has_a_review_exactly_when_it_answered(state):
    review = Review(reviewer_role="risk-reviewer", findings=()) if state == "failed" else None
    with pytest.raises(ValidationError, match="exactly when"):
        Answer(reviewer_role="risk-reviewer", state=state, review=review)
