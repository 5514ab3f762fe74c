"""The layered layout: every graph gets a picture in which nothing lies on anything else."""

from itertools import combinations, pairwise
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from orch.reports import graph_text
from orch.reports.graph_layout import Layout, Measures, place
from orch.reports.graph_svg import Graph, TaskNode, dot, mermaid, svg
from orch.reports.style import STATUSES, columns, cut, cut_columns, two_lines, width
from orch.reports.timeline_svg import Lane, Span, Timeline, gantt, ticks
from orch.reports.timeline_svg import svg as timeline_svg

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
SIZE = Measures()


@st.composite
def graphs(draw):
    """Any graph without cycles, its tasks in any order."""
    count = draw(st.integers(1, 14))
    names = [f"t{n}" for n in range(count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = [(names[min(p)], names[max(p)]) for p in draw(st.lists(pairs, max_size=30))]
    return draw(st.permutations(names)), edges


def apart(layout: Layout, size: Measures = SIZE) -> None:
    """Fail if two boxes overlap or one lies outside the picture."""
    for x, y in layout.boxes.values():
        assert x >= 0 and y >= 0
        assert x + size.width <= layout.width + 0.5 and y + size.height <= layout.height + 0.5
    for (ax, ay), (bx, by) in combinations(layout.boxes.values(), 2):
        assert abs(ax - bx) >= size.width or abs(ay - by) >= size.height


@QUICK
@given(graphs())
def test_boxes_never_overlap_and_edges_lead_onwards(graph):
    names, edges = graph
    layout = place(names, edges)
    assert set(layout.boxes) == set(names)
    apart(layout)
    kept = {(a, b) for a, b in edges if a != b}
    assert {(a, b) for a, b, _ in layout.edges} == kept
    axis = 1 if layout.is_down else 0
    for a, b, points in layout.edges:
        assert layout.boxes[a][axis] < layout.boxes[b][axis]
        assert all(p[axis] <= q[axis] for p, q in pairwise(points))


@QUICK
@given(graphs())
def test_the_same_graph_gives_the_same_picture(graph):
    names, edges = graph
    assert place(names, edges) == place(list(names), list(edges))


def test_what_is_no_sound_graph_is_drawn_as_far_as_it_goes():
    layout = place(["a", "b", "c"], [("a", "b"), ("b", "a"), ("c", "c"), ("x", "c"), ("c", "a")])
    assert set(layout.boxes) == {"a", "b", "c"}
    assert layout.edges == [] and place([], []).boxes == {}


def test_a_chain_goes_down_a_few_side_by_side_go_right_loose_tasks_stand_in_a_grid():
    names = [f"t{n}" for n in range(60)]
    chain = place(names[:12], list(pairwise(names)))
    assert chain.is_down and chain.width < 400
    assert not place(names[:3], [("t0", "t2"), ("t1", "t2")]).is_down
    loose = place(names, [])
    apart(loose)
    assert loose.width < 1500 and loose.height < 1500
    wide = place(names, [("t0", name) for name in names[1:59]] + [(n, "t59") for n in names[1:59]])
    apart(wide)


def test_crossings_that_can_be_avoided_are_avoided():
    layout = place(["a", "b", "c", "d"], [("a", "d"), ("b", "c")])
    (_, _, first), (_, _, second) = layout.edges
    assert (first[0][1] < second[0][1]) == (first[-1][1] < second[-1][1])


HOSTILE = (
    '"]; evil["x', "</text><script>alert(1)</script>", 'a"b\\', "%%{init: {}}%%", "]]>",
    "end\nsubgraph x", "`md` **b** #quot; &lt;", "\u202eabc\x1b[31m\x00", "日本語の題", "-->|x|",
    "&amp;", "<!--", "\\N\\l", "click t0 href javascript:alert(1)", "x" * 500, "", " ", "a\u2028b",
)  # fmt: skip


def picture(title: str) -> Graph:
    statuses = list(STATUSES)
    nodes = [
        TaskNode(f"n{i}", title, status, title[:20], 2, title) for i, status in enumerate(statuses)
    ]
    return Graph("r", title, nodes, [("n0", "n1"), ("n1", "n2")])


def shape(text: str) -> list[tuple]:
    """Return the elements and attributes of a picture, without its texts."""
    root = ElementTree.fromstring(text)
    return [
        (e.tag, sorted(k for k in e.attrib if k != "d")) for e in root.iter() if "text" not in e.tag
    ]


def test_no_title_adds_anything_to_a_picture_but_text():
    plain = shape(svg(picture("plain")))
    for title in HOSTILE:
        text = svg(picture(title))
        assert shape(text) == plain
        assert "<script" not in text and "\x1b" not in text and "\u202e" not in text


@QUICK
@given(st.text(max_size=80))
def test_no_title_breaks_out_of_a_label(title):
    ElementTree.fromstring(svg(picture(title)))
    lines = mermaid(picture(title)).split("\n")
    assert len(lines) == len(mermaid(picture("plain")).split("\n"))
    for line in lines:
        if "[" in line:
            inside = line.partition('["')[2].partition('"]:::')[0]
            assert not set(inside.replace("<br/>", "")) & set('"[]{}<>`%|\\\n\r()&')
    for line in dot(picture(title)).split("\n"):
        quotes = line.replace("\\\\", "").replace('\\"', "").count('"')
        assert quotes % 2 == 0
    assert len(dot(picture(title)).split("\n")) == len(dot(picture("plain")).split("\n"))


@QUICK
@given(st.text(max_size=60), st.integers(0, 40))
def test_text_is_cut_to_the_room_it_has(text, room):
    assert columns(cut_columns(text, room)) <= room or not room
    assert width(cut(text, 10.0 * room + 20)) <= 10.0 * room + 40
    assert len(two_lines(text, 10.0 * room + 40)) <= 2


def test_wide_and_combining_characters_count_as_terminals_show_them():
    assert columns("日本") == 4 and columns("e\u0301") == 1 and cut_columns("日本語", 4) == "日…"


def lanes(who: str = "w1") -> Timeline:
    spans = [Span("queued", 0, 1000), Span("working", 1000, 5000), Span("asking", 5000, 9000),
             Span("verifying", 9000, 9500)]  # fmt: skip
    return Timeline("r", 0, 9500, [Lane(f"t{i}", 1, who, s, spans) for i, s in enumerate(STATUSES)])


def test_a_timeline_is_sound_and_tells_every_phase():
    text = timeline_svg(lanes())
    ElementTree.fromstring(text)
    for phase in ("queued", "working", "asking", "verifying"):
        assert text.count(f'class="p-{phase}"') == len(STATUSES) + 1  # And once in the legend.
    ElementTree.fromstring(timeline_svg(Timeline("r", 5, 5, [])))
    assert gantt(lanes("@pool")).count(" pool :") == 4 * len(STATUSES)


def test_an_axis_has_few_round_ticks():
    for length in (0, 1, 999, 5_000, 36_000, 3_600_000, 10**9, 10**13):
        found = ticks(length)
        assert found[0] == 0 and len(found) <= 9 and found[-1] <= max(length, 0)
    assert ticks(36_000) == [0, 5000, 10000, 15000, 20000, 25000, 30000, 35000]


def test_the_graph_as_text_has_each_task_once_below_the_last_that_it_waits_for() -> None:
    nodes = [
        TaskNode("a", "A", "done", "w1", 1, "landed on main", 60_000),
        TaskNode("b", "B\n\x1b[31m", "running", "w2", 2),
        TaskNode("c", "c", "planned"),
        TaskNode("d", "d", "ready"),
    ]
    shown = graph_text.text(Graph("r", "the goal", nodes, [("a", "b"), ("b", "c"), ("a", "c")]))
    assert shown == (
        "r: the goal\n"
        "* ✓ a  A  [landed on main · 1 min · w1]\n"
        "* └─ ▶ b  B ⟨U+001B⟩[31m  [running · w2 · try 2]\n"
        "*    └─ ○ c  [planned]  (also after a)\n"
        "  ◔ d  [ready]\n"
    )
