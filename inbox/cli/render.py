"""The whole of what plain mode prints for an answer: its view, warnings, what to do next."""

from inbox.cli import plain, views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def render(call: "Call") -> str:
    """Return what plain mode prints for the call's answer, at most about 4 kB for listings."""
    assert call.answer is not None
    view = views.find(call.package, call.words)
    text = view(call.answer).rstrip("\n") + "\n"
    warnings = "".join(
        f"warning: {plain.line(warning, 200)}\n"
        for warning in plain.texts(call.answer, "$.warnings")
    )
    body, next_line, command = text.rpartition("\nnext: ")  # What to do next stays last.
    return f"{body}\n{warnings}{next_line[1:]}{command}" if next_line else text + warnings
