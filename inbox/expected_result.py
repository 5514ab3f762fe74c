"""A result checked against the JSON Schema that its sender gave: `done --validate`, `orch retry`.

Pure. Remote references are refused: a schema is data from a peer and fetches nothing. Two keywords
are our own: `readFromText` names the field by which a document is found in prose, since its reader
finds it there too; `placeholder` is a text of an example that must not be left as it stood.
"""

import json

from inbox import schema_words
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

READ_FROM_TEXT = "readFromText"
_SHOWN = 5
_AGAIN = "fix it and run the same command again; the thread is untouched"


def validator(schema: str) -> "Any":
    """Return what checks documents against `schema`, which is JSON text."""
    from jsonschema import validators
    from referencing import Registry

    document = json.loads(schema)
    kind = validators.validator_for(document, default=validators.Draft202012Validator)
    own = validators.extend(kind, {schema_words.PLACEHOLDER: _placeholder})
    return own(document, registry=Registry())


def _placeholder(_: "Any", value: object, instance: object, __: "Any") -> "Iterator[Any]":
    """Refuse a text of the sender's example that was left as it stood: a keyword of our own."""
    from jsonschema import exceptions

    if isinstance(instance, str) and instance.split() == str(value).split():
        yield exceptions.ValidationError("the example's text")


def require_valid(schema: str, text: str | None) -> None:
    """Raise invalid_input saying what to mend if `text` does not satisfy `schema`."""
    if text is None or not text.strip():
        raise invalid_input(
            "this thread expects a JSON result, and there is none",
            reason="schema",
            hint="give it with --body-file result.json or --payload-json",
        )
    document = json.loads(schema)
    result = _read(document, text)
    from referencing.exceptions import Unresolvable

    try:
        found = sorted(validator(schema).iter_errors(result), key=lambda e: list(map(str, e.path)))
    except (Unresolvable, RecursionError) as error:
        raise invalid_input(f"the expected schema cannot be applied: {error}", reason="schema")
    if found:
        problems = list(dict.fromkeys(said for error in found for said in schema_words.say(error)))
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise Failure(
            "invalid_input",
            "schema",
            "the result is not what the thread expects: " + "; ".join(problems[:_SHOWN]) + more,
            hint=_AGAIN,
            details={"problems": problems[:50]},
        )


def _read(schema: "Any", text: str) -> object:
    """Return the result in `text`: JSON; or, where its reader takes it out of prose, as that does.

    A schema says so with `readFromText`, the name of the field that tells the document from others.
    """
    field = schema.get(READ_FROM_TEXT) if isinstance(schema, dict) else None
    if isinstance(field, str):
        from inbox.json_in_text import Sought

        keys = frozenset(map(str, schema.get("required", [field])))
        return Sought("the result", keys, f'"{field}"', _AGAIN).find(text)[0]
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_input(f"the result is not JSON: {error}", reason="schema", hint=_AGAIN)
