"""The bus in this process: the real command functions on one open store, without a process each.

A Session parses argv by the command table, runs the command's own function, and returns the
envelope a console script would print. So thousands of commands a second meet keys, tokens,
fences and transactions exactly as agents do; the clock can be another one.
"""

import json
import sys
from collections.abc import Sequence

from inbox.cli import kit, parse
from inbox.cli.call import Call
from inbox.cli.table import PROGRAM
from schema import file
from schema import open as stores
from schema.clock import Clock
from schema.failures import TABLE, Failure
from schema.json_text import obj


class Answer:
    """An exit status with the envelope that goes with it."""

    __slots__ = ("document", "exit")

    def __init__(self, exit: int, document: dict) -> None:
        self.exit = exit
        self.document = document

    def __repr__(self) -> str:
        return f"{self.exit} {self.document}"

    @property
    def ok(self) -> bool:
        return self.exit == 0

    @property
    def data(self) -> dict:
        """The `data` of a success."""
        assert self.ok, self
        return self.document["data"]

    @property
    def code(self) -> str:
        """`code/reason` of a refusal, '' of a success."""
        if self.ok:
            return ""
        error = self.document["error"]
        return f"{error['code']}/{error['reason']}"

    @property
    def event_id(self) -> int:
        """The change that was committed, 0 for none."""
        return 0 if not self.ok else self.document["data"].get("event_id", 0)

    @property
    def replayed(self) -> bool:
        return self.ok and bool(self.document["data"].get("replayed"))


class Session:
    """One open store and whoever uses it; `run()` is one command line of `inbox`."""

    def __init__(self, path: str, clock: Clock | None = None) -> None:
        self.path = path
        self.db = stores.open_store(path) if stores.is_url(path) else file.open_store(path, clock)

    def run(self, *argv: str) -> Answer:
        """Run one command; every refusal comes back as the envelope that would be printed."""
        call = Call(PROGRAM.name, "", True, self.path)
        try:
            self._run(call, argv)
        except Failure as failure:
            return refusal(call.command, failure)
        except Exception as error:
            return refusal(call.command, kit.our_bug(error))
        data = json.loads(call.answer) if call.answer is not None else {}
        return Answer(0, {"ok": True, "command": call.command, "data": data})

    def _run(self, call: Call, argv: Sequence[str]) -> None:
        split = parse.split(PROGRAM, list(argv))
        assert split is not None, argv
        command, raw = split
        call.words = command.words
        call.command = command.words.rpartition(" ")[2]
        call._db = self.db
        call.bound = parse.bind(command, raw)
        call.key = str(call.bound.get("key") or "")
        module, _, name = command.target.partition(":")
        __import__(module)
        getattr(sys.modules[module], name)(call, **call.bound)

    def settle(self) -> None:
        """Say that the client has its answer; only a planted bug does something here."""

    def close(self) -> None:
        self.db.close()


def refusal(command: str, failure: Failure) -> Answer:
    """Return what would be printed for a failure."""
    error = obj(
        code=failure.code,
        reason=failure.reason,
        message=failure.message,
        hint=failure.hint,
        details=failure.details,
    )
    document = {"ok": False, "command": command, "error": json.loads(error)}
    return Answer(TABLE[failure.code][0], document)
