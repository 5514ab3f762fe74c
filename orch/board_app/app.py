"""The board on a terminal: shows what the feed reads, and gives what keys ask for.

No logic of its own: rows, layout and keys are pure modules, each key's command is run by
inbox/cli/inside.py in a thread with a connection of its own, and its answer is shown in a line.
"""

import os
import threading
from collections.abc import Callable
from functools import partial

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.events import Click, Key, MouseScrollDown, MouseScrollUp
from textual.strip import Strip
from textual.widget import Widget

from inbox.cli import inside
from orch.board_app import giving, layout, rows
from orch.board_app.feed import STILL_SECONDS, Feed
from orch.board_app.keys import KEYS, OWN, begin, steps_of
from orch.board_app.line import Line
from orch.board_app.reader import Reader
from orch.steps.model import say
from schema.failures import Failure
from schema.steps import Step

_KEYS_AGAIN = "? names the keys, q quits"


class BoardView(Widget, can_focus=True):
    """The board itself, drawn line by line."""

    DEFAULT_CSS = "BoardView { height: 1fr; }"

    def __init__(self, redraw: Callable[[], None]) -> None:
        super().__init__()
        self.drawn = layout.Frame()
        self._redraw = redraw

    def on_resize(self) -> None:
        """Draw it for the new size."""
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        line = self.drawn.lines[y] if y < len(self.drawn.lines) else []
        return Strip([Segment(text, style_of(style)) for style, text in line])


def style_of(words: str) -> Style:
    """Return a style by its words; NO_COLOR leaves bold, dim and reverse."""
    kept = [w for w in words.split() if w in _PLAIN or not os.environ.get("NO_COLOR")]
    return Style.parse(" ".join(kept) or "none")


_PLAIN = ("bold", "dim", "reverse")


class BoardApp(App[None]):
    """The board of all open runs, or of one, until somebody quits."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { background: ansi_default; color: ansi_default; }"

    def __init__(self, feed: Feed, db_path: str, seconds: float | None) -> None:
        super().__init__(ansi_color=True)
        self.failure: Failure | None = None
        self.board = BoardView(self.refresh_board)
        self.view = layout.View()
        self.found: list[rows.Row] = []
        self._line = Line()
        self._feed, self._db_path, self._seconds = feed, db_path, seconds
        self._is_ascii = not is_unicode()
        self._busy: list[str] = []
        self._person = ""

    def compose(self) -> ComposeResult:
        """Put the board and the line for words on the screen."""
        yield self.board
        yield self._line

    def on_mount(self) -> None:
        """Begin to show what the feed reads."""
        self.board.focus()
        self._feed.tell(self._told)
        self.set_interval(STILL_SECONDS, self._feed.want)
        if self._seconds:
            self.set_timer(self._seconds, self.exit)

    def _told(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self.refresh_board()
        else:
            self.call_later(self.refresh_board)

    def refresh_board(self) -> None:
        """Draw what is known now; end where the store can no longer be read."""
        if self._feed.failure is not None:
            self.failure = self._feed.failure
            self.exit()
            return
        document = self._feed.latest
        if document is None:
            return
        before = [row.identity for row in self.found]
        self.found = rows.chosen(rows.rows(document), self.view.filters, self.view.run)
        self.view.cursor = rows.cursor_after(self.view.cursor, before, self.found)
        size = self.board.size
        self.board.drawn = layout.frame(document, self.found, self.view, size.width, size.height)
        if self._is_ascii:
            drawn = self.board.drawn
            drawn.lines = [layout.plain(line) for line in drawn.lines]
        self.board.refresh()

    @property
    def row(self) -> rows.Row | None:
        """The row under the cursor."""
        return next((row for row in self.found if row.identity == self.view.cursor), None)

    def say(self, text: str, style: str = "") -> None:
        """Show a line where the detail stands, until the cursor moves."""
        self.view.message, self.view.style = text, style
        self.refresh_board()

    def on_key(self, event: Key) -> None:
        """Do what a key means; what is no key of the board says so."""
        if self._line.has_focus or self.screen is not self.screen_stack[0]:
            return
        event.stop()
        key = event.character if event.character and event.is_printable else event.key
        own: dict[str, Callable[[], object]] = {
            "enter": self._enter,
            "tab": partial(self._pane, 1), "shift+tab": partial(self._pane, -1),
            "up": partial(self._move, -1), "down": partial(self._move, 1),
            "k": partial(self._move, -1), "j": partial(self._move, 1),
            "pageup": partial(self._move, -10), "pagedown": partial(self._move, 10),
            "home": partial(self._move, -10_000), "end": partial(self._move, 10_000),
            "/": self._filter, "u": self._unfilter, "?": self._help, "q": self.exit,
            "escape": partial(self.say, ""), "ctrl+c": self.exit, "o": self._open,
        }  # fmt: skip
        if key in own:
            own[key]()
        elif key in KEYS:
            self._press(key)
        elif key in tuple("0123456789"):
            self._one_run(int(key))
        else:
            self.say(f"no such key: {_KEYS_AGAIN}")

    def on_click(self, event: Click) -> None:
        """Put the cursor where somebody clicks; once more there is Enter."""
        row = self.board.drawn.at.get(event.y)
        if row is None or self.screen is not self.screen_stack[0]:
            return
        is_again = row.identity == self.view.cursor
        self._to(row)
        if is_again and event.chain > 1:
            self._enter()

    def on_mouse_scroll_down(self, _event: MouseScrollDown) -> None:
        """Move the cursor."""
        self._move(1)

    def on_mouse_scroll_up(self, _event: MouseScrollUp) -> None:
        """Move the cursor."""
        self._move(-1)

    def _to(self, row: rows.Row) -> None:
        self.view.cursor, self.view.message = row.identity, ""
        self.refresh_board()

    def _move(self, by: int) -> None:
        if self.found:
            now = self.row
            at = self.found.index(now) if now is not None else 0
            self._to(self.found[max(0, min(len(self.found) - 1, at + by))])

    def _pane(self, by: int) -> None:
        """Go to the first row of the next pane that has any."""
        first = {row.pane: row for row in reversed(self.found)}
        names = [name for name in rows.PANES if name in first]
        now = self.row
        if now is not None:
            self._to(first[names[(names.index(now.pane) + by) % len(names)]])

    def _one_run(self, number: int) -> None:
        every = [run["run_id"] for run in (self._feed.latest or {"runs": []})["runs"]]
        if number > len(every):
            self.say(f"there is no run {number}: {len(every)} are open")
            return
        run = every[number - 1] if number else ""
        self.view.run = "" if run == self.view.run else run
        self.view.message = ""
        self.refresh_board()

    def _filter(self) -> None:
        def _use(text: str) -> None:
            if text.strip():
                self.view.filters.append(text.strip())
            self.say("")

        self._line.ask("filter: a text, or status:failed", _use, lambda: self.say(""))

    def _unfilter(self) -> None:
        if self.view.filters:
            self.view.filters.pop()
        else:
            self.view.run = ""
        self.say("")

    def _help(self) -> None:
        keys = {**{key: one.help for key, one in KEYS.items()}, "o": "open its worktree", **OWN}
        text = "\n".join(f"{key:>5}  {words}" for key, words in keys.items())
        self.push_screen(Reader("keys of the board", text))

    def _enter(self) -> None:
        if self.row is None:
            self.say(_KEYS_AGAIN)
        elif self.row.steps:
            is_look = all(step.kind == "look" for step in self.row.steps)
            self._give(self.row.steps, is_look=is_look)

    def _press(self, key: str) -> None:
        if self.row is None:
            if key == "b":
                self._give(begin())
            else:
                self.say("there is no row: b begins a run")
            return
        steps = steps_of(key, self.row)
        if isinstance(steps, str):
            self.say(steps, "yellow")
        elif KEYS[key].after_diff:
            self._after_diff(self.row, KEYS[key].word, steps)
        else:
            self._give(steps, is_look=KEYS[key].is_look)

    def _after_diff(self, row: rows.Row, word: str, steps: list[Step]) -> None:
        """Show the change; who goes on from there gives the word, with a name."""
        look = [say("diff", row.name)]

        def _shown(outcome: giving.GivenSteps) -> None:
            self.view.wanted = ()
            if outcome.status:
                self.say(outcome.first_line, "red")
                return
            self.say("")
            foot = f"Enter: {word} {row.name}, with your name   Esc: back"
            reader = Reader(f"{row.name}: what it changes", outcome.text, foot)
            self.push_screen(reader, lambda yes: self._give(steps, alone=True) if yes else None)

        self._run(look, _shown)

    def _open(self) -> None:
        """Print where the worktree is; what ORCH_OPEN names has the terminal meanwhile."""
        if self.row is None or not self.row.task:
            self.say("open: that is for a task", "yellow")
            return
        step = say("open", self.row.name)
        if not os.environ.get("ORCH_OPEN"):
            self._give([step], is_look=True)
            return
        with self.suspend():
            given = giving.give([step], self._db_path)
        self._answered(given)

    def _give(self, steps: list[Step], *, is_look: bool = False, alone: bool = False) -> None:
        """Ask for the words that a command lacks, one after the other; then give it.

        `alone`: the terminal is its own meanwhile; a signature may want a passphrase.
        """
        if giving.stays(steps):
            self.say("that stays: paste the $ line into a terminal of its own", "yellow")
            return
        self.view.wanted = steps
        blank = giving.first_blank(steps)
        if blank is None and alone and not self.is_headless:
            with self.suspend():
                given = giving.give(steps, self._db_path)
            self._answered(given)
            self._feed.want()
            return
        if blank is None:
            self._run(steps, partial(self._answered, is_look=is_look))
            return

        def _filled(text: str) -> None:
            if blank == "NAME":
                self._person = text
            self._give(giving.filled(steps, blank, text), is_look=is_look, alone=alone)

        def _typed(text: str) -> None:
            self.view.wanted = giving.filled(steps, blank, text) if text else steps
            self.refresh_board()

        def _left() -> None:
            self.view.wanted = ()
            self.say("nothing was done")

        before = self._person if blank == "NAME" else ""
        self._line.ask(giving.words_for(steps, blank), _filled, _left, _typed, before)
        self.refresh_board()

    def _run(self, steps: list[Step], then: "giving.Then") -> None:
        """Give steps in a thread of their own; `then` is called here with what came of them."""
        line = giving.line(steps)
        self._busy.append(line)
        self.say(f"… {line}", "dim")

        def _work() -> None:
            given = giving.give(steps, self._db_path)
            self.call_later(self._ended, line, given, then)

        threading.Thread(target=_work, name="key", daemon=True).start()

    def _ended(self, line: str, given: "giving.GivenSteps", then: "giving.Then") -> None:
        self._busy.remove(line)
        then(given)
        self._feed.want()

    def _answered(self, given: "giving.GivenSteps", *, is_look: bool = False) -> None:
        self.view.wanted = ()
        if is_look and not given.status:
            self.say("")
            follow = None
            if given.is_log:
                argv = [*given.steps[-1].argv[1:], "--follow"]
                follow = partial(inside.Inside, giving.program(), argv, self._db_path)
            self.push_screen(Reader(given.line, given.text, follow=follow))
        else:
            self.say(given.first_line, "red" if given.status else "green")


def is_unicode() -> bool:
    """Say whether the terminal's locale is one of UTF-8, as the person set it.

    Python coerces the C locale and sets LC_CTYPE to say so: that is no word of the person's.
    """
    env = os.environ
    named = env.get("LC_ALL") or env.get("LC_CTYPE", "").replace("C.UTF-8", "") or env.get("LANG")
    named = named or env.get("LC_CTYPE", "")
    return "UTF-8" in named.upper() or "UTF8" in named.upper()
