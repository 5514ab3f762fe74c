"""Our entries among the hooks of a client's JSON settings: added, mended, taken out. Pure.

Everything else in the settings keeps its bytes. An entry is ours when all its commands call
`inbox hook`; one that differs from what this version writes was edited, and needs `force`.
"""

import json
import re

from orch.json_tree import JsonNode
from orch.setup import json_layout
from orch.setup.model import Broken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Entries = Mapping[str, object]  # By event: the one entry of ours.

_OURS = re.compile(r"(?:\S*/)?inbox hook(?: |$)")
_BOM = "\ufeff"


def put(old: bytes | None, entries: "Entries", comments: bool, force: bool) -> bytes:
    """Return the settings with our entries. Raises: Broken; Edited for one that was edited."""
    if old is None or not old.strip():
        return (
            json.dumps({"hooks": {e: [own] for e, own in entries.items()}}, indent=2) + "\n"
        ).encode()
    text, bom = _text(old)
    root = _root(text, comments)
    for event, index, entry in _ours(root):
        if event not in entries or entry != entries[event]:
            if not force:
                raise Edited(event)
            text, root = _without(text, root, event, index, comments)
            return put((bom + text).encode(), entries, comments, force)
    present = {event for event, _, _ in _ours(root)}
    for event, entry in entries.items():
        if event not in present:
            text = _add(text, root, event, entry, entries, present)
            root = _root(text, comments)
            present = {event for event, _, _ in _ours(root)}
    return (bom + text).encode()


def take(old: bytes, entries: "Entries", comments: bool, force: bool) -> bytes | None:
    """Return the settings without our entries, None if nothing else was in the file."""
    text, bom = _text(old)
    root = _root(text, comments)
    theirs = not root.items or json_layout.was_empty(root)
    while found := list(_ours(root)):
        event, index, entry = found[-1]
        if entry != entries.get(event) and not force:
            raise Edited(event)
        text, root = _without(text, root, event, index, comments)
    return (bom + text).encode() if root.items or theirs else None


class Edited(Exception):
    """One of our entries is not as we write it; the text names its event."""


def _text(old: bytes) -> tuple[str, str]:
    try:
        text = old.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("is not valid JSON: it is not UTF-8")
    return (text[1:], _BOM) if text.startswith(_BOM) else (text, "")


def _root(text: str, comments: bool) -> JsonNode:
    root = json_layout.scan(text, comments)
    if root.kind != "object":
        raise Broken("holds no JSON object")
    hooks = root.member("hooks")
    if hooks is not None and hooks.kind != "object":
        raise Broken("has a `hooks` that is not an object")
    for event, found in zip(hooks.names, hooks.items, strict=True) if hooks else ():
        if found.kind != "array":
            raise Broken(f"has a `hooks.{event}` that is not a list")
    return root


def _ours(root: JsonNode) -> "Iterator[tuple[str, int, object]]":
    """Yield (event, index, entry) of every entry of ours."""
    hooks = root.member("hooks")
    for event, found in zip(hooks.names, hooks.items, strict=True) if hooks else ():
        for index, item in enumerate(found.items):
            entry = item.plain()
            if _is_ours(entry):
                yield event, index, entry


def _is_ours(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    commands = entry["hooks"] if isinstance(entry.get("hooks"), list) else [entry]
    texts = [c.get("command", c.get("bash")) if isinstance(c, dict) else None for c in commands]
    return bool(texts) and all(isinstance(t, str) and _OURS.match(t) for t in texts)


def _add(
    text: str, root: JsonNode, event: str, entry: object, entries: "Entries", present: set[str]
) -> str:
    hooks = root.member("hooks")
    if hooks is None:
        missing = {name: [own] for name, own in entries.items() if name not in present}
        return json_layout.add(text, root, "hooks", missing)
    listed = hooks.member(event)
    if listed is None:
        return json_layout.add(text, hooks, event, [entry])
    return json_layout.add(text, listed, None, entry)


def _without(
    text: str, root: JsonNode, event: str, index: int, comments: bool
) -> tuple[str, JsonNode]:
    """Take one entry out, and what it alone held together."""
    hooks = root.member("hooks")
    assert hooks is not None
    listed = hooks.member(event)
    assert listed is not None
    if len(listed.items) > 1 or json_layout.was_empty(listed):
        text = json_layout.drop(text, listed, index)
    elif len(hooks.items) > 1 or json_layout.was_empty(hooks):
        text = json_layout.drop(text, hooks, hooks.names.index(event))
    else:
        text = json_layout.drop(text, root, root.names.index("hooks"))
    return text, _root(text, comments)
