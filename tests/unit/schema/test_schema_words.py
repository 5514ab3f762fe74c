"""What a schema finds wrong, in words: allowed values named, no wrong alternative blamed."""

import json

import pytest

from inbox import expected_result
from schema.failures import Failure

WORD = {"anyOf": [{"enum": ["low", "high"], "type": "string"}, {"type": "null"}]}
TASKS = {
    "anyOf": [
        {"type": "object", "properties": {"id": {"type": "string"}}, "additionalProperties": False,
         "required": ["id"]},
        {"type": "array"},
    ]
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {
        "severity": WORD,
        "confidence": {"anyOf": [{"enum": ["low"]}, {"type": "number", "maximum": 1}]},
        "tasks": TASKS,
        "title": {"type": "string", "minLength": 3, "placeholder": "EXAMPLE title"},
        "rows": {"type": "array", "uniqueItems": True, "maxItems": 2},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"severity": "urgent"}, "severity: must be one of low, high or null"),
        ({"confidence": 1.5}, "confidence: must be at most 1"),
        ({"confidence": "sure"}, "confidence: must be low or a number"),
        ({"tasks": {"id": "a", "colour": 1}}, "tasks.colour: unknown field, remove it"),
        ({"tasks": {}}, "tasks.id: required, add it"),
        ({"tasks": "all"}, "tasks: must be an object or a list"),
        ({"title": "x"}, "title: must have at least 3 characters"),
        ({"title": " EXAMPLE  title"}, "write your own"),
        ({"rows": [1, 1]}, "rows: holds an entry twice"),
        ({"rows": [1, 2, 3]}, "rows: must have at most 2 entries"),
        ({"odd\x1b": 1}, "'odd\\x1b': unknown field, remove it"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fault_says_what_to_mend(document, says):
    with pytest.raises(Failure) as caught:
        expected_result.require_valid(json.dumps(SCHEMA), json.dumps(document))
    assert says in caught.value.message
    assert caught.value.message.isprintable()


def test_a_document_is_found_in_prose_only_where_its_reader_finds_it_there():
    text = 'So: ```json\n{"severity": "low"}\n```'
    lenient = SCHEMA | {"readFromText": "severity", "required": ["severity"]}
    expected_result.require_valid(json.dumps(lenient), text)
    with pytest.raises(Failure, match="not JSON"):
        expected_result.require_valid(json.dumps(SCHEMA), text)
