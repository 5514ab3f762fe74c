"""The whole of what plain mode prints for an answer: its view and its warnings.

What to do next is no part of it: that goes to standard error (kit.py).
"""

from inbox.cli import plain, views
from schema.json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def render(call: "Call") -> str:
    """Return what plain mode prints for the call's answer, at most about 4 kB for listings."""
    assert call.answer is not None
    view = views.find(call.package, call.words)
    answer = loads(call.answer)
    text = view(answer).rstrip("\n") + "\n"
    return text + "".join(
        f"warning: {plain.line(warning, 200)}\n" for warning in answer.get("warnings") or ()
    )
