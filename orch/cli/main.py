"""The `orch` console script, and the one composition root: it mounts `orch council …`.

Hot rows are looked at first. All the others, mounted ones too (council, reports/table.py), are
loaded when none of those is meant, when click has to explain, and for whoever asks for PROGRAM: a
hot command imports nothing of council (tests/contract/council/test_table.py).
"""

from inbox.cli import kit
from orch.cli import hot_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from inbox.cli.grammar import Program
    from schema.transaction import Database, ReadTx

    PROGRAM: Program


def main() -> "NoReturn":
    """Run `orch` with the process's arguments."""
    kit.main(hot_table.PROGRAM, whole)


def whole() -> "Program":
    """Return the program with all of its commands."""
    from council.cli.table import COMMANDS
    from orch.cli import table
    from orch.cli.reports.table import COMMANDS as SEEING

    own = table.PROGRAM
    return own.with_commands((*own.commands.values(), *SEEING, *COMMANDS))


def schemas() -> "dict[str, object]":
    """Return the JSON Schema of `data` of every command, mounted ones too."""
    from council.cli import shapes as mounted
    from orch.cli import shapes

    return {**shapes.schemas(), **mounted.schemas()}


def reviews(tx: "ReadTx", run_id: str) -> "dict[str, list[dict[str, Any]]]":
    """Return what councils said of a run's tasks, for its report."""
    from council.cli import reading

    return reading.reviews(tx, run_id)


def reviewed(tx: "ReadTx") -> dict[str, str]:
    """Return by run which task it reviews, of those that are open."""
    from council.cli import reading

    return reading.reviewed(tx)


def verdicts(tx: "ReadTx") -> "dict[str, str | None]":
    """Return by the run of each open council its verdict, None before it has one."""
    from council.cli import reading

    return reading.verdicts(tx)


def ask_review(
    db: "Database", run_id: str, task_id: str, kind: str, harness: str,
    program: "tuple[str, ...]",
) -> str:  # fmt: skip
    """Have a task's change reviewed, or by a council; return in words what came of it."""
    from council.cli import reviewing

    return reviewing.ask(db, run_id, task_id, kind, harness, program)


def begin_round_two(db: "Database", run_id: str) -> None:
    """Let a council whose reviewers have ended go on to its second round, if that is so."""
    from council.cli import waiting

    waiting.begin_round_two(db, run_id)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Return PROGRAM, the whole of it, made when it is asked for."""
        if name != "PROGRAM":
            raise AttributeError(f"orch.cli.main has no {name!r}")
        found = globals()["PROGRAM"] = whole()
        return found
