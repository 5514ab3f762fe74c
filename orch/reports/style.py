"""Style of pictures: one colour for each status, light and dark, and how wide text is.

A status is never told by colour alone: its word or its sign stands beside it. Style comes as
one sheet, never as attributes, so that a page can forbid every other style by its hash.
"""

import unicodedata

# status: (sign, colour in the light, colour in the dark)
STATUSES = {
    "planned": ("○", "#606b7a", "#7d8794"),
    "ready": ("◔", "#0e7c86", "#3fb8c2"),
    "dispatched": ("◑", "#4f5fcb", "#8c9bff"),
    "running": ("▶", "#1a66e0", "#58a6ff"),
    "blocked": ("?", "#956300", "#e3b341"),
    "verifying": ("◎", "#8250df", "#b58cff"),
    "done": ("✓", "#1a7f37", "#3fb950"),
    "failed": ("✗", "#cf222e", "#f85149"),
    "cancelled": ("–", "#656d76", "#8b949e"),
}
# What fills the bars of a timeline: phase: (what it means, whose colour it has).
PHASES = {
    "queued": ("waits for a worker", "planned"),
    "working": ("at work", "running"),
    "asking": ("waits for an answer", "blocked"),
    "verifying": ("is verified", "verifying"),
}

_LIGHT = {"ink": "#1f2328", "muted": "#59636e", "paper": "#ffffff", "box": "#f6f8fa",
          "line": "#d1d9e0", "edge": "#8c959f"}  # fmt: skip
_DARK = {"ink": "#e6edf3", "muted": "#9198a1", "paper": "#0d1117", "box": "#161b22",
         "line": "#30363d", "edge": "#6e7681"}  # fmt: skip
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', 'Noto Sans', sans-serif"

_RULES = """\
.picture text { font-family: FONT; font-size: 13px; fill: var(--ink); }
.picture .small { font-size: 11px; fill: var(--muted); }
.picture .head { font-size: 15px; font-weight: 600; }
.picture .paper { fill: var(--paper); }
.picture .box { fill: var(--box); stroke: var(--line); }
.picture .edge { fill: none; stroke: var(--edge); stroke-width: 1.4; }
.picture .open { stroke-dasharray: 5 4; }
.picture .critical { stroke: var(--ink); stroke-width: 2.6; }
.picture .tip { fill: var(--edge); }
.picture .grid { stroke: var(--line); stroke-width: 1; }
.picture .end { text-anchor: end; }
.picture .mid { text-anchor: middle; }
"""


def sheet() -> str:
    """Return the style of every picture, for light and dark surroundings."""
    light = {**_LIGHT, **{name: light for name, (_, light, _) in STATUSES.items()}}
    dark = {**_DARK, **{name: dark for name, (_, _, dark) in STATUSES.items()}}
    rules = [
        f":root {{ color-scheme: light dark; {_variables(light)} }}",
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(dark)} }} }}",
        _RULES.replace("FONT", FONT).rstrip(),
    ]
    for name in STATUSES:
        rules.append(f".picture .s-{name} {{ fill: var(--{name}); }}")
    for name, (_, colour) in PHASES.items():
        rules.append(f".picture .p-{name} {{ fill: var(--{colour}); }}")
    return "\n".join([*rules, ".picture .p-queued { fill-opacity: 0.35; }"]) + "\n"


def plain_sheet() -> str:
    """Return the same for a picture by itself, without variables: not every viewer has them."""
    found = []
    for colours, which in ((_LIGHT, 1), (_DARK, 2)):
        values = {**colours, **{name: STATUSES[name][which] for name in STATUSES}}
        text = "\n".join(line for line in sheet().split("\n") if not line.startswith((":", "@")))
        for name, value in values.items():
            text = text.replace(f"var(--{name})", value)
        found.append(text)
    return f"{found[0]}@media (prefers-color-scheme: dark) {{\n{found[1]}}}\n"


def _variables(values: "dict[str, str]") -> str:
    return " ".join(f"--{name}: {value};" for name, value in values.items())


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut_columns(text: str, most: int) -> str:
    """Return `text`, shortened with an ellipsis to at most `most` columns."""
    if columns(text) <= most:
        return text
    room, kept = most - 1, ""
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return kept + "…" if most > 0 else ""


def width(text: str, size: float = 13) -> float:
    """Return about how many pixels `text` takes in a proportional font, rather more than less."""
    return sum(_em(c) for c in text) * size


def _em(character: str) -> float:
    if character in "iljI|.,:;'!()[] ftr":
        return 0.37
    if character in "mwMW@%—":
        return 0.98
    if _columns(character) != 1:
        return 1.05 * _columns(character)
    return 0.74 if character.isupper() or not character.isascii() else 0.62


def cut(text: str, room: float, size: float = 13) -> str:
    """Return `text`, shortened with an ellipsis to about `room` pixels."""
    if width(text, size) <= room:
        return text
    left, kept = room - width("…", size), ""
    for character in text:
        left -= _em(character) * size
        if left < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def two_lines(text: str, room: float, size: float = 13) -> list[str]:
    """Return `text` on at most two lines of `room` pixels, broken between words if it can be."""
    if width(text, size) <= room:
        return [text]
    first = ""
    for word in text.split(" "):
        longer = f"{first} {word}" if first else word
        if width(longer, size) > room:
            break
        first = longer
    if not first:  # One word is too long by itself.
        return [cut(text, room, size)]
    return [first, cut(text[len(first) :].strip(), room, size)]
