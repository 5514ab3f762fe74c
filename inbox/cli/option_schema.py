"""JSON Schema of an option's values, for programs that call commands by documents. Pure."""

from inbox.cli.grammar import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DURATION = r"^[0-9]+(\.[0-9]+)?[smh]?$"
_KINDS: "dict[str, dict[str, Any]]" = {
    "flag": {"type": "boolean"},
    "count": {"type": "integer", "minimum": 1, "maximum": 10**15},
    "natural": {"type": "integer", "minimum": 0, "maximum": 10**15},
    "event": {"type": "integer", "minimum": 0, "maximum": 10**15},
    "integer": {"type": "integer"},
    "duration": {"type": "string", "pattern": _DURATION},
    "json": {"type": "object"},
    "json_any": {},
}


def schema_of(option: Option) -> "dict[str, Any]":
    """Return the JSON Schema of an option's value, with its help."""
    one = dict(_KINDS.get(option.kind, {"type": "string"}))
    if option.choices:
        one = {"type": "string", "enum": list(option.choices)}
    if option.many or option.kind == "choices":
        one = {"type": "array", "items": one}
    told = option.help
    if option.default not in (None, "", (), False) and not isinstance(option.default, tuple):
        told += f" (default {option.default})"
    return {**one, "description": told}
