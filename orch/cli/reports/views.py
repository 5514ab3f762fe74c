"""Plain views of the commands that show runs."""

from inbox.cli import plain
from orch.cli.board import views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.json_text import Json


def _written(noun: str) -> "Callable[[Json], str]":
    """Return the view of a document: itself, or where it was written."""

    def _view(answer: "Json") -> str:
        text, path, run = plain.fields(answer, "$.text", "$.path", "$.run_id")
        if path is None:
            return str(text)
        of = f" of run {run}" if run else ""
        return f"wrote the {noun}{of} to {plain.line(path, 4096)}"

    return _view


VIEWS: "dict[str, Callable[[Json], str]]" = {
    "top": views.view,
    "web": lambda answer: str(plain.fields(answer, "$.url")[0]),
    "graph": _written("graph"),
    "report": _written("report"),
    "metrics": _written("figures"),
}
