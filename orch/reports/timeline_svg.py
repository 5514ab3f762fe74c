"""Timeline of attempts: a picture (SVG), and a mermaid gantt for Markdown.

Pure. Times are ms since 1970; what still goes on ends at the timeline's end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orch.reports import escape, figures, style
from orch.reports.graph_svg import frame, text

_LABEL, _CHART, _NOTE, _MARGIN = 230.0, 620.0, 150.0, 20.0
_ROW, _BAR, _HEAD = 26.0, 14.0, 58.0
_STEPS = tuple(
    count * unit
    for unit, counts in (
        (100, (1, 2, 5)),
        (1000, (1, 2, 5, 10, 15, 30)),
        (60_000, (1, 2, 5, 10, 15, 30)),
        (3_600_000, (1, 2, 3, 6, 12)),
        (86_400_000, (1, 2, 7, 14, 30, 90, 365, 3650)),
    )
    for count in counts
)
_MOST_TICKS = 8
_MOST_LANES = 500
_GANTT = {"done": "done, ", "failed": "crit, ", "running": "active, ", "blocked": "active, "}


@dataclass(frozen=True, slots=True)
class Span:
    """One phase (a key of style.PHASES) of an attempt."""

    phase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One attempt: whose it is, what it did, its status now."""

    task_id: str
    attempt_no: int
    who: str
    status: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lanes of a run between two moments."""

    run_id: str
    start: int
    end: int
    lanes: Sequence[Lane]


def svg(timeline: Timeline, *, inline: bool = False) -> str:
    """Return the timeline as SVG; `inline` for a page that brings the style sheet itself."""
    lanes = timeline.lanes[-_MOST_LANES:]
    wide = _LABEL + _CHART + _NOTE + 2 * _MARGIN
    bottom = _HEAD + len(lanes) * _ROW
    title = escape.xml(f"Timeline of run {timeline.run_id}")
    parts = [frame(wide, bottom + 36, title, inline=inline), _legend(timeline)]
    length = max(1, timeline.end - timeline.start)
    scale = _CHART / length
    for offset in ticks(length):
        x = _MARGIN + _LABEL + offset * scale
        parts.append(
            f'<line class="grid" x1="{x:.1f}" y1="{_HEAD - 6:g}" x2="{x:.1f}" y2="{bottom:g}"/>'
        )
        parts.append(text(round(x, 1), bottom + 16, _tick(offset), "small mid"))
    for row, lane in enumerate(lanes):
        parts.append(_lane(timeline, lane, _HEAD + row * _ROW, scale))
    if len(lanes) < len(timeline.lanes):
        parts.append(text(_MARGIN, _HEAD - 6, f"the last {_MOST_LANES} attempts", "small"))
    if not lanes:
        parts.append(text(_MARGIN, _HEAD + 8, "Nothing was dispatched yet.", "small"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def ticks(length: int) -> list[int]:
    """Return the moments of the axis, in ms from its start: round ones, eight at most."""
    step = next((s for s in _STEPS if length / s <= _MOST_TICKS), length)
    return [n * step for n in range(int(length // step) + 1)]


def _tick(offset: int) -> str:
    if not offset:
        return "0"
    return f"{offset / 1000:g} s" if offset < 60_000 else figures.duration(offset)


def _legend(timeline: Timeline) -> str:
    seen = {span.phase for lane in timeline.lanes for span in lane.spans}
    at, parts = _MARGIN, []
    for phase, (meaning, _) in style.PHASES.items():
        if phase in seen:
            box = f'x="{at:g}" y="{_MARGIN:g}" width="12" height="12" rx="3"'
            parts.append(f'<rect class="p-{phase}" {box}/>')
            parts.append(text(at + 18, _MARGIN + 10, meaning, "small"))
            at += 18 + style.width(meaning, 11) + 18
    words = f"from {figures.moment(timeline.start)} UTC, {_length(timeline)}"
    right = _MARGIN + _LABEL + _CHART + _NOTE
    parts.append(text(right, _MARGIN + 10, words, "small end"))
    return "\n".join(parts)


def _length(timeline: Timeline) -> str:
    return figures.duration(timeline.end - timeline.start)


def _lane(timeline: Timeline, lane: Lane, top: float, scale: float) -> str:
    middle = top + _ROW / 2
    left = _MARGIN + _LABEL
    sign, _, _ = style.STATUSES[lane.status]
    label = f"{lane.task_id} · {lane.attempt_no}" if lane.attempt_no > 1 else lane.task_id
    parts = ["<g>"]
    parts.append(text(_MARGIN, middle + 4, style.cut(label, _LABEL - 84)))
    parts.append(text(left - 10, middle + 4, style.cut(lane.who, 66, 11), "small end"))
    last = left
    for span in lane.spans:
        x = left + (span.start - timeline.start) * scale
        wide = max(1.5, (span.end - span.start) * scale)
        meaning = style.PHASES[span.phase][0]
        told = f"{lane.task_id}, attempt {lane.attempt_no}: {meaning} "
        told += figures.duration(span.end - span.start)
        parts.append(
            f'<rect class="p-{span.phase}" x="{x:.1f}" y="{middle - _BAR / 2:g}" '
            f'width="{wide:.1f}" height="{_BAR:g}" rx="2"><title>{escape.xml(told)}</title></rect>'
        )
        last = max(last, x + wide)
    total = sum(span.end - span.start for span in lane.spans if span.phase == "working")
    note = f"{sign} {lane.status}" + (f" · {figures.duration(total)}" if total else "")
    parts.append(text(round(last + 8, 1), middle + 4, note, "small"))
    return "".join([*parts, "</g>"])


def gantt(timeline: Timeline) -> str:
    """Return the timeline as a mermaid gantt: names and numbers only, nothing to be escaped."""
    lines = ["gantt", "    dateFormat x", "    axisFormat %H:%M:%S", "    todayMarker off"]
    shown = ""
    for lane in timeline.lanes:
        if lane.task_id != shown:
            shown = lane.task_id
            lines.append(f"    section {shown}")
        for span in lane.spans:
            what = f"{lane.attempt_no} {span.phase} {lane.who.lstrip('@')}"
            state = _GANTT.get(lane.status, "") if span.phase == "working" else ""
            end = max(span.end, span.start + 1)
            lines.append(f"    {what} :{state}{span.start}, {end}")
    return "\n".join(lines) + "\n"
