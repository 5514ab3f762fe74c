"""The `inbox` console script: the table and the kit."""

from inbox.cli import kit
from inbox.cli.table import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from inbox.cli.grammar import Program


def main() -> "NoReturn":
    """Run `inbox` with the process's arguments."""
    kit.main(PROGRAM, whole)


def whole() -> "Program":
    """Return the program with all of its commands."""
    return PROGRAM
