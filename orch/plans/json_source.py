"""JSON of plans: a value, and the line of each part of it."""

import re
from bisect import bisect_left

from orch import json_tree
from orch.plans.document import MAX_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.json_tree import JsonNode
    from orch.plans.document import Document, Path


def fill(document: "Document", text: str) -> None:
    """Read JSON into `document`."""
    ends = [match.start() for match in re.finditer("\n", text)]

    def _note(node: "JsonNode", path: "Path") -> None:
        document.lines[path] = bisect_left(ends, node.start) + 1
        seen: set[str] = set()
        for i, item in enumerate(node.items):
            inner = (*path, node.names[i] if node.names else i)
            _note(item, inner)
            if node.names and node.names[i] in seen:
                document.refuse(inner, "is there twice", document.lines[inner])
            seen.update(node.names[i : i + 1])

    try:
        tree = json_tree.scan(text, comments=False, depth=MAX_DEPTH)
    except json_tree.NoJson as stop:
        line = bisect_left(ends, stop.position) + 1
        document.refuse((), f"is not valid JSON: {stop}", line)
        return
    _note(tree, ())
    document.value = tree.plain()
