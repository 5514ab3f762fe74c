"""The `orch` console script, and the one composition root: it mounts `orch council …`.

The mounted rows (and those of seeing_table.py) are loaded when a word is typed that the table does
not know, when click has to explain, and for whoever asks for PROGRAM: a hot command imports nothing
of council (tests/contract/test_council_table.py).
"""

from inbox.cli import kit
from inbox.cli.grammar import Program
from orch.cli import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from inbox.cli.grammar import Command
    from schema.transaction import ReadTx

    PROGRAM: Program

_MOUNTED = "council"


def main() -> "NoReturn":
    """Run `orch` with the process's arguments."""
    table.PROGRAM.groups.add(_MOUNTED)
    kit.main(table.PROGRAM, click_app)


def click_app(program: "Program", argv: list[str]) -> "tuple[Command, Any] | int":
    """Hand what the small parser does not know to it again with all commands, then to click."""
    from inbox.cli import parse

    whole = _whole()
    known = parse.split(whole, argv)
    if known is not None:
        return known
    from inbox.cli import click_app as app

    return app.parse(whole, argv)


def _whole() -> Program:
    """Return the program with what is mounted on it."""
    from council.cli.table import COMMANDS
    from orch.cli.seeing_table import COMMANDS as SEEING

    own = table.PROGRAM
    rows = (*own.commands.values(), *SEEING, *COMMANDS)
    return Program(own.name, own.summary, rows, own.globals)


def schemas() -> "dict[str, object]":
    """Return the JSON Schema of `data` of every command, mounted ones too."""
    from council.cli import shapes as mounted
    from orch.cli import shapes

    return {**shapes.schemas(), **mounted.schemas()}


def reviews(tx: "ReadTx", run_id: str) -> "dict[str, list[dict[str, Any]]]":
    """Return what councils said of a run's tasks, for its report."""
    from council.cli import reading

    return reading.reviews(tx, run_id)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Return PROGRAM, the whole of it, made when it is asked for."""
        if name != "PROGRAM":
            raise AttributeError(f"orch.cli.main has no {name!r}")
        found = globals()["PROGRAM"] = _whole()
        return found
