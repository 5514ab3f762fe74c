"""The dependency graph of a run: as mermaid, as DOT, and as a picture of our own (SVG).

Pure. Guarantees: what a task is called renders as text and nothing else; the same graph gives
the same bytes; nothing is drawn by a program from outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from orch.plans.graph import critical_path
from orch.reports import escape, figures, style
from orch.reports.graph_layout import Layout, Measures, Point, place
from schema.words import many

_MARGIN, _HEAD = 20.0, 66.0
_PAD = 14.0  # Inside a box, beside its stripe.
_MOST_WORDS = 60  # Characters of a title in the text formats.
_MOST_BOXES = 2000  # More are no picture any more, and take long to lay out.


@dataclass(frozen=True, slots=True)
class TaskNode:
    """One task. `who` works on it or did; `landing` is what the merge queue says, "" for none.

    `ms`: how long it was worked on, in all attempts.
    """

    task_id: str
    title: str
    status: str
    who: str = ""
    attempts: int = 0
    landing: str = ""
    ms: int = 0

    @property
    def state(self) -> str:
        """Status, of done work that of its landing; how long it was worked on."""
        status = self.landing if self.landing and self.status == "done" else self.status
        took = figures.duration(self.ms) if self.ms else ""
        return " · ".join(word for word in (status, took) if word)

    @property
    def by(self) -> str:
        """Worker and attempts."""
        tries = f"try {self.attempts}" if self.attempts > 1 else ""
        return " · ".join(word for word in (self.who, tries) if word)

    @property
    def facts(self) -> str:
        """All of it in one line."""
        return " · ".join(word for word in (self.state, self.by) if word)


@dataclass(frozen=True, slots=True)
class Graph:
    """The tasks of a run and its edges: (what must be done first, what waits for it)."""

    run_id: str
    goal: str
    nodes: Sequence[TaskNode]
    edges: Sequence[tuple[str, str]]

    @property
    def critical(self) -> "list[str]":
        """The chain that took longest, first to last; none where nothing waits for anything."""
        known = {node.task_id for node in self.nodes}
        waits: dict[str, list[str]] = {node.task_id: [] for node in self.nodes}
        for first, then in self.edges:
            if first in known and then in known:
                waits[then].append(first)
        path, _ = critical_path(waits, {node.task_id: max(1, node.ms) for node in self.nodes})
        return path if len(path) > 1 else []


def mermaid(graph: Graph) -> str:
    """Return the graph as a mermaid flowchart."""
    number = {node.task_id: f"t{n}" for n, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for name, (_, light, _) in style.STATUSES.items():
        if any(node.status == name for node in graph.nodes):
            lines.append(f"    classDef {name} fill:#ffffff,stroke:{light},color:#1f2328")
    for node in graph.nodes:
        label = "<br/>".join(escape.mermaid(line) for line in _label(node))
        lines.append(f'    {number[node.task_id]}["{label}"]:::{node.status}')
    for first, then in graph.edges:
        lines.append(f"    {number[first]} --> {number[then]}")
    if not graph.nodes:
        lines.append(f'    empty["run {escape.mermaid(graph.run_id)} has no tasks"]')
    return "\n".join(lines) + "\n"


def dot(graph: Graph) -> str:
    """Return the graph in DOT, as Graphviz reads it."""
    lines = [
        f'digraph "{escape.dot(graph.run_id)}" {{',
        "    rankdir=LR;",
        '    node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="sans-serif"];',
        '    edge [color="#8c959f"];',
    ]
    for node in graph.nodes:
        label = "\\n".join(escape.dot(line) for line in _label(node))
        colour = style.STATUSES[node.status][1]
        lines.append(f'    "{escape.dot(node.task_id)}" [label="{label}", color="{colour}"];')
    for first, then in graph.edges:
        lines.append(f'    "{escape.dot(first)}" -> "{escape.dot(then)}";')
    return "\n".join([*lines, "}"]) + "\n"


def _label(node: TaskNode) -> list[str]:
    title = escape.one_line(node.title)
    short = title if len(title) <= _MOST_WORDS else title[: _MOST_WORDS - 1] + "…"
    sign = style.STATUSES[node.status][0]
    named = [node.task_id] if title == node.task_id else [node.task_id, short]
    return [*named, f"{sign} {node.facts}"]


def svg(graph: Graph, *, inline: bool = False) -> str:
    """Return the graph as SVG; `inline` for a page that brings the style sheet itself."""
    if len(graph.nodes) > _MOST_BOXES:
        return _too_many(graph, inline=inline)
    size = Measures(height=84 if any(_is_long(node) for node in graph.nodes) else 68)
    layout = place([node.task_id for node in graph.nodes], graph.edges, size)
    head = _heading(graph)
    wide = max(layout.width, head[1], 320.0) + 2 * _MARGIN
    high = layout.height + _HEAD + 2 * _MARGIN
    title = escape.xml(f"Run {graph.run_id}: {many(len(graph.nodes), 'task')}")
    parts = [frame(wide, high, title, inline=inline), _tip()]
    parts += [head[0], f'<g transform="translate({_MARGIN:g} {_MARGIN + _HEAD:g})">']
    states = {node.task_id: node.status for node in graph.nodes}
    critical = list(pairwise(graph.critical))
    for first, then, points in layout.edges:
        kind = "edge" if states[first] == "done" else "edge open"
        kind += " critical" if (first, then) in critical else ""
        parts.append(_edge(kind, points, layout.is_down))
    chain = set(graph.critical)
    parts += [_box(node, layout, size, is_critical=node.task_id in chain) for node in graph.nodes]
    if layout.loose_at:
        parts.append(text(0, layout.loose_at, "without dependencies", "small"))
    if not graph.nodes:
        parts.append(text(0, 4, "The run has no tasks.", "small"))
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _too_many(graph: Graph, *, inline: bool) -> str:
    words = f"{len(graph.nodes)} tasks are too many for a picture: orch graph --format dot"
    lines = [frame(640, 60, escape.xml(f"Run {graph.run_id}"), inline=inline)]
    return "\n".join([*lines, text(_MARGIN, 34, words), "</svg>"]) + "\n"


def frame(wide: float, high: float, title: str, *, inline: bool) -> str:
    """Return how a picture begins; `title` is escaped already."""
    sheet = "" if inline else f"\n<style>\n{style.plain_sheet()}</style>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" width="{wide:g}" '
        f'height="{high:g}" viewBox="0 0 {wide:g} {high:g}" aria-label="{title}">{sheet}\n'
        f'<title>{title}</title>\n<rect class="paper" width="100%" height="100%"/>'
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Return one line of text; it is escaped here."""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{named}>{escape.xml(words)}</text>'


def _heading(graph: Graph) -> tuple[str, float]:
    """Return (the run, its goal and what its tasks are, as SVG; the width of it)."""
    counts = [(name, sum(node.status == name for node in graph.nodes)) for name in style.STATUSES]
    goal = style.cut(escape.one_line(graph.goal), 520)
    lines = [text(_MARGIN, _MARGIN + 14, f"{graph.run_id}", "head")]
    x = _MARGIN + style.width(graph.run_id, 16.5) + 12
    lines.append(text(x, _MARGIN + 14, goal))
    at = _MARGIN
    for name, count in counts:
        if count:
            words = f"{count} {name}"
            lines.append(f'<circle class="s-{name}" cx="{at + 5:g}" cy="{_MARGIN + 35:g}" r="5"/>')
            lines.append(text(at + 15, _MARGIN + 39, words, "small"))
            at += 15 + style.width(words, 11) + 16
    return "\n".join(lines), max(x + style.width(goal), at) - _MARGIN


def _tip() -> str:
    return (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>'
    )


def _edge(kind: str, points: Sequence[Point], is_down: bool) -> str:
    (x, y), *rest = points
    path = [f"M{x:g} {y:g}"]
    for number, (right, down) in enumerate(rest):
        if number % 2:  # Past a layer, straight.
            path.append(f"L{right:g} {down:g}")
        elif is_down:
            half = (y + down) / 2
            path.append(f"C{x:g} {half:g} {right:g} {half:g} {right:g} {down:g}")
        else:
            half = (x + right) / 2
            path.append(f"C{half:g} {y:g} {half:g} {down:g} {right:g} {down:g}")
        x, y = right, down
    return f'<path class="{kind}" marker-end="url(#tip)" d="{"".join(path)}"/>'


def _is_long(node: TaskNode) -> bool:
    room = Measures().width - 2 * _PAD
    return style.width(escape.one_line(node.title)) > room


def _box(node: TaskNode, layout: Layout, size: Measures, *, is_critical: bool) -> str:
    x, y = layout.boxes[node.task_id]
    room = size.width - 2 * _PAD
    title = escape.one_line(node.title)
    sign = style.STATUSES[node.status][0]
    named = "" if title == node.task_id else node.task_id
    known = [" · ".join(filter(None, (named, node.by))), f"{sign} {node.state}"]
    small = [words for words in known if words]
    lines = style.two_lines(title, room)
    at = (size.height - 17 * len(lines) - 15 * len(small)) / 2 + 13
    kind = "box critical" if is_critical else "box"
    parts = [
        f'<g transform="translate({x:g} {y:g})">',
        f"<title>{escape.xml(title)} ({escape.xml(f'{node.task_id}: {node.facts}')})</title>",
        f'<rect class="{kind}" width="{size.width:g}" height="{size.height:g}" rx="8"/>',
        f'<path class="s-{node.status}" d="M8 0H5Q0 0 0 5V{size.height - 5:g}'
        f'Q0 {size.height:g} 5 {size.height:g}H8Z"/>',
    ]
    for line in lines:
        parts.append(text(_PAD + 4, at, line))
        at += 17
    for words in small:
        parts.append(text(_PAD + 4, at - 1, style.cut(words, room, 11), "small"))
        at += 15
    return "".join([*parts, "</g>"])
