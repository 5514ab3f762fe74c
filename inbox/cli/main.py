"""The `inbox` console script: the table, the kit, and click only where it is needed."""

from inbox.cli import kit
from inbox.cli.table import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from inbox.cli.grammar import Command, Program


def main() -> "NoReturn":
    """Run `inbox` with the process's arguments."""
    kit.main(PROGRAM, click_app)


def click_app(program: "Program", argv: list[str]) -> "tuple[Command, Any] | int":
    """Hand what the small parser does not know to click."""
    from inbox.cli import click_app as app

    return app.parse(program, argv)
