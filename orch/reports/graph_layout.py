"""Layout of a dependency graph: boxes in layers, from left to right or downwards.

Pure: the same tasks and edges give the same picture, whatever the machine. Longest-path layers,
crossings reduced by sweeps of medians, heights by least squares that keep the order. Tasks
without any edge stand in a grid below, so that sixty of them are no endless column.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

from schema.value import Value, own

Point = tuple[float, float]
_SWEEPS = 10
_BEND = 18.0  # Room for a bend of a long edge.
_PAGE = 1080.0  # Wider than that, and than _WIDEST times its height: layers go downwards.
_WIDEST = 3.0


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes in pixels: of a box, between layers, between boxes of a layer."""

    width: float = 220
    height: float = 54
    between: float = 70
    above: float = 18

    def turned(self) -> "Measures":
        """Return the same boxes for layers that go downwards: seen lying on their side."""
        return Measures(self.height, self.width, self.between * 0.7, self.above * 1.4)


@dataclass(frozen=True, slots=True)
class Layout:
    """`boxes`: the upper left corner of each task. `edges`: (before, after, points to pass).

    `is_down` says that the layers go downwards; `loose_at` is the line above the tasks without
    edges, 0 where there are only such, or none.
    """

    boxes: Mapping[str, Point]
    edges: Sequence[tuple[str, str, Sequence[Point]]]
    width: float
    height: float
    is_down: bool = False
    loose_at: float = 0.0


class _Graph(Value):
    """The layers while they are being put in order; bends of long edges are numbers."""

    layers: list[list[str | int]] = own(factory=list)
    before: dict[str | int, list[str | int]] = own(factory=dict)
    after: dict[str | int, list[str | int]] = own(factory=dict)
    chains: list[tuple[str, str, list[str | int]]] = own(factory=list)


def place(
    tasks: Sequence[str], edges: Sequence[tuple[str, str]], size: "Measures | None" = None
) -> Layout:
    """Return where everything stands; `edges` are (what comes first, what waits for it).

    Edges of unknown tasks, doubled ones and those that close a cycle are left out.
    """
    size = size or Measures()
    ranks, kept = _ranks(tasks, edges)
    joined = {name for edge in kept for name in edge}
    graph = _layers([task for task in tasks if task in joined], kept, ranks)
    _order(graph)
    layout = _stand(graph, size)
    if layout.width > max(_PAGE, _WIDEST * layout.height):
        layout = _turned(_stand(graph, size.turned()))
    return _with_grid(layout, [task for task in tasks if task not in joined], size)


def _stand(graph: _Graph, size: Measures) -> Layout:
    """Return the layers from left to right."""
    if not graph.layers:
        return Layout({}, [], 0, 0)
    middle = _heights(graph, size)
    boxes: dict[str, Point] = {}
    for rank, layer in enumerate(graph.layers):
        for name in layer:
            if isinstance(name, str):
                boxes[name] = (rank * (size.width + size.between), middle[name] - size.height / 2)
    lines = _lines(graph, middle, size)
    width = len(graph.layers) * (size.width + size.between) - size.between
    lowest = [y + size.height for _, y in boxes.values()]
    lowest += [y for _, _, points in lines for _, y in points]
    return Layout(boxes, lines, width, max(lowest))


def _turned(layout: Layout) -> Layout:
    boxes = {name: (y, x) for name, (x, y) in layout.boxes.items()}
    edges = [(a, b, [(y, x) for x, y in points]) for a, b, points in layout.edges]
    return Layout(boxes, edges, layout.height, layout.width, is_down=True)


def _ranks(
    tasks: Sequence[str], edges: Sequence[tuple[str, str]]
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return (each task's layer, the edges that lead to a later layer)."""
    known = set(tasks)
    chosen = [e for e in dict.fromkeys(edges) if e[0] in known and e[1] in known and e[0] != e[1]]
    unmet = dict.fromkeys(tasks, 0)
    after: dict[str, list[str]] = {task: [] for task in tasks}
    for first, then in chosen:
        unmet[then] += 1
        after[first].append(then)
    ranks = {task: 0 for task in tasks if not unmet[task]}
    walk = list(ranks)
    for task in walk:  # Grows while it is walked.
        for then in after[task]:
            unmet[then] -= 1
            ranks[then] = max(ranks.get(then, 0), ranks[task] + 1)
            if not unmet[then]:
                walk.append(then)
    sound = set(walk)
    kept = [e for e in chosen if e[0] in sound and e[1] in sound]
    has_before = {then for _, then in kept}
    for task in reversed(walk):  # What waits for nothing stands next to what waits for it.
        if task not in has_before and after[task]:
            nearest = min((ranks[then] for then in after[task] if then in sound), default=1)
            ranks[task] = max(0, nearest - 1)
    return ranks, kept


def _layers(
    tasks: Sequence[str], edges: Sequence[tuple[str, str]], ranks: Mapping[str, int]
) -> _Graph:
    """Return the layers with a bend wherever an edge passes one by."""
    graph = _Graph()
    if not tasks:
        return graph
    graph.layers = [[] for _ in range(1 + max(ranks[task] for task in tasks))]
    for task in tasks:
        graph.layers[ranks[task]].append(task)
        graph.before[task], graph.after[task] = [], []
    number = 0
    for first, then in edges:
        chain: list[str | int] = [first]
        for rank in range(ranks[first] + 1, ranks[then]):
            number += 1
            graph.layers[rank].append(number)
            graph.before[number], graph.after[number] = [], []
            chain.append(number)
        chain.append(then)
        for a, b in pairwise(chain):
            graph.after[a].append(b)
            graph.before[b].append(a)
        graph.chains.append((first, then, chain))
    return graph


def _order(graph: _Graph) -> None:
    """Put each layer into the order with the fewest crossings that the sweeps meet."""
    best = [list(layer) for layer in graph.layers]
    fewest = _crossings(graph)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        side = graph.before if down else graph.after
        for i in range(1, len(graph.layers)):
            rank = i if down else len(graph.layers) - 1 - i
            fixed = graph.layers[rank - 1 if down else rank + 1]
            spot = {name: n for n, name in enumerate(fixed)}
            now = {name: float(n) for n, name in enumerate(graph.layers[rank])}
            graph.layers[rank].sort(
                key=lambda name: (_median([spot[o] for o in side[name]], now[name]), now[name])
            )
        count = _crossings(graph)
        if count < fewest:
            fewest, best = count, [list(layer) for layer in graph.layers]
        if not fewest:
            break
    graph.layers = best


def _median(spots: Sequence[int], otherwise: float) -> float:
    if not spots:
        return otherwise
    ordered = sorted(spots)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _crossings(graph: _Graph) -> int:
    """Return how many pairs of edges cross: inversions between neighbouring layers."""
    total = 0
    for left, right in pairwise(graph.layers):
        spot = {name: n for n, name in enumerate(right)}
        seen: list[int] = []
        for name in left:
            ends = sorted(spot[other] for other in graph.after[name])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _heights(graph: _Graph, size: Measures) -> dict[str | int, float]:
    """Return the middle of everything: near its neighbours, in order, never overlapping."""
    middle: dict[str | int, float] = {}
    for layer in graph.layers:
        at = 0.0
        for name in layer:
            middle[name] = at
            at += size.height + size.above
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for rank in range(len(graph.layers)):
            layer = graph.layers[rank if down else len(graph.layers) - 1 - rank]
            first, second = (graph.before, graph.after) if down else (graph.after, graph.before)
            wanted = []
            for name in layer:
                near = first[name] or second[name]
                wanted.append(sum(middle[o] for o in near) / len(near) if near else middle[name])
            for name, y in zip(layer, _spread(layer, wanted, size), strict=True):
                middle[name] = y
    top = min(y - _tall(name, size) / 2 for name, y in middle.items())
    return {name: round(y - top, 1) for name, y in middle.items()}


def _tall(name: str | int, size: Measures) -> float:
    return size.height if isinstance(name, str) else _BEND


def _spread(layer: Sequence[str | int], wanted: Sequence[float], size: Measures) -> list[float]:
    """Return heights as near to the wanted ones as order and distance allow (least squares).

    With the distances taken off, they only have to rise: pools of equal values, merged while
    one is above its successor.
    """
    offsets, at = [], 0.0
    for n, name in enumerate(layer):
        if n:
            at += (_tall(layer[n - 1], size) + _tall(name, size)) / 2 + size.above
        offsets.append(at)
    pools: list[list[float]] = []  # Sum, count.
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    values = [total / count for total, count in pools for _ in range(int(count))]
    return [value + offset for value, offset in zip(values, offsets, strict=True)]


def _lines(
    graph: _Graph, middle: Mapping[str | int, float], size: Measures
) -> list[tuple[str, str, Sequence[Point]]]:
    """Return each edge's points: out of one box, past each layer, into the other box."""
    rank_of = {name: rank for rank, layer in enumerate(graph.layers) for name in layer}
    step = size.width + size.between
    found: list[tuple[str, str, Sequence[Point]]] = []
    for first, then, chain in graph.chains:
        points: list[Point] = [(rank_of[first] * step + size.width, middle[first])]
        for name in chain[1:-1]:
            x = rank_of[name] * step
            points += [(x, middle[name]), (x + size.width, middle[name])]
        points.append((rank_of[then] * step, middle[then]))
        found.append((first, then, points))
    return found


def _with_grid(layout: Layout, alone: Sequence[str], size: Measures) -> Layout:
    """Add the tasks without edges below the rest, about as wide as it is."""
    if not alone:
        return layout
    across, down = size.width + size.above, size.height + size.above
    fitting = int((layout.width + size.above) // across)
    square = ceil(sqrt(len(alone) * down / across * 1.6))
    columns = max(1, min(len(alone), max(fitting, min(square, 6))))
    top = layout.height + (size.above * 3 if layout.boxes else 0)
    boxes = dict(layout.boxes)
    for n, task in enumerate(alone):
        boxes[task] = (n % columns * across, top + n // columns * down)
    width = max(layout.width, columns * across - size.above)
    height = top + ceil(len(alone) / columns) * down - size.above
    loose_at = top - size.above / 2 if layout.boxes else 0.0
    return Layout(boxes, layout.edges, width, height, layout.is_down, loose_at)
