"""Names by which sister tools call our commands: typed here, they run.

A hint would cost an agent a round trip and teach it no more. Standard error says the name here; the
answer names the command as it was typed.
"""

from inbox.cli import parse
from inbox.cli.output import write_error
from orch.steps.model import say
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.grammar import Program

ALIASES = {
    "merge": "land",
    "abort": "cancel",
    "enqueue": "plan apply",
    "validate": "plan check",
    "tui": "top",
    "locks": "lock list",
    "list": "run list",
}

# What is no command of anybody's here, but means that something is to drive.
_MEANS_DRIVE = ("daemon", "up", "auto", "go", "lead")


def resolve(program: "Program", argv: list[str]) -> list[str]:
    """Return argv with the command's name here; what is no alias stays as it is.

    Raises: invalid_input for what others have a daemon for, with the command that drives.
    """
    at = parse.first_word(program, argv)
    if at is not None and argv[at] in _MEANS_DRIVE:
        until = "forever" if argv[at] == "daemon" else None
        raise invalid_input(
            f"there is no {argv[at]} here, and no daemon: a run is driven by a command",
            reason="flag",
            next=[say("drive", until=until)],
        )
    words = ALIASES.get(argv[at]) if at is not None else None
    if at is None or words is None:
        return argv
    write_error(f"note: {argv[at]} is called {words} here")
    return [*argv[:at], *words.split(" "), *argv[at + 1 :]]
