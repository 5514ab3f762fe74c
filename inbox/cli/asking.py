"""Words that only a person has, asked for on a terminal where a command lacks them.

A printed step stands there without them, or is pasted as it stands, with a name in capitals for
them. Guarantees: nobody is asked who could not answer (no terminal, in the background, inside an
attempt, an answer for programs); what was typed is taken as the flag's text.
"""

import os

from inbox.cli.output import write_error
from schema.failures import invalid_input
from schema.steps import BLANKS, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from inbox.cli.grammar import Command, Option, Program
    from inbox.cli.parse import Raw

# Other ways to give a text.
_INSTEAD = {"body": ("body_file", "payload")}
_MOST = 65536
_TEXTS = ("TEXT", "QUESTION", "ANSWER")


def is_possible(environment: "Mapping[str, str]") -> bool:
    """Say whether somebody sits there who can be asked."""
    if any(environment.get(name) for name in ("ORCH_TURN", "INBOX_THREAD", "INBOX_LEASE")):
        return False
    if not (os.isatty(0) and os.isatty(2)):
        return False
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return True  # A terminal that is not ours has no foreground.


def complete(command: "Command", raw: "Raw") -> None:
    """Ask for what is left out and has to be said, and for each blank that was pasted.

    Raises: invalid_input/flag where nothing is said.
    """
    for option in command.options:
        given = raw.get(option.dest)
        if given and given[-1] in BLANKS and option.kind != "flag":
            given[-1] = _ask(option, given[-1])
        elif option.asks and raw.keys().isdisjoint({option.dest, *_INSTEAD[option.dest]}):
            raw[option.dest] = [_ask(option, option.asks)]


def without_blanks(step: "Step", program: "Program") -> "Step":
    """Return a step as a terminal shows it: without what its command will ask for."""
    if step.argv[0] != program.name:
        return step
    command = program.commands.get(" ".join(step.argv[1:3])) or program.commands.get(step.argv[1])
    asked = {option.flag for option in command.options if option.asks} if command else set()
    words = list(step.argv)
    for i in range(len(words) - 2, 0, -1):
        if words[i] in asked and words[i + 1] in BLANKS:
            del words[i : i + 2]
    return Step(words)


def _ask(option: "Option", blank: str) -> str:
    """Return what a person types; nothing keeps the blank's name, for texts it opens $EDITOR."""
    is_text = blank in _TEXTS
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    rest = f" (Enter alone: {blank})" if not is_text else " (Enter alone: $EDITOR)" * bool(editor)
    os.write(2, f"{option.flag}, {BLANKS[blank]}{rest}: ".encode())
    line = os.read(0, _MOST)
    if not line:
        write_error("")
    text = line.decode(errors="replace").strip()
    if not text and line and is_text and editor:
        text = _edited(editor)
    if not text and line and not is_text:
        text = blank
    if not text:
        raise invalid_input(f"missing {option.flag}: {BLANKS[blank]}", reason="flag")
    return text


def _edited(editor: str) -> str:
    """Return what a person wrote in an editor of theirs; it is started as git does."""
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile("w", suffix=".txt", prefix="orch-") as draft:
        words = ["sh", "-c", f'{editor} "$1"', editor, draft.name]
        status = os.spawnv(os.P_WAIT, "/bin/sh", words)  # noqa: S606 - words of their own shell
        if status != 0:
            raise invalid_input(f"{editor} ended with {status}: nothing was sent", reason="flag")
        with open(draft.name, encoding="utf-8") as written:
            return written.read().strip()
