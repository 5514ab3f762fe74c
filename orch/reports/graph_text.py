"""The dependency graph of a run as lines of text, for a terminal: each task once. Pure.

A task stands below the last one that it waits for; what else it waits for is named behind it.
"""

from orch.reports import escape, style
from orch.reports.graph_svg import Graph, TaskNode


def text(graph: Graph) -> str:
    """Return the graph; `*` marks the chain that took longest."""
    place = {node.task_id: n for n, node in enumerate(graph.nodes)}
    before: dict[str, list[str]] = {node.task_id: [] for node in graph.nodes}
    for first, then in graph.edges:
        if first in place and then in place and first not in before[then]:
            before[then].append(first)
    below: dict[str, list[str]] = {node.task_id: [] for node in graph.nodes}
    for name, waits in before.items():
        if waits:
            below[max(waits, key=lambda one: (_depth(before, one), place[one]))].append(name)
    nodes = {node.task_id: node for node in graph.nodes}
    chain = set(graph.critical)
    lines = [f"{escape.one_line(graph.run_id)}: {escape.one_line(graph.goal)}"]
    stack = [(name, 0, "") for name in reversed(before) if not before[name]]
    while stack:
        name, deep, parent = stack.pop()
        others = [one for one in before[name] if one != parent]
        lines.append(_line(nodes[name], deep, others, is_critical=name in chain))
        stack += [(one, deep + 1, name) for one in reversed(below[name])]
    return "\n".join(lines) + "\n"


def _depth(before: "dict[str, list[str]]", name: str) -> int:
    """Return how many stand above a task at most; edges never go round in a store."""
    deep, layer = 0, set(before[name])
    while layer and deep <= len(before):
        deep, layer = deep + 1, {one for upper in layer for one in before[upper]}
    return deep


def _line(node: TaskNode, deep: int, others: "list[str]", *, is_critical: bool) -> str:
    sign = style.STATUSES[node.status][0]
    mark = "*" if is_critical else " "
    title = escape.one_line(node.title)
    named = node.task_id if title == node.task_id else f"{node.task_id}  {title}"
    also = f"  (also after {', '.join(others)})" if others else ""
    lead = "   " * (deep - 1) + "└─ " if deep else ""
    return f"{mark} {lead}{sign} {named}  [{node.facts}]{also}"
