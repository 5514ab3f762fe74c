"""Faults that a JSON Schema finds in a document, in words that say what to mend.

Pure. Guarantees: allowed values are named; no union's branch is blamed for what another says; the
document's own text is shown short and printable.
"""

from collections.abc import Iterator

PLACEHOLDER = "placeholder"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 60
_MOST_VALUES = 30
_KINDS = {
    "array": "a list", "boolean": "true or false", "integer": "a whole number", "null": "null",
    "number": "a number", "object": "an object", "string": "text",
}  # fmt: skip
_BOUNDS = {
    "maxItems": "at most {} entries",
    "maxLength": "at most {} characters",
    "maximum": "at most {}",
    "minItems": "at least {} entries",
    "minLength": "at least {} characters",
    "minimum": "at least {}",
}


def say(error: "Any") -> "Iterator[str]":
    """Yield a line such as `findings[2].severity: must be one of critical, high …` for an error."""
    where = _path(error.absolute_path)
    meant = _branch_meant(error)
    if meant:
        for inner in meant:
            yield from say(inner)
    elif error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        for name in error.instance:
            if name not in known:
                yield f"{where}{'.' if where else ''}{_short(name)}: unknown field, remove it"
    elif error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{where}{'.' if where else ''}{name}: required, add it"
    else:
        yield f"{where or 'the result'}: {_mend(error)}"


def _branch_meant(error: "Any") -> "list[Any]":
    """Return the faults of the one alternative that the value is a try at, [] for none.

    An alternative that wants another kind of value, or another word, is not what was meant.
    """
    if error.validator not in ("anyOf", "oneOf"):
        return []
    branches: dict[Any, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    tried = [
        faults
        for faults in branches.values()
        if not any(f.validator in ("type", "enum", "const") and not f.path for f in faults)
    ]
    return min(tried, key=len, default=[])


def _mend(error: "Any") -> str:
    """Return what the value should be instead."""
    kind, value = error.validator, error.validator_value
    if kind in ("anyOf", "oneOf"):
        return "must be " + " or ".join(dict.fromkeys(_allowed(branch) for branch in value))
    if kind in ("enum", "const"):
        return f"must be {_allowed(error.schema)}, not {_short(error.instance)}"
    if kind == PLACEHOLDER:
        return f"must not be {_short(error.instance)}: write your own"
    if kind in _BOUNDS:
        verb = "be" if kind in ("maximum", "minimum") else "have"
        return f"must {verb} {_BOUNDS[kind].format(value)}"
    if kind == "uniqueItems":
        return "holds an entry twice"
    if kind == "pattern":
        return "must not be blank" if value == r"\S" else f"must match {value}"
    return str(error.message)[:300]


def _allowed(schema: "Any") -> str:
    """Return what a schema allows, in words."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is not None:
        shown = ", ".join(map(str, values[:_MOST_VALUES]))
        more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
        return f"one of {shown}{more}" if len(values) > 1 else shown
    kinds = schema.get("type", "something else")
    named = [kinds] if isinstance(kinds, str) else kinds
    words = " or ".join(_KINDS.get(kind, kind) for kind in named)
    if "minimum" in schema and "maximum" in schema:
        words += f" from {schema['minimum']} to {schema['maximum']}"
    return words


def _path(steps: "Any") -> str:
    """Return a path such as `findings[2].title`."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f"{'.' if path else ''}{_short(step)}"
    return path


def _short(value: object) -> str:
    text = value if isinstance(value, str) else ascii(value)
    text = text if text.isidentifier() else ascii(text) if isinstance(value, str) else text
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
