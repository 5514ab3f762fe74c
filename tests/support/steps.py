"""Next steps held against the tables of commands: what is printed can be given."""

from functools import cache

from inbox.cli import parse
from inbox.cli.grammar import Command, Program
from schema.failures import Failure
from schema.steps import BLANKS

_FILLED = {
    "TEXT": "some words", "QUESTION": "Which one?", "ANSWER": "This one.", "YOU": "lead",
    "AGENT": "w9", "NAME": "ana", "ID": "new-1", "RUN": "r", "R": "r", "R/T": "r/t",
    "THREAD": "thr_1", "FILE": "new-file", "DIR": ".", "H": "claude", "BRANCH": "side",
    "WHY": "a reason", "URL": "postgresql://localhost/o",
    "cost_usd=N,tokens=N,turns=N,attempts=N,hours=N": "turns=99",
}  # fmt: skip


@cache
def programs() -> dict[str, Program]:
    """Return both programs, whole."""
    from inbox.cli import main as inbox
    from orch.cli import main as orch

    return {"inbox": inbox.whole(), "orch": orch.whole()}


def filled(argv: list[str]) -> list[str]:
    """Return a command with something in every blank."""
    assert set(_FILLED) == set(BLANKS)
    return [_FILLED.get(word, word) for word in argv]


def bound(argv: list[str]) -> tuple[Command, dict[str, object]] | None:
    """Return a step's command and its values; git's are taken as they are.

    Fails where the table does not know a word or an option of it, lacks a required one, or where a
    value is none of its kind.
    """
    assert argv, "an empty step"
    if argv[0] not in programs():
        assert argv[0] == "git", argv
        return None
    flags = argv[: argv.index("--")] if "--" in argv else argv  # A program's words are its own.
    split = parse.split(programs()[argv[0]], filled(flags)[1:])
    assert split is not None, f"no such command: {argv}"
    command, raw = split
    lacks = [o.flag for o in command.options if o.required and o.dest not in raw and not o.env]
    assert not lacks, (argv, lacks)
    try:
        return command, parse.bind(command, raw)
    except Failure as failure:
        wrong = failure
    # A file, or what only a worker's environment says, may be missing here; nothing else.
    assert wrong.reason == "file" or "(or set" in wrong.message, (argv, wrong.message)
    return None
