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

# Commands about a run that name it by its flag, and those that name it first: each takes both.
_BY_FLAG = ("show", "close", "reopen", "budget")
_BY_WORD = ("set", "pause", "resume")


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
        return argv if at is None else _with_its_run(argv, at)
    write_error(f"note: {argv[at]} is called {words} here")
    return [*argv[:at], *words.split(" "), *argv[at + 1 :]]


def _with_its_run(argv: list[str], at: int) -> list[str]:
    """Return argv of a command about a run with the run where its row has it: R and --run R."""
    words, rest = argv[: at + 2], argv[at + 2 :]
    verb = words[at + 1 :] if argv[at] == "run" else []
    if verb and verb[0] in _BY_FLAG and rest and rest[0][0:1] not in ("-", ""):
        return argv if "--run" in rest else [*words, "--run", *rest]
    if verb and verb[0] in _BY_WORD and "--run" in rest[:-1]:
        flag = rest.index("--run")
        return [*words, rest[flag + 1], *rest[:flag], *rest[flag + 2 :]]
    return argv
