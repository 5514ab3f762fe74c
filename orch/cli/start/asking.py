"""Questions to the person at the terminal; where nobody sits, nobody is asked."""

import os
import sys

from inbox.cli.output import write_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def is_there(call: "Call") -> bool:
    """Say whether somebody reads what is asked and can answer: not with --json."""
    try:
        return not call.as_json and os.isatty(0) and os.isatty(2)
    except OSError:
        return False


def ask(question: str) -> str:
    """Return what is typed, in lower case; "" for a bare Enter and at the end of input."""
    write_error(question)
    return sys.stdin.readline().strip().lower()


def agrees(question: str) -> bool:
    """Say whether the answer is yes."""
    return ask(f"{question} [y/N]") in ("y", "yes")


def show(line: str) -> None:
    """Show a line to the person who is asked."""
    write_error(line)
