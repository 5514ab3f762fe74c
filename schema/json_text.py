"""JSON as text: what hot commands need without importing `json` (9 ms) or orjson (25 ms).

SQLite makes the objects that mirror rows; this joins such texts and scalars into one
answer. Guarantees: output is valid JSON with no lone surrogates; reads only what we wrote.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def quote(text: str) -> str:
    """Return `text` as a JSON string."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    try:
        from _json import encode_basestring  # The C encoder that `json` itself uses.
    except ImportError:  # pragma: no cover - interpreters without the accelerator
        from json.encoder import encode_basestring
    quoted: str = encode_basestring(text)
    return quoted


class Json(str):
    """A string that already is JSON text."""

    __slots__ = ()


NULL = Json("null")


def dumps(value: object) -> Json:
    """Return `value` (str, int, float, bool, None, list, tuple, dict or Json) as JSON text."""
    if isinstance(value, Json):
        return value
    if value is None:
        return NULL
    if value is True:
        return Json("true")
    if value is False:
        return Json("false")
    if isinstance(value, str):
        return Json(quote(value))
    if isinstance(value, (int, float)):
        return Json(repr(value))
    if isinstance(value, (list, tuple)):
        return array(value)
    if isinstance(value, dict):
        return obj(**value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def obj(**fields: object) -> Json:
    """Return a JSON object of the fields, in the order given."""
    members = ",".join([f"{quote(k)}:{dumps(v)}" for k, v in fields.items()])
    return Json(f"{{{members}}}")


def array(items: "Iterable[object]") -> Json:
    """Return a JSON array of the items."""
    return Json(f"[{','.join(map(dumps, items))}]")


def merge(document: str, **fields: object) -> Json:
    """Return the JSON object `document` with `fields` appended; the keys must be new to it."""
    if not fields:
        return Json(document)
    tail = obj(**fields)
    return tail if document == "{}" else Json(f"{document[:-1]},{tail[1:]}")


def loads(text: str) -> "Any":
    """Return what a JSON text of ours says, by the C half of `json` alone (0.1 ms, not 9).

    Only for texts that this package or SQLite made: others are read by schema/json_check.py.
    """
    try:
        from _json import make_scanner
    except ImportError:  # pragma: no cover - interpreters without the accelerator
        import json

        return json.loads(text)
    scanner: Any = make_scanner  # Its stub wants a decoder; it takes whatever has these members.
    return scanner(_Reading)(text, 0)[0]


class _Reading:
    """How the scanner makes values: Python's own, as `json.loads` does."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: "dict[str, str]" = {}
