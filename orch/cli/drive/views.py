"""Plain views of the commands about driving."""

from inbox.cli import plain
from schema.json_text import Json, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def _said(answer: Json) -> str:
    (run,) = plain.fields(answer, "$.run.run_id")
    drive = loads(answer)["drive"]
    given = dict(drive["settings"])
    retry = {f"retry.{name}": value for name, value in given.pop("retry", {}).items()}
    found = ", ".join(f"{n}={_word(v)}" for n, v in sorted((given | retry).items()))
    how = "is paused: nothing new begins" if drive["paused"] else "goes on"
    return f"run {run} {how}\nset for this run: {found or 'nothing'}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


VIEWS: "dict[str, Callable[[Json], str]]" = {
    "run set": _said,
    "run pause": _said,
    "run resume": _said,
}
