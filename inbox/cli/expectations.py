"""--expects: the JSON Schema that a sender gives, read from a file and checked to be one."""

import json

from inbox import expected_result
from inbox.cli import values
from schema import json_check
from schema.failures import invalid_input


def read_schema(path: str) -> str:
    """Return the JSON Schema in a file as text. Raises: invalid_input."""
    text = json_check.require_object(values.read_text(path, "--expects"), "--expects")
    from jsonschema import exceptions

    try:
        expected_result.validator(text).check_schema(json.loads(text))
    except exceptions.SchemaError as error:
        raise invalid_input(f"--expects is not a JSON Schema: {error.message}", reason="schema")
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
