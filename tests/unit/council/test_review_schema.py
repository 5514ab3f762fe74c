"""What a reviewer is asked for: the schema on its thread and the example in its brief."""

import json
from itertools import product
from pathlib import Path

import jsonschema
import pytest

import council
from council.model import Review
from council.review_schema import example_review, review_schema
from council.vocabulary import ACTIONS, CATEGORIES, MODES, ROLES

REQUIRED = ("title", "summary", "proposal", "rationale", "confidence", "tags", "target_refs")


def test_the_schema_file_is_the_model():
    written = Path(council.__path__[0], "review.schema.json")
    described = json.dumps(Review.model_json_schema(mode="validation"), indent=1) + "\n"
    assert written.read_text() == described, f"write what pydantic says into {written}"


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
    assert all(word in fields["category"]["description"] for word in CATEGORIES[mode])


def test_a_schema_for_one_role_refuses_the_others():
    schema = review_schema("brainstorm", "risk-reviewer")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example_review("brainstorm", "architecture-reviewer"), schema)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_be_given_without_its_suffix(role):
    short = role.removesuffix("-reviewer")
    document = example_review("brainstorm", role) | {"reviewer_role": short}
    jsonschema.validate(document, review_schema("brainstorm", role))
    assert Review.model_validate(document).reviewer_role == role
