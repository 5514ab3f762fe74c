"""The line at the bottom in which somebody types: an answer, a reason, a name, a filter."""

from textual.app import SuspendNotSupported
from textual.binding import Binding
from textual.events import Key
from textual.widgets import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Line(Input):
    """One question at a time. Enter gives the words, Escape leaves, ^E opens an editor on them."""

    DEFAULT_CSS = """
    Line { display: none; height: 1; border: none; padding: 0; background: ansi_default; }
    Line:focus { border: none; }
    Line.-asked { display: block; }
    """
    BINDINGS = [Binding("ctrl+e", "edit", "editor", priority=True)]

    def __init__(self) -> None:
        super().__init__(compact=True)
        self._use: Callable[[str], None] = lambda _text: None
        self._leave: Callable[[], None] = lambda: None
        self._typed: Callable[[str], None] = lambda _text: None

    def ask(
        self,
        what: str,
        use: "Callable[[str], None]",
        leave: "Callable[[], None]",
        typed: "Callable[[str], None] | None" = None,
        before: str = "",
    ) -> None:
        """Ask for `what`; one of `use` and `leave` is called when that is over."""
        self._use, self._leave = use, leave
        self._typed = typed or (lambda _text: None)
        self.placeholder = what
        self.value = before
        self.add_class("-asked")
        self.focus()

    def _close(self) -> None:
        self.remove_class("-asked")
        self.screen.set_focus(self.screen.query_one("BoardView"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what stands there now."""
        event.stop()
        if self.has_class("-asked"):
            self._typed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the words on; without any, nothing was said."""
        event.stop()
        self._close()
        (self._use if event.value else lambda _text: self._leave())(event.value)

    def on_key(self, event: Key) -> None:
        """Leave at Escape."""
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            event.prevent_default()
            self._close()
            self._leave()

    def action_edit(self) -> None:
        """Write the words in the person's editor; the first line goes on from there."""
        import click

        try:
            with self.app.suspend():
                text = click.edit(self.value, extension=".md")
        except (SuspendNotSupported, click.ClickException):
            text = None
        if text is not None and text.strip():
            self._close()
            self._use(text.rstrip("\n"))
