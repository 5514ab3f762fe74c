"""schema and completion of orch."""

from inbox.cli.stores import print_schema
from schema.failures import invalid_input
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.kit import Call


def schema(call: "Call", *, name: tuple[str, ...]) -> None:
    """Print the JSON Schema of answers."""
    from orch.cli import shapes

    print_schema(call, " ".join(name) or None, shapes.schemas())


def completion(call: "Call", *, shell: str | None) -> None:
    """Print a shell's completion script."""
    if shell is None:
        raise invalid_input("missing SHELL: bash, zsh or fish", reason="flag")
    from inbox.cli import click_app
    from orch.cli.table import PROGRAM

    call.say(obj(shell=shell, text=click_app.completion_script(PROGRAM, shell)))
