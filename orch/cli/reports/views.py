"""Plain views of the commands that show runs."""

from inbox.cli import plain
from orch.cli.board import views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.json_text import Json


def _written(noun: str, following: str) -> "Callable[[Json], str]":
    """Return the view of a document: itself, or where it was written and what to do next."""

    def _view(answer: "Json") -> str:
        text, path, run = plain.fields(answer, "$.text", "$.path", "$.run_id")
        if path is None:
            return str(text)
        of = f" of run {run}" if run else ""
        name = plain.line(path, 4096)
        return f"wrote the {noun}{of} to {name}\nnext: {following.format(path=name, run=run)}"

    return _view


VIEWS: "dict[str, Callable[[Json], str]]" = {
    "top": views.view,
    "graph": _written("graph", "look at it: {path}"),
    "report": _written("report", "open it: {path}"),
    "metrics": _written("figures", "read them: {path}"),
}
