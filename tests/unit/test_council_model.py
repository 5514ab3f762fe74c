"""The shapes that reviewers must keep, and the schema that tells them."""

import json
from itertools import product

import jsonschema
import pytest
from pydantic import ValidationError

from council.model import (
    ACTIONS,
    CATEGORIES,
    MODES,
    ROLES,
    Answer,
    Finding,
    Review,
    agent_name,
    example_review,
    review_schema,
)
from tests.bench.council_examples import finding

REQUIRED = ("title", "summary", "proposal", "rationale", "confidence", "tags", "target_refs")


@pytest.mark.parametrize(("mode", "role"), list(product(MODES, ROLES)))
def test_the_example_satisfies_the_schema_and_the_model(mode, role):
    schema = review_schema(mode, role)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(example_review(mode, role), schema)
    review = Review.model_validate_json(json.dumps(example_review(mode, role)))
    assert review.reviewer_role == role


@pytest.mark.parametrize("mode", MODES)
def test_the_schema_forbids_what_the_model_forbids(mode):
    schema = review_schema(mode)
    assert schema["additionalProperties"] is False
    assert all(
        definition["additionalProperties"] is False
        for name, definition in schema["$defs"].items()
        if name != "JsonValue"
    )
    assert tuple(schema["$defs"]["Finding"]["required"]) == REQUIRED


@pytest.mark.parametrize("mode", MODES)
def test_the_schema_offers_the_words_of_its_mode(mode):
    fields = review_schema(mode)["$defs"]["Finding"]["properties"]
    assert fields["action"]["anyOf"][0]["enum"] == list(ACTIONS[mode])
    assert fields["category"]["anyOf"][0]["enum"] == list(CATEGORIES[mode])


def test_a_schema_for_one_role_refuses_the_others():
    schema = review_schema("brainstorm", "risk")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example_review("brainstorm", "architecture"), schema)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_be_given_as_its_agents_name(role):
    document = example_review("brainstorm", role) | {"reviewer_role": agent_name(role)}
    jsonschema.validate(document, review_schema("brainstorm", role))
    assert Review.model_validate(document).reviewer_role == role


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
        {"category": "misc"},
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
    review = Review(reviewer_role="risk", findings=()) if state == "failed" else None
    with pytest.raises(ValidationError, match="exactly when"):
        Answer(reviewer_role="risk", state=state, review=review)
