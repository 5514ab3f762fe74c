"""Plain mode: a short human line or table, and what to do next. Never loaded with --json.

Text of peers is data: it stands between markers with a fresh nonce, every line prefixed,
control characters visible. An answer is read once, as dicts (render.py); `pick` leaves the paths
of `--get` to SQLite, whose grammar they have.
"""

import _thread
import os

import apsw

from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from schema.failures import Failure
    from schema.json_text import Json

_MOST_BYTES = 3700  # Of a table, so that the whole answer keeps to 4 kB.

_kept = _thread._local()  # A connection is one thread's: a board and a page have several.


def _sqlite() -> apsw.Connection:
    found: apsw.Connection | None = getattr(_kept, "sqlite", None)
    if found is None:
        found = _kept.sqlite = apsw.Connection(":memory:")
    return found


def at(document: "Any", path: str) -> "Any":
    """Return the value at a path like `task.status` or `parents.0.name`; None where nothing is."""
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def values(document: "Any", paths: str) -> "list[Any]":
    """Return the values at paths that stand with blanks between them."""
    return [at(document, path) for path in paths.split(" ")]


def columns(items: "Iterable[Any] | None", paths: str) -> "list[list[Any]]":
    """Return of each item the values at `paths`: the rows of a table."""
    return [values(item, paths) for item in items or ()]


def patched(document: "Json", path: str, patch: str) -> "Json":
    """Return `document` with the object at `path` merged with `patch`."""
    from schema.json_text import Json

    values = {"d": document, "p": path, "x": patch}
    sql = "SELECT json_set(:d, :p, json_patch(json_extract(:d, :p), :x))"
    return Json(_sqlite().execute(sql, values).fetchall()[0][0])


def replaced(document: "Json", path: str, value: "Json") -> "Json":
    """Return `document` with `value` at `path`."""
    from schema.json_text import Json

    values = {"d": document, "p": path, "v": value}
    found = _sqlite().execute("SELECT json_replace(:d, :p, json(:v))", values).fetchall()
    return Json(found[0][0])


def pick(envelope: str, wanted: str, committed: int = 0) -> str:
    """Return one value of the answer for a shell: scalars bare, objects as JSON, null empty.

    Raises: invalid_input when there is no such path, telling what was committed all the same.
    """
    path = "$"
    for part in wanted.replace("[", ".").replace("]", "").split("."):
        path += f"[{part}]" if part.isascii() and part.isdigit() else '."' + part + '"'
    values = {"d": envelope, "p": path}
    sql = "SELECT json_type(:d, :p), :d ->> :p, :d -> :p"
    try:
        kind, bare, text = _sqlite().execute(sql, values).fetchall()[0]
    except apsw.SQLError:
        kind = None
    except UnicodeDecodeError:  # JSON may escape half a surrogate pair, which is no text.
        sql = "SELECT 'array', NULL, :d -> :p"
        kind, bare, text = _sqlite().execute(sql, values).fetchall()[0]
    if kind is None:
        done = f", but event {committed} is committed" if committed else ""
        raise invalid_input(
            f"--get {wanted}: no such value in the answer{done}",
            hint="look at the whole answer with --json; paths begin with data.",
        )
    if kind in ("true", "false"):
        return str(kind)
    return "" if kind == "null" else str(text if kind in ("object", "array") else bare)


def visible(text: str) -> str:
    """Return `text` with control, bidi and invisible characters written out."""
    return text.translate(_ESCAPES)


def _escapes() -> dict[int, str]:
    hidden = [*range(32), *range(127, 160), 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5]
    hidden += [0x180E, 0x3164, 0xFFA0, *range(0x200B, 0x2010)]
    hidden += [*range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC)]
    hidden += [*range(0xE0000, 0xE01F0)]
    return {code: f"\\u{{{code:x}}}" for code in hidden if code not in (9, 10)}


_ESCAPES = _escapes()


def line(text: object, width: int = 100) -> str:
    """Return peers' text as one visible line of at most `width` characters."""
    flat = visible(("" if text is None else str(text)).replace("\n", " ").replace("\t", " "))
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def without_marks(text: str) -> str:
    """Return what plain mode printed without the marks round peers' words, for people's screens.

    Guarantees: a peer's own line stays, whatever it says: it begins with a bar.
    """
    import re

    return re.sub(r"(?m)^ *(BEGIN UNTRUSTED [0-9a-f]{8} from=.*|END [0-9a-f]{8})\n?", "", text)


def ago(moment: object) -> str:
    """Return how long ago a published time is, in one unit."""
    sql = "SELECT cast((julianday('now') - julianday(:t)) * 86400 AS INTEGER)"
    row = _sqlite().execute(sql, {"t": str(moment)}).fetchall()[0]
    seconds = max(0, int(str(row[0])))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit} ago"
    return f"{seconds}s ago"


def quoted(text: str, source: str, number: object) -> str:
    """Return peers' text between markers that it cannot contain."""
    nonce = os.urandom(4).hex()
    while nonce in text:
        nonce = os.urandom(4).hex()
    body = "\n".join("| " + part for part in visible(text).split("\n"))
    return f"BEGIN UNTRUSTED {nonce} from={source} seq={number}\n{body}\nEND {nonce}"


def table(header: "Sequence[str]", body: "Sequence[Sequence[object]]") -> str:
    """Return aligned columns."""
    return _aligned([[str(c) for c in header], *([line(c, 60) for c in row] for row in body)])


def _aligned(cells: "Sequence[Sequence[str]]") -> str:
    header = cells[0]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def failure(found: "Failure") -> str:
    """Return the lines of a failure: what is wrong, then what helps."""
    name = f"{found.code}/{found.reason}" if found.reason else found.code
    text = f"error: {visible(found.message)} [{name}, exit {found.exit}]"
    return f"{text}\nhint: {visible(found.hint)}" if found.hint else text


def listing(
    head: str, header: "Sequence[str]", body: "Sequence[Sequence[object]]", more: str
) -> str:
    """Return a headed table cut to the byte budget, saying how to get the rest."""
    if not body:
        return head
    most = max(
        1, _MOST_BYTES // len(header)
    )  # A cell takes a byte, with what parts it from the next.
    cells = [[str(c) for c in header], *([line(c, 60) for c in row] for row in body[:most])]
    shown, over = 1, len(cells)  # So many rows fit, or are shown anyway; so many do not.
    while over - shown > 1:
        half = (shown + over) // 2
        if len(head.encode()) + 1 + len(_aligned(cells[: half + 1]).encode()) <= _MOST_BYTES:
            shown = half
        else:
            over = half
    text = head + "\n" + _aligned(cells[: shown + 1])
    left = len(body) - shown
    return f"{text}\n{left} more: {more}" if left else text
