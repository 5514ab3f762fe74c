"""The `orch` console script, and the one composition root: it may mount what others decide."""

from inbox.cli import kit
from orch.cli.table import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from inbox.cli.grammar import Command, Program


def main() -> "NoReturn":
    """Run `orch` with the process's arguments."""
    kit.main(PROGRAM, click_app)


def click_app(program: "Program", argv: list[str]) -> "tuple[Command, Any] | int":
    """Hand what the small parser does not know to click."""
    from inbox.cli import click_app as app

    return app.parse(program, argv)
