"""JSON Schemas said once: what occurs several times in a document gets a name of its own. Pure."""

from collections import Counter

from schema.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OWN = "#/$defs/"
_PLACE = "#/components/schemas/"
_LEAST = 300  # Characters: below that a name is no shorter.


def hoisted(document: "dict[str, Any]", schemas: "dict[str, Any]") -> "dict[str, Any]":
    """Return the document with its repeated objects replaced by references; adds to `schemas`.

    An object is named by the member that it is first found under: `task`, `attempt`.
    """
    counts: Counter[str] = Counter()
    _count(document, counts)
    names: dict[str, str] = {}
    found: dict[str, Any] = _replaced(document, "", counts, names, schemas)
    return found


def lifted(node: "Any", schemas: "dict[str, Any]") -> "Any":
    """Return a document whose schemas' own `$defs` stand in `schemas`, where they are found."""
    if isinstance(node, list):
        return [lifted(one, schemas) for one in node]
    if not isinstance(node, dict):
        return node
    for name, definition in node.get("$defs", {}).items():
        schemas[name] = lifted(definition, schemas)
    return {
        key: _PLACE + value.removeprefix(_OWN)
        if key == "$ref" and value.startswith(_OWN)
        else lifted(value, schemas)
        for key, value in node.items()
        if key != "$defs"
    }


def _count(node: "Any", counts: "Counter[str]") -> None:
    if isinstance(node, dict):
        if "properties" in node:
            counts[dumps(node)] += 1
        for value in node.values():
            _count(value, counts)
    elif isinstance(node, list):
        for value in node:
            _count(value, counts)


def _replaced(
    node: "Any", under: str, counts: "Counter[str]", names: "dict[str, str]",
    schemas: "dict[str, Any]",
) -> "Any":  # fmt: skip
    if isinstance(node, list):
        return [_replaced(one, under, counts, names, schemas) for one in node]
    if not isinstance(node, dict):
        return node
    text = dumps(node) if "properties" in node else ""
    is_shared = counts[text] > 1 and len(text) >= _LEAST
    if is_shared and text in names:
        return {"$ref": _PLACE + names[text]}
    if is_shared:
        name = under.replace("ies", "y").rstrip("s").title().replace("_", "") or "Shared"
        while name in schemas:
            name += "_"
        names[text] = name
        schemas[name] = {}
    inner = {
        key: _replaced(
            value, under if key in ("properties", "items", "anyOf") else key, counts, names, schemas
        )
        for key, value in node.items()
    }
    if not is_shared:
        return inner
    schemas[names[text]] = inner
    return {"$ref": _PLACE + names[text]}
