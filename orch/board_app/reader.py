"""A page of text over the board: a log, a diff, a graph, the keys."""

import threading

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static

from inbox.cli import plain
from schema.json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.cli.inside import Inside

_MOST_LINES = 20_000
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class Reader(ModalScreen[bool]):
    """Text to be read; Escape or q goes back, Enter goes on where `foot` says to what.

    `follow` makes the call that streams what comes after the text; f begins it.
    """

    DEFAULT_CSS = """
    Reader { background: ansi_default; }
    Reader .bar { height: 1; background: ansi_default; text-style: bold; }
    Reader VerticalScroll { height: 1fr; background: ansi_default; }
    Reader Static { background: ansi_default; }
    """

    def __init__(
        self,
        title: str,
        text: str,
        foot: str = "",
        follow: "Callable[[Callable[[str], None]], Inside] | None" = None,
    ) -> None:
        super().__init__()
        self._title, self._foot, self._follow = title, foot, follow
        shown = plain.without_marks(text)
        self._lines = shown.rstrip("\n").split("\n")[-_MOST_LINES:]
        self._body = Static(self._painted())
        self._scroll = VerticalScroll(self._body)
        self._stream: Inside | None = None

    def compose(self) -> ComposeResult:
        """Put title, text and foot on the screen."""
        foot = self._foot or ("f follow   " if self._follow else "") + "Esc or q: back"
        yield Static(Text(self._title), classes="bar")
        yield self._scroll
        yield Static(Text(foot), classes="bar")

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self._scroll.focus()

    def on_unmount(self) -> None:
        """End the stream."""
        if self._stream is not None:
            self._stream.stop()

    def on_key(self, event: Key) -> None:
        """Go back, go on, or follow."""
        if event.key in ("escape", "q", "ctrl+c"):
            event.stop()
            self.dismiss(False)
        elif event.key == "enter" and self._foot:
            event.stop()
            self.dismiss(True)
        elif event.key == "f" and self._follow is not None and self._stream is None:
            event.stop()
            self._begin(self._follow)

    def _begin(self, follow: "Callable[[Callable[[str], None]], Inside]") -> None:
        self._lines = []
        app = self.app

        def _heard(line: str) -> None:
            app.call_later(self._more, line)

        stream = self._stream = follow(_heard)
        threading.Thread(target=stream.run, name="follow", daemon=True).start()

    def _more(self, line: str) -> None:
        self._lines.append(plain.visible(str(loads(line).get("line", ""))))
        del self._lines[:-_MOST_LINES]
        self._body.update(self._painted())
        self._scroll.scroll_end(animate=False)

    def _painted(self) -> Text:
        found = Text(no_wrap=False)
        for line in self._lines:
            if "\x1b" in line:  # A view's own colours: peers' escapes are written out in it.
                found.append_text(Text.from_ansi(line)).append("\n")
            else:
                found.append(line + "\n", _STYLES.get(line[:1], ""))
        return found
