"""Giving steps from the board: what is still to be filled in, and what came of them."""

from inbox.cli import inside
from schema.steps import BLANKS, Step, command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inbox.cli.grammar import Program

    Then = Callable[["GivenSteps"], None]

_OTHERS_SECONDS = 60.0
_SIGNED = "signature"


class GivenSteps:
    """What came of steps: the first that failed ends them. `text` is what plain mode prints."""

    __slots__ = ("status", "steps", "text")

    def __init__(self, steps: "Sequence[Step]", status: int, text: str) -> None:
        self.steps, self.status, self.text = list(steps), status, text

    @property
    def line(self) -> str:
        """The commands, as a shell takes them."""
        return line(self.steps)

    @property
    def first_line(self) -> str:
        """What happened, in a line."""
        return next((one for one in self.text.split("\n") if one.strip()), "done")

    @property
    def is_log(self) -> bool:
        """Whether more of it can come: an agent's log."""
        return self.steps[-1].argv[1:2] == ("logs",)


def line(steps: "Sequence[Step]") -> str:
    """Return steps as one line of a shell."""
    return " && ".join(map(command, steps))


def program() -> "Program":
    """Return the whole of `orch`: council's commands are mounted there."""
    from orch.cli import main

    return main.PROGRAM


def first_blank(steps: "Sequence[Step]") -> str | None:
    """Return the first word that only a person has, None when nothing is missing."""
    return next((word for step in steps for word in step.argv if word in BLANKS), None)


def words_for(steps: "Sequence[Step]", blank: str) -> str:
    """Return what is asked for."""
    is_person = any(("--as", blank) in zip(s.argv, s.argv[1:], strict=False) for s in steps)
    return "who you are, as the policy names you" if is_person else BLANKS[blank]


def stays(steps: "Sequence[Step]") -> bool:
    """Say whether a command runs agents as long as they work: it has a terminal of its own."""
    return any(step.argv[:2] in (("orch", "work"), ("orch", "drive")) for step in steps)


def filled(steps: "Sequence[Step]", blank: str, text: str) -> list[Step]:
    """Return the steps with `text` where a blank stands."""
    return [
        Step([text if word == blank else word for word in s.argv], s.kind, s.why, s.who)
        for s in steps
    ]


def give(steps: "Sequence[Step]", db_path: str) -> GivenSteps:
    """Run steps one after the other, until one fails. Our own run here, git's as programs."""
    text = ""
    for step in steps:
        if step.argv[0] == "orch":
            said = inside.run(program(), step.argv[1:], db_path)
            status, text = said.status, said.text
        else:
            from orch import process

            status, out, wrong = process.ask(list(step.argv), "", _OTHERS_SECONDS)
            text = wrong if status else out
        if status:
            return GivenSteps(steps, status, text)
    return GivenSteps(steps, 0, text)
