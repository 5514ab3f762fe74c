"""The command that begins it all: a row of orch's table (table.py)."""

from inbox.cli.grammar import Command, Option
from orch.cli.drive.table import FLAGS

COMMANDS = (
    Command(
        "start", "orch.cli.start.start:start",
        "Take a plan, or a task in words, all the way to landed work.",
        (
            Option("FILE", "text", "plan files, folders of them, or one task in words",
                   dest="words", many=True),
            Option("--plan", "flag", "have an engineer agent make a plan of the words first"),
            Option("--run", "name", "the run's id (default: by the file's name or the words)"),
            Option("--target", "text", "the branch to land on"),
            Option("--no-drive", "flag", "only open the run and apply the plan"),
            Option("--foreground", "flag", "stay, even where there is no terminal"),
            Option("--write-config", "flag", "write the orch.toml that was found to fit"),
            *FLAGS,
            Option("PROGRAM", "text", "the program of --harness command, with its arguments",
                   dest="program", many=True, last=True),
        ),
        "orch start plan.yaml --target main --harness claude",
        note="Given again, it goes on with the same run; a changed file changes its tasks. Without "
        "a terminal it runs in the background and answers at once.",
        person=True,
    ),
)  # fmt: skip
