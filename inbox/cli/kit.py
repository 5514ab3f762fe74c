"""Course of a command: argv to an exit status, one Call, one answer, one place for failures.

Owns: the envelope, --get, stdout errors, signals, the order "commit, print, exit". Every
command of both programs runs through `main()`; commands never print by themselves.
"""

import os
import sys

from inbox.cli import parse
from inbox.cli.call import Call
from inbox.cli.output import OutputLost, fill_standard_streams, write_error, write_out
from schema.failures import Failure, invalid_input
from schema.json_text import Json, loads, obj
from schema.signals import Interrupted
from schema.transaction import BUSY_BUDGET_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from inbox.cli.grammar import Command, Program
    from schema.steps import Step

_MAX_HINT = 4000


def main(program: "Program", whole: "Callable[[], Program]") -> "NoReturn":
    """Run the console script and end the process without the interpreter's teardown (2.4 ms)."""
    fill_standard_streams()
    argv = sys.argv[1:]
    call = Call(program.name, "", "--json" in argv or _env_json(), None)
    stand_somewhere(call)
    status = run(call, program, argv, whole)
    os._exit(status)  # While `call` lives: closing its store would only cost 0.2 ms.


def stand_somewhere(call: Call) -> None:
    """Leave a working directory that was removed (a cleaned worktree) for its nearest parent.

    The store is found from there as from the directory itself, and git starts nowhere else.
    """
    try:
        os.getcwd()
        return
    except OSError:
        gone = here = _removed_directory()
    while True:
        here = os.path.dirname(here) or "/"
        try:
            os.chdir(here)
            break
        except OSError:
            if here == "/":
                raise
    call.note(f"the working directory {gone} is gone: going on in {here}")


def _removed_directory() -> str:
    try:
        return os.readlink("/proc/self/cwd").removesuffix(" (deleted)")
    except OSError:
        return os.environ.get("PWD", "/")


def run(call: Call, program: "Program", argv: list[str], whole: "Callable[[], Program]") -> int:
    """Run one command line and return its exit status; everything has been printed.

    `program` holds the commands that are looked at first, `whole()` all of them.
    """
    try:
        status = _run(call, program, argv, whole)
        call.tell_notes()
    except Interrupted as signal:  # While a failure is printed, too.
        _say_resume(call, signal.number)
        return 128 + signal.number
    return status


def _run(call: Call, program: "Program", argv: list[str], whole: "Callable[[], Program]") -> int:
    get: str | None = None
    alias = ""
    try:
        completing = f"_{program.name.upper()}_COMPLETE" in os.environ
        split = None if completing else parse.split(program, argv)
        if split is None:
            every = whole()
            call.words, call.command = parse.typed(every, argv)
            if any(word.partition("=")[0] == "--get" for word in argv):
                get = ""  # Not parsed yet, but asked for: a failure prints no JSON.
            if every.aliases and not completing:
                argv, spoken = _function(every.aliases)(every, argv), argv
                alias = call.command if argv is not spoken else ""
            handed = (None if completing else parse.split(every, argv)) or _ask_click(every, argv)
            if isinstance(handed, int):
                return handed
            split = handed
        command, raw = split
        name(call, command)
        call.command = alias or call.command
        call.as_json = parse.is_json(raw)
        get = raw["get"][-1] if "get" in raw else None
        if get is not None:
            from inbox.cli import values

            values.require_text(get, "--get")
        call.is_for_people = get is None and not call.as_json
        call.db_path = parse.store_path(raw)
        call.signals.install()
        if get is None and not call.as_json and os.isatty(2):
            from inbox.cli import asking

            if asking.is_possible(os.environ):
                asking.complete(command, raw)
        perform(call, program, command, raw)
        call.signals.keep()
        status = _print_answer(call, get)
        if call.printed is not None:
            call.printed()
        return status
    except OutputLost as lost:
        return _output_lost(call, lost)
    except Failure as failure:
        missing = program.completes.get(str(failure.details.get("flag")))
        if missing is not None:
            _function(missing)(call, failure, argv)
        return print_failure(call, failure, plain_only=get is not None)
    except Exception as error:
        return print_failure(call, our_bug(error), plain_only=get is not None)


def name(call: Call, command: "Command") -> None:
    """Say which command a call is of."""
    call.words = command.words
    call.package = command.target.partition(".")[0]
    call.command = command.words.rpartition(" ")[2]


def perform(call: Call, program: "Program", command: "Command", raw: "parse.Raw") -> None:
    """Run a command's function, its guard before it. Raises: what they do, invalid_input."""
    bound = parse.bind(command, raw)
    call.bound = bound
    call.key = str(bound.get("key") or "")
    if command.person or any(o.person and _is_said(bound[o.dest]) for o in command.options):
        _function(program.guard)(call)
    _function(command.target)(call, **bound)


def _ask_click(program: "Program", argv: list[str]) -> "tuple[Command, parse.Raw] | int":
    """Hand what the small parser does not know to click."""
    from inbox.cli import click_app

    return click_app.parse(program, argv)


def _env_json() -> bool:
    return parse.is_json({})


def _function(target: str) -> "Callable[..., Any]":
    """Return the command's function; its module loads only now."""
    module, _, name = target.partition(":")
    found: Callable[..., Any] = _member(module, name)
    return found


def _member(module: str, name: str) -> "Any":
    __import__(module)
    return getattr(sys.modules[module], name)


def _is_said(value: object) -> bool:
    """Say whether an option was given: a duration of 0 is, too."""
    return value is not None and value is not False and value != ()


def our_bug(error: Exception) -> Failure:
    """Return what nobody foresaw as the failure that is told."""
    if os.environ.get("ORCH_DEBUG"):
        import traceback

        traceback.print_exc()
    import apsw

    if isinstance(error, apsw.Error):
        from schema.store_errors import failure_of

        return failure_of(error, BUSY_BUDGET_MS)
    if "schema.pg.errors" in sys.modules:
        from schema.pg import errors, wire

        if isinstance(error, wire.Error):
            return errors.failure_of(error)
    return Failure(
        "internal_error",
        "bug",
        f"{type(error).__name__}: {error}",
        hint="this is our bug; set ORCH_DEBUG=1 for the traceback and report it",
    )


def _print_answer(call: Call, get: str | None) -> int:
    if call.answer is None:
        return 0
    if get is not None:
        from inbox.cli import plain

        wanted = _published(call, _steps(call)) if get.startswith("next") else []
        envelope = obj(ok=True, command=call.command, data=call.answer, next=wanted)
        write_out(plain.pick(envelope, get, call.committed) + "\n")
    elif call.as_json:
        write_out(answered(call) + "\n")
    else:
        from inbox.cli.render import render

        write_out(render(call))
        _tell_steps(call, _steps(call))
    return 128 + call.signals.pending if call.signals.pending else 0


def answered(call: Call) -> Json:
    """Return the envelope of a success."""
    return obj(ok=True, command=call.command, data=call.answer, next=_published(call, _steps(call)))


def _steps(call: Call) -> "Iterable[Step]":
    """Return what can be done next, as the package that ran the command says it."""
    assert call.answer is not None
    known: dict[str, Callable[..., Iterable[Step]]] = _member(f"{call.package}.cli.next", "NEXT")
    found = known.get(call.words)
    if found is None:
        return ()
    return _settled(call, found(loads(call.gist or call.answer) | call.facts))


def _settled(call: Call, steps: "Iterable[Step]") -> "Iterable[Step]":
    """Return the steps that are the caller's to give, as the program decides it."""
    if not steps:
        return ()
    settled: Iterable[Step] = _member(f"{call.program}.cli.next", "settle")(call, steps)
    return settled


def _published(call: Call, steps: "Iterable[Step]") -> "list[dict[str, object]]":
    return [step.document(call.place) for step in steps]


def _tell_steps(call: Call, steps: "Iterable[Step]") -> None:
    """Write what can be done next to standard error, a command a line: no `$(…)` catches it."""
    from schema.steps import joined

    if os.isatty(2):
        from inbox.cli import asking

        if asking.is_possible(os.environ):
            program = _function(f"{call.program}.cli.main:whole")()
            steps = [asking.without_blanks(step, program) for step in steps]
    for step in steps:
        write_error(f"next: {joined(step.at(call.place))}")


def print_failure(call: Call, failure: Failure, *, plain_only: bool = False) -> int:
    """Print a failure in the caller's mode and return its exit status."""
    call.signals.keep()
    if failure.reason == "store" and not failure.next:  # The file's own room knows no commands.
        from inbox.steps import say

        failure.next = (say("init"),)
    if call.as_json and not plain_only and not call.streaming:
        try:
            write_out(refused(call, failure) + "\n")
        except OutputLost as lost:
            return _output_lost(call, lost)
        return failure.exit
    from inbox.cli import plain

    if call.answer is not None and not plain_only and not call.streaming:
        try:
            from inbox.cli.render import render

            write_out(render(call))  # What was found out, before why that is a failure.
        except OutputLost as lost:
            return _output_lost(call, lost)
    write_error(plain.failure(failure))
    _tell_steps(call, _settled(call, failure.next))
    return failure.exit


def refused(call: Call, failure: Failure) -> Json:
    """Return the envelope of a failure."""
    steps = _published(call, _settled(call, failure.next))
    error = obj(
        code=failure.code,
        reason=failure.reason,
        message=failure.message,
        hint=failure.advice,
        retry=failure.retry,
        details=failure.details,
    )
    more = {"data": Json(failure.data)} if failure.data is not None else {}
    return obj(ok=False, command=call.command, error=error, **more, next=steps)


def _output_lost(call: Call, lost: OutputLost) -> int:
    """Say on stderr what was committed although nobody could read the answer."""
    what = f"event {call.committed} is committed" if call.committed else "nothing was changed"
    key = f"; run it again with --key {call.key}" if call.key else ""
    write_error(f"error: output_lost: {lost} ({call.program} {call.words}): {what}{key}")
    return 75


def _say_resume(call: Call, number: int) -> None:
    name = {1: "SIGHUP", 2: "SIGINT", 15: "SIGTERM"}.get(number, str(number))
    tail = f"event {call.committed} is committed" if call.committed else "nothing was changed"
    if call.resume:
        tail = f"{tail}; " if call.committed else ""
        tail += f"go on with: {call.resume}"
    write_error(f"{call.program} {call.words}: stopped by {name}; {tail}")


def require_one(**given: object) -> None:
    """Raise invalid_input unless exactly one of the flags is given."""
    names = [name for name, value in given.items() if value]
    if len(names) != 1:
        flags = " / ".join("--" + name.replace("_", "-") for name in given)
        raise invalid_input(f"give exactly one of {flags}", reason="flag")
