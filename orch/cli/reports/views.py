"""Plain views of the commands that show runs."""

from inbox.cli import plain
from orch.cli.board import views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _written(noun: str) -> "Callable[[Answer], str]":
    """Return the view of a document: itself, or where it was written."""

    def _view(answer: "Answer") -> str:
        text, path, run = plain.values(answer, "text path run_id")
        if path is None:
            return str(text)
        of = f" of run {run}" if run else ""
        return f"wrote the {noun}{of} to {plain.line(path, 4096)}"

    return _view


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "top": views.view,
    "web": lambda answer: str(answer.get("url")),
    "graph": _written("graph"),
    "report": _written("report"),
    "metrics": _written("figures"),
}
