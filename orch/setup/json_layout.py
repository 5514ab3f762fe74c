"""JSON of clients' settings, edited by splices: what is not touched keeps its bytes.

Strict JSON, optionally with comments, which stay. Guarantees: adding and then removing gives
the text from before.
"""

import json
import re

from orch import json_tree
from orch.json_tree import JsonNode
from orch.setup.model import Broken

_MOST_DEPTH = 100


def scan(text: str, comments: bool) -> JsonNode:
    """Return the document's tree. Raises: Broken with the place of what is wrong."""
    try:
        found = json_tree.scan(text, comments=comments, depth=_MOST_DEPTH)
    except json_tree.NoJson as stop:
        raise _broken(text, stop.position)
    for twice in found.repeated():
        raise _broken(text, twice.start)
    return found


def _broken(text: str, position: int) -> Broken:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return Broken(f"is not valid JSON: line {line}, column {column}")


def add(text: str, node: JsonNode, name: str | None, value: object) -> str:
    """Return the text with a member (`name`) or an element added at the end of a container.

    An empty container gets it right before its closing bracket: by that `was_empty` knows it.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    at, before, indent = node.end - 1, "", ""
    if node.items:
        gap = text[node.at + 1 : node.items[0].start]
        at = node.items[-1].end
        if "\n" in gap and not gap.strip():
            indent = gap.rpartition("\n")[2]
            before = f",{newline}{indent}"
        else:
            before = ", "
    key = f"{json.dumps(name)}: " if name is not None else ""
    shown = json.dumps(value, indent=_unit(text)).replace("\n", newline + indent)
    return f"{text[:at]}{before}{key}{shown}{text[at:]}"


def drop(text: str, node: JsonNode, index: int) -> str:
    """Return the text without the child at `index`."""
    child = node.items[index]
    if index > 0:
        return text[: node.items[index - 1].end] + text[child.end :]
    until = node.items[1].start if len(node.items) > 1 else child.end
    return text[: child.start] + text[until:]


def was_empty(node: JsonNode) -> bool:
    """Say whether a container's only child was added to an empty one, so that it stays."""
    return node.items[0].end == node.end - 1


def _unit(text: str) -> str:
    """Return how far the document indents: that of its first indented line, else two blanks."""
    match = re.search(r"\n([ \t]+)\S", text)
    return match[1] if match else "  "
