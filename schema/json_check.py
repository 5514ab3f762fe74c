"""JSON that comes in: checked by SQLite's own parser, so that hot commands import no other.

Refused (protocol 3): anything but one object, duplicate keys, NaN, integers beyond 64 bits,
depth over 64, more than 1 MiB, trailing data.
"""

import apsw

from schema.failures import invalid_input

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64

_TREE = """
SELECT max(type = 'integer' AND typeof(atom) <> 'integer'),
       max(typeof(key) = 'text' AND instr(key, char(92)) > 0),
       (SELECT key FROM json_tree(:text) WHERE typeof(key) = 'text'
         GROUP BY parent, key HAVING count(*) > 1 LIMIT 1)
  FROM json_tree(:text)
"""


def require_object(text: str, what: str) -> str:
    """Return `text` if it is one JSON object within the limits. Raises: invalid_input/json."""
    return require_json(text, what, kinds=("object",))


def require_json(
    text: str,
    what: str,
    kinds: tuple[str, ...] = ("object", "array", "text", "integer", "real", "true", "false"),
) -> str:
    """Return `text` if it is JSON of one of the kinds within the limits.

    Raises: invalid_input/json.
    """
    if len(text.encode()) > MAX_BYTES:
        raise _bad(what, "is larger than 1 MiB")
    connection = apsw.Connection(":memory:")
    values = {"text": text}
    valid = connection.execute("SELECT json_valid(:text)", values).fetchall()[0][0]
    if not valid:
        position = connection.execute("SELECT json_error_position(:text)", values).fetchall()[0][0]
        raise _bad(what, f"is not valid JSON (near character {position})")
    kind = connection.execute("SELECT json_type(:text)", values).fetchall()[0][0]
    if kind not in kinds:
        raise _bad(what, f"must be a JSON {kinds[0]}, not {kind}")
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise _bad(what, f"is nested deeper than {MAX_DEPTH}")
    huge, escaped, twice = connection.execute(_TREE, values).fetchall()[0]
    if huge:
        raise _bad(what, "holds an integer beyond 64 bits")
    if escaped and twice is None:
        twice = _escaped_duplicate(text)
    if twice is not None:
        raise _bad(what, f"has the key {str(twice)[:40]!r} twice")
    return text


def _bad(what: str, why: str) -> Exception:
    return invalid_input(f"{what} {why}", reason="json", hint="a small example: '{\"files\": 3}'")


def _depth(text: str) -> int:
    """Return how deep the brackets of valid JSON nest."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _escaped_duplicate(text: str) -> str | None:
    """Return a key that is there twice once its escapes are read."""
    import json

    found: list[str] = []

    def _pairs(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found.append(name)
            seen.add(name)

    json.loads(text, object_pairs_hook=_pairs)
    return found[0] if found else None
