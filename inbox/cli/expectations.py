"""--expects and done --validate: a result checked against the JSON Schema its sender gave.

Remote references are refused: a schema is data from a peer and fetches nothing.
"""

import json

from inbox.cli import values
from schema import json_check
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHOWN = 5


def read_schema(path: str) -> str:
    """Return the JSON Schema in a file as text. Raises: invalid_input."""
    text = json_check.require_object(values.read_text(path, "--expects"), "--expects")
    from jsonschema import exceptions

    try:
        _validator(text).check_schema(json.loads(text))
    except exceptions.SchemaError as error:
        raise invalid_input(f"--expects is no JSON Schema: {error.message}", reason="schema")
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _validator(schema: str) -> "Any":
    from jsonschema import validators
    from referencing import Registry

    document = json.loads(schema)
    kind = validators.validator_for(document, default=validators.Draft202012Validator)
    return kind(document, registry=Registry())


def require_valid(schema: str, text: str | None) -> None:
    """Raise invalid_input saying what to mend if `text` does not satisfy `schema`."""
    if text is None or not text.strip():
        raise invalid_input(
            "this thread expects a JSON result, and there is none",
            reason="schema",
            hint="give it with --body-file result.json or --payload-json",
        )
    try:
        result = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_input(
            f"the result is not JSON: {error}",
            reason="schema",
            hint="mend it and run the same command again; the thread is untouched",
        )
    from referencing.exceptions import Unresolvable

    try:
        found = sorted(_validator(schema).iter_errors(result), key=lambda e: list(map(str, e.path)))
    except (Unresolvable, RecursionError) as error:
        raise invalid_input(f"the expected schema cannot be applied: {error}", reason="schema")
    if found:
        problems = [
            f"{'.'.join(map(str, error.absolute_path)) or 'the result'}: {error.message[:300]}"
            for error in found
        ]
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise Failure(
            "invalid_input",
            "schema",
            "the result is not what the thread expects: " + "; ".join(problems[:_SHOWN]) + more,
            hint="mend it and run the same command again; the thread is untouched",
            details={"problems": problems[:50]},
        )
