"""doctor, schema and completion of orch."""

from inbox.cli.stores import print_schema
from schema.failures import invalid_input
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def doctor(call: "Call", *, deep: bool) -> None:
    """Check the store and the machine as inbox does, and the runs with their worktrees."""
    from inbox.cli.stores import tell
    from inbox.workflows import doctor as bus
    from orch import doctor as audit

    tell(call, bus.examine(call.db, deep) + audit.examine(call.db, deep))


def schema(call: "Call", *, name: tuple[str, ...]) -> None:
    """Print the JSON Schema of answers."""
    from orch.cli import main

    print_schema(call, " ".join(name) or None, main.schemas())


def completion(call: "Call", *, shell: str | None) -> None:
    """Print a shell's completion script."""
    if shell is None:
        raise invalid_input("missing SHELL: bash, zsh or fish", reason="flag")
    from inbox.cli import click_app
    from orch.cli.table import PROGRAM

    call.say(obj(shell=shell, text=click_app.completion_script(PROGRAM, shell)))
