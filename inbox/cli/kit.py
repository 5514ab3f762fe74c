"""From argv to an exit status: one Call per process, one answer, one place for failures.

Owns: the envelope, --get, stdout errors, signals, the order "commit, print, exit". Every
command of both programs runs through `main()`; commands never print by themselves.
"""

import os
import sys

from inbox.cli import parse
from schema import file, ids
from schema.failures import Failure, invalid_input
from schema.json_text import Json, obj
from schema.transaction import Interrupted, Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from inbox.cli.grammar import Command, Program
    from inbox.model import Artifact, Change
    from schema import keys
    from schema.transaction import Database, ReadTx, Tx

_MAX_HINT = 4000


class Call:
    """One invocation: who called what, the store when it is needed, and what to say.

    `command` is the leaf command as typed; `package` runs it and has its plain view. `resume`
    is a command that goes on after a wait was cut off. `say()` sets the answer; it is printed
    after the last commit.
    """

    __slots__ = (
        "_db",
        "answer",
        "as_json",
        "bound",
        "command",
        "committed",
        "db_path",
        "key",
        "package",
        "program",
        "resume",
        "signals",
        "streaming",
        "words",
    )

    def __init__(self, program: str, words: str, as_json: bool, db_path: str | None) -> None:
        self.program = program
        self.package = program
        self.words = words
        self.command = words.rpartition(" ")[2]
        self.as_json = as_json
        self.db_path = db_path
        self.answer: Json | None = None
        self.resume = ""
        self.key = ""
        self.bound: dict[str, Any] = {}
        self.committed = 0
        self.streaming = False
        self.signals = Signals()
        self._db: Database | None = None

    @property
    def db(self) -> "Database":
        """The store, opened at first use. Raises: not_found/store, store_error."""
        if self._db is None:
            path = file.locate(self.db_path, os.getcwd())
            self._db = file.open_store(path)
            self._db.signals = self.signals
        return self._db

    def say(self, answer: Json, event_id: int = 0) -> None:
        """Set the `data` of the answer; `event_id` is the change that was committed."""
        self.answer = answer
        self.committed = event_id

    def keep(self, artifacts: "tuple[Artifact, ...]") -> None:
        """Copy the artifacts that are to be copied, before any transaction begins."""
        if any(artifact.copied for artifact in artifacts):
            from inbox.cli import files

            files.keep(self.db.path, artifacts)

    def key_for(self, actor: str, key: str | None = None) -> "keys.Key | None":
        """Return the idempotency key of this call, None without one.

        The arguments are compared as values: a body from a file equals the same body typed.
        """
        given = key or self.key
        if not given:
            return None
        arguments: list[object] = [
            [name, _comparable(value)]
            for name, value in sorted(self.bound.items())
            if name not in ("key", "lease", "timeout") and value not in (None, (), False)
        ]
        from schema import keys

        return keys.Key(actor, self.words, given, arguments)

    def stored(self, tx: "ReadTx", key: "keys.Key | None") -> Json | None:
        """Return the answer stored under the key, None for a new key or none."""
        if key is None:
            return None
        from schema import keys

        return keys.find(tx, key)

    def store(self, tx: "Tx", key: "keys.Key | None", answer: Json) -> Json:
        """Keep the answer under the key, if there is one, and return it."""
        if key is not None:
            from schema import keys

            keys.store(tx, key, answer)
        return answer

    def changed(
        self, tx: "ReadTx", change: "Change", warnings: "Iterable[str]" = (), **more: object
    ) -> Json:
        """Return the answer of a mutation: its thread, its message, its event id."""
        from inbox.store import messages, threads

        return obj(
            thread=threads.document(tx, change.thread_no),
            message=messages.document(tx, change.event_id),
            event_id=change.event_id,
            **({"late": True} if change.late else {}),
            **more,
            **({"warnings": list(warnings)} if warnings else {}),
        )

    def tell_notes(self) -> None:
        """Tell people, on standard error, what came up beside the answer."""
        for note in self._db.notes if self._db is not None else ():
            write_error(f"note: {note}")

    def again(self, words: str) -> str:
        """Return a command of this program on the same store, as a shell takes it."""
        db = self.db_path
        if db is None or db == os.environ.get("ORCH_DB"):
            return f"{self.program} {words}"
        return f"{self.program} --db {quoted(db)} {words}"

    def stream(self, line: str) -> None:
        """Print one line of a stream at once. Raises: output_lost."""
        self.streaming = True
        write_out(line + "\n")


def quoted(text: str) -> str:
    """Return `text` as one word of a shell command; shlex would import re (5 ms)."""
    if text and ids.NAME_CHARACTERS.issuperset(text.translate(_HARMLESS)):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


_HARMLESS = {ord(c): None for c in "/=@%+:,"}


def _comparable(value: object) -> object:
    """Return an artifact as its facts, anything else as it is."""
    if isinstance(value, tuple):
        return [_comparable(part) for part in value]
    from inbox.model import Artifact

    if isinstance(value, Artifact):
        return [value.path, value.kind, value.metadata, value.sha256, value.copied]
    return value


def main(program: "Program", whole: "Callable[[], Program]") -> "NoReturn":
    """Run the console script and end the process without the interpreter's teardown (2.4 ms)."""
    _fill_standard_streams()
    argv = sys.argv[1:]
    call = Call(program.name, "", "--json" in argv or _env_json(), None)
    status = run(call, program, argv, whole)
    os._exit(status)  # While `call` lives: closing its store would only cost 0.2 ms.


def run(call: Call, program: "Program", argv: list[str], whole: "Callable[[], Program]") -> int:
    """Run one command line and return its exit status; everything has been printed.

    `program` holds the commands that are looked at first, `whole()` all of them.
    """
    status = _run(call, program, argv, whole)
    call.tell_notes()
    return status


def _run(call: Call, program: "Program", argv: list[str], whole: "Callable[[], Program]") -> int:
    get: str | None = None
    try:
        completing = f"_{program.name.upper()}_COMPLETE" in os.environ
        split = None if completing else parse.split(program, argv)
        if split is None:
            every = whole()
            call.words, call.command = parse.typed(every, argv)
            if any(word.partition("=")[0] == "--get" for word in argv):
                get = ""  # Not parsed yet, but asked for: a failure prints no JSON.
            handed = (None if completing else parse.split(every, argv)) or _ask_click(every, argv)
            if isinstance(handed, int):
                return handed
            split = handed
        command, raw = split
        call.words = command.words
        call.package = command.target.partition(".")[0]
        call.command = command.words.rpartition(" ")[2]
        call.as_json = parse.is_json(raw)
        get = raw["get"][-1] if "get" in raw else None
        if get is not None:
            from inbox.cli import values

            values.require_text(get, "--get")
        call.db_path = parse.store_path(raw)
        call.signals.install()
        bound = parse.bind(command, raw)
        call.bound = bound
        call.key = str(bound.get("key") or "")
        if command.person or any(o.person and bound[o.dest] for o in command.options):
            _function(program.guard)(call)
        _function(command.target)(call, **bound)
        return _print_answer(call, get)
    except Interrupted as signal:
        _say_resume(call, signal.number)
        return 128 + signal.number
    except OutputLost as lost:
        return _output_lost(call, lost)
    except Failure as failure:
        return print_failure(call, failure, plain_only=get is not None)
    except Exception as error:
        return print_failure(call, _our_bug(error), plain_only=get is not None)


def _ask_click(program: "Program", argv: list[str]) -> "tuple[Command, parse.Raw] | int":
    """Hand what the small parser does not know to click."""
    from inbox.cli import click_app

    return click_app.parse(program, argv)


def _env_json() -> bool:
    return parse.is_json({})


def _function(target: str) -> "Callable[..., None]":
    """Return the command's function; its module loads only now."""
    module, _, name = target.partition(":")
    __import__(module)
    found: Callable[..., None] = getattr(sys.modules[module], name)
    return found


def _our_bug(error: Exception) -> Failure:
    if os.environ.get("ORCH_DEBUG"):
        import traceback

        traceback.print_exc()
    import apsw

    if isinstance(error, apsw.Error):
        from schema.transaction import failure_of

        return failure_of(error)
    return Failure(
        "internal_error",
        "bug",
        f"{type(error).__name__}: {error}",
        hint="this is our bug; set ORCH_DEBUG=1 for the traceback and report it",
    )


class OutputLost(Exception):
    """Standard output was closed or full before the answer was out."""


def write_out(text: str) -> None:
    """Write all of `text` to standard output, unbuffered. Raises: OutputLost."""
    if _stdout_is_closed:
        raise OutputLost("standard output is closed")
    data = memoryview(text.encode("utf-8", "backslashreplace"))
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError as error:
        raise OutputLost(error.strerror or "cannot write")


def write_error(text: str) -> None:
    """Write a line to standard error, best effort."""
    try:
        os.write(2, text.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass


_stdout_is_closed = False


def _fill_standard_streams() -> None:
    """Open /dev/null where a standard descriptor is closed.

    Else the store's own files would get its number, and an answer would be written into them.
    """
    global _stdout_is_closed  # noqa: PLW0603 - a fact about the process
    _stdout_is_closed = sys.stdout is None
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        fd = os.open(os.devnull, os.O_RDWR)
        while fd <= 2:
            fd = os.dup(fd)
        os.close(fd)


def _print_answer(call: Call, get: str | None) -> int:
    if call.answer is None:
        return 0
    if get is not None:
        from inbox.cli import plain

        envelope = obj(ok=True, command=call.command, data=call.answer)
        write_out(plain.pick(envelope, get, call.committed) + "\n")
    elif call.as_json:
        write_out(obj(ok=True, command=call.command, data=call.answer) + "\n")
    else:
        from inbox.cli import plain

        write_out(plain.render(call))
    return 128 + call.signals.pending if call.signals.pending else 0


def print_failure(call: Call, failure: Failure, *, plain_only: bool = False) -> int:
    """Print a failure in the caller's mode and return its exit status."""
    if call.as_json and not plain_only and not call.streaming:
        error = obj(
            code=failure.code,
            reason=failure.reason,
            message=failure.message,
            hint=failure.hint,
            retry=failure.retry,
            details=failure.details,
        )
        more = {"data": Json(failure.data)} if failure.data is not None else {}
        try:
            write_out(obj(ok=False, command=call.command, error=error, **more) + "\n")
        except OutputLost as lost:
            return _output_lost(call, lost)
        return failure.exit
    from inbox.cli import plain

    if call.answer is not None and not plain_only and not call.streaming:
        try:
            write_out(plain.render(call))  # What was found out, before why that is a failure.
        except OutputLost as lost:
            return _output_lost(call, lost)
    write_error(plain.failure(failure))
    return failure.exit


def _output_lost(call: Call, lost: OutputLost) -> int:
    """Say on stderr what was committed although nobody could read the answer."""
    what = f"event {call.committed} is committed" if call.committed else "nothing was changed"
    key = f"; run it again with --key {call.key}" if call.key else ""
    write_error(f"error: output_lost: {lost} ({call.program} {call.words}): {what}{key}")
    return 75


def _say_resume(call: Call, number: int) -> None:
    name = {2: "SIGINT", 15: "SIGTERM"}.get(number, str(number))
    tail = f"event {call.committed} is committed" if call.committed else "nothing was changed"
    if call.resume:
        tail = f"go on with: {call.resume}"
    write_error(f"{call.program} {call.words}: stopped by {name}; {tail}")


def require_one(**given: object) -> None:
    """Raise invalid_input unless exactly one of the flags is given."""
    names = [name for name, value in given.items() if value]
    if len(names) != 1:
        flags = " / ".join("--" + name.replace("_", "-") for name in given)
        raise invalid_input(f"give exactly one of {flags}", reason="flag")
