"""A terminal as a place to draw on: lines of coloured words, again and again, nothing left behind.

Owns everything about terminals: whether there is one, how large, whether colours are wanted
(NO_COLOR). Guarantees: whatever ends the drawing, the terminal is as it was, with the last
frame on it; without a terminal nothing of this is ever printed.
"""

import os

from inbox.cli.output import write_out
from orch.reports.style import columns, cut_columns
from schema.value import Value, own
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Words = Sequence[tuple[str, str]]  # (style, text): one line.

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
           "magenta": "35", "cyan": "36"}  # fmt: skip
OF_STATUS = {
    "planned": "dim", "ready": "cyan", "dispatched": "blue", "running": "blue",
    "blocked": "yellow", "verifying": "magenta", "done": "green", "failed": "red",
    "cancelled": "dim",
}  # fmt: skip
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def is_terminal() -> bool:
    """Say whether standard output is a terminal that can be drawn on."""
    return os.environ.get("TERM", "dumb") != "dumb" and _isatty()


def _isatty() -> bool:
    try:
        return os.isatty(1)
    except OSError:
        return False


def has_colour() -> bool:
    """Say whether colours are wanted: on a terminal, unless NO_COLOR says no."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def size() -> tuple[int, int]:
    """Return (columns, lines) of the terminal; 80 by 24 where nobody knows."""
    try:
        wide, high = os.get_terminal_size(1)
    except OSError:
        wide, high = 0, 0
    return wide or 80, high or 24


def paint(line: "Words", *, colour: bool, wide: int = 0) -> str:
    """Return a line as text, cut to `wide` columns (0: as long as it is)."""
    left = wide or 1 << 30
    painted = ""
    for style, text in line:
        shown = cut_columns(text, left) if left > 0 else ""
        left -= columns(shown)
        code = _STYLES.get(style) if colour and shown.strip() else None
        painted += f"\x1b[{code}m{shown}\x1b[0m" if code else shown
    return painted.rstrip()


class Screen(Value):
    """The terminal while something is drawn on it."""

    _last: "list[Words]" = own(factory=list)

    def __enter__(self) -> "Screen":
        write_out(_ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        wide = size()[0]
        text = "\n".join(paint(line, colour=has_colour(), wide=wide) for line in self._last)
        write_out(_LEAVE + (text + "\n" if text else ""))

    def draw(self, lines: "list[Words]", more: str) -> None:
        """Show the lines; where they are too many, the first ones and how to see the rest."""
        self._last = lines
        wide, high = size()
        if len(lines) > high:
            cut = len(lines) - high + 1
            lines = [*lines[: high - 1], [("dim", f"… {many(cut, 'more line')}: {more}")]]
        colour = has_colour()
        body = f"{_REST_OF_LINE}\n".join(paint(line, colour=colour, wide=wide) for line in lines)
        write_out(f"{_HOME}{body}{_REST_OF_LINE}{_REST_OF_SCREEN}")
