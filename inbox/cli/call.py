"""One invocation of a command: who called what, its store, its key, its answer."""

import os

from inbox.cli.output import write_error, write_held, write_out
from schema import open as stores
from schema.json_text import Json, obj
from schema.signals import Signals
from schema.steps import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from inbox.model import Artifact, Change
    from schema import keys
    from schema.transaction import Database, ReadTx, Tx


class Call:
    """One invocation: who called what, the store when it is needed, and what to say.

    `command` is the leaf command as typed; `package` runs it and has its plain view. `resume`
    is a command that goes on after a wait was cut off. `say()` sets the answer; it is printed
    after the last commit. `hearer` takes the lines of a stream where nothing is printed.
    `facts` decide what comes next and stand in no answer.
    `is_for_people`: of a long answer only the view is printed, so its data may be brief where
    the view shows nothing.
    """

    __slots__ = (
        "_db",
        "_told",
        "answer",
        "as_json",
        "bound",
        "command",
        "committed",
        "db_path",
        "facts",
        "gist",
        "hearer",
        "is_for_people",
        "key",
        "package",
        "printed",
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
        self.gist: Json | None = None  # Of a long answer, what the next steps are told by.
        self.resume = ""
        self.key = ""
        self.bound: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.committed = 0
        self.printed: Callable[[], None] | None = None
        self.streaming = False
        self.is_for_people = False
        self.hearer: Callable[[str], None] | None = None
        self.signals = Signals()
        self._db: Database | None = None
        self._told: list[str] = []

    @property
    def db(self) -> "Database":
        """The store, opened at first use. Raises: not_found/store, store_error."""
        if self._db is None:
            self._db = stores.open_store(stores.locate(self.db_path, os.getcwd()))
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

            files.keep(self.db, artifacts)

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

    def kept(self, tx: "ReadTx", actor: str) -> Json | None:
        """Return the answer kept under the actor's key, None for a new key or none.

        Raises: key_conflict.
        """
        key = self.key_for(actor)
        if key is None:
            return None
        from schema import keys

        return keys.find(tx, key)

    def once(
        self, tx: "Tx", actor: str, change: "Callable[[], Json]", also: str | None = None
    ) -> Json:
        """Return the answer of `change`, done once: the same key again is a replay.

        `also` is a second key of the actor's. Raises: key_conflict, what `change` does.
        """
        key = self.key_for(actor)
        other = self.key_for(actor, also) if also else None
        if key is None and other is None:
            return change()
        from schema import keys

        return keys.once(tx, key, change, other)

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

    def at_once(
        self, name: str, again: "Callable[[Tx, Change], Json]", **values: object
    ) -> Json | None:
        """Return the answer of a hot command that a server does in one round trip.

        None on a file, and where the operation has more to say than that it is done: nothing was
        done then. `again` answers for a change whose answer was lost. Raises: store_busy,
        store_error.
        """
        if self.db.is_file:
            return None
        from inbox.cli import hot

        return hot.answer(self, name, again, values)

    def close(self) -> None:
        """Close the store, where a program goes on after the call."""
        if self._db is not None:
            self._db.close()

    def tell_notes(self) -> None:
        """Tell people, on standard error, what came up beside the answer."""
        for note in self._db.notes if self._db is not None else ():
            write_error(f"note: {note}")

    @property
    def place(self) -> "tuple[str, ...]":
        """The flags by which a next command finds the same store; none where it would anyway."""
        db = self.db_path
        return () if db is None or db == os.environ.get("ORCH_DB") else ("--db", stores.shown(db))

    def again(self, words: str) -> str:
        """Return a command of this program on the same store, as a shell takes it."""
        return " ".join([self.program, *map(quoted, self.place), words])

    def note(self, text: str) -> None:
        """Tell a reader of plain text what was found beside the answer, once, on stderr."""
        if self.as_json or text in self._told:
            return
        self._told.append(text)
        from inbox.cli import plain

        write_error("note: " + plain.line(text, 500))

    def stream(self, line: str, resume: str = "") -> None:
        """Print one line of a stream at once; `resume` goes on after it.

        Guarantees: a signal never comes between a line that is out and its `resume`.
        Raises: output_lost, Interrupted.
        """
        self.streaming = True
        if self.hearer is not None:
            self.hearer(line)
        elif not resume:
            write_out(line + "\n")
        else:
            write_held(line + "\n", self.signals)
        if resume:
            self.resume = resume
            self.signals.lower()

    def found(self, resume: str) -> None:
        """Say how to go on after what was found; from here on a signal waits until it is out."""
        self.signals.shield()
        self.resume = resume


def _comparable(value: object) -> object:
    """Return an artifact as its facts, anything else as it is."""
    if isinstance(value, tuple):
        return [_comparable(part) for part in value]
    from inbox.model import Artifact

    if isinstance(value, Artifact):
        return [value.path, value.kind, value.metadata, value.sha256, value.copied]
    return value
