"""A command called inside a program that goes on: a board's key, a button of a page, a tool.

Guarantees: it goes the way of a command line (parser, values, guard, function), on a connection of
its own, from any thread; nothing is printed and no signal is handled; whatever comes is an Outcome,
whose envelope is what the command prints with --json.
"""

from inbox.cli import kit, parse
from inbox.cli.call import Call
from schema.failures import Failure, invalid_input
from schema.json_text import obj
from schema.signals import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inbox.cli.grammar import Program
    from schema.json_text import Json

_SIGTERM = 15


class Outcome:
    """What came of a call: its exit status, its envelope, the failure if it was one."""

    __slots__ = ("_call", "envelope", "failure", "status")

    def __init__(self, call: Call, envelope: "Json", failure: Failure | None) -> None:
        self._call = call
        self.envelope = envelope
        self.failure = failure
        self.status = failure.exit if failure is not None else 0

    def delivered(self) -> None:
        """Note that the answer has reached whoever asked, where the command wants to know."""
        printed, self._call.printed = self._call.printed, None
        if printed is not None:
            printed()
            self._call.close()

    @property
    def text(self) -> str:
        """What plain mode prints of it, without what to do next."""
        from inbox.cli import plain
        from inbox.cli.render import render

        said = render(self._call) if self._call.answer is not None else ""
        return said + (plain.failure(self.failure) if self.failure is not None else "")


class Inside:
    """One call of a command; `stop` from another thread ends one that waits or streams."""

    def __init__(
        self,
        program: "Program",
        argv: "Sequence[str]",
        db_path: str | None = None,
        hearer: "Callable[[str], None] | None" = None,
    ) -> None:
        self._program = program
        self._argv = list(argv)
        self._call = Call(program.name, "", True, db_path)
        self._call.hearer = hearer

    def run(self) -> Outcome:
        """Run the command to its end."""
        call = self._call
        failure: Failure | None = None
        try:
            split = parse.split(self._program, self._argv)
            if split is None:
                call.words, call.command = parse.typed(self._program, self._argv)
                raise invalid_input(f"no such command line: {call.words}", reason="flag")
            command, raw = split
            kit.name(call, command)
            call.db_path = parse.store_path(raw) if "db" in raw else call.db_path
            kit.perform(call, self._program, command, raw)
            if call.answer is not None:
                envelope = kit.answered(call)
            else:  # A stream that came to its end: all of it was heard.
                envelope = obj(ok=True, command=call.command, data=None, next=[])
        except Failure as found:
            failure = found
        except Interrupted:
            failure = Failure("no_matching_work", "timeout", "the call was ended")
        except Exception as error:
            failure = kit.our_bug(error)
        if call.printed is None:
            call.close()
        return Outcome(call, envelope if failure is None else kit.refused(call, failure), failure)

    def stop(self) -> None:
        """Let it end at its next look."""
        self._call.signals.pending = _SIGTERM


def run(program: "Program", argv: "Sequence[str]", db_path: str | None = None) -> Outcome:
    """Run one command line, without the program's name, to its end."""
    return Inside(program, argv, db_path).run()
