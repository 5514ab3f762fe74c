"""Layer `input`: command lines nobody should type, over every argument of every command.

Each is run by the real entry point (`kit.run`), descriptors and all. Whatever comes in: an
exit of the table, exactly one JSON document, no internal_error, and after a refusal not one
event more (but for the two refusals that write). Unit: command lines.
"""

import json
import os
import random
import signal
import sys

from inbox.cli import kit, parse
from inbox.cli.call import Call
from inbox.cli.grammar import Command, Option
from inbox.cli.main import whole
from inbox.cli.table import PROGRAM
from schema import new_store
from schema.failures import TABLE
from tests.support import invariants, places
from tests.support.session import Session
from tests.torture import planted
from tests.torture.report import Budget, Report

ALONE = True
_LINES_PER_STORE = 1_000
_ALARM_SECONDS = 20
_EXITS = {0, 128 + signal.SIGTERM} | {row[0] for row in TABLE.values()}
# What was written although it was refused says so: the two refusals that keep something, and a
# --get that asks for what the answer does not have.
_WRITING_REFUSALS = (b"abandoned", b"superseded", b"is committed")
_NO_PROCESS = "4194304"  # Beyond the largest pid there can be.

_NASTY = (
    "", " ", "-", "--", "---", "-1", "0", "1", "-0", "1e309", "nan", "inf", "0x10", "٣", "1_000",
    "99999999999999999999", "9223372036854775807", "-9223372036854775808", "1.5", "1.5.5", "15m",
    "2h", "s", "m", "-5s", "1d", "३s", "w", "lead", "@pool", "@", "@@", "a..b", "x.lock",
    ".hidden", "-rf", "a b", "a\nb", "a\tb", "a\0b", "A" * 65, "A" * 64, "é", "\udcff", "\ud800",
    "\u202e", "\u200b", "\ufeff", "😀", "Ⅳ", "ℂ", "thr_000000", "held", "spent", "lapsed",
    "waiting", "called-off", "HELD", "heldx", "thr_", "'", '"', "';--", "%", "_", "*",
    "NEAR(a b)", '"unbalanced', "a OR b", "col:x", "text", "msg_1", "msg_0", "msg_", "msg_99999",
    "msg_-1", "msg_1e3", "msg_١", "1.0", "e1-aaaaaaaaaaaaaaaaaaaaaaaaaa", "e0-",
    "e999999999-" + "0" * 26, "e1-" + "0" * 26, "{}", "[]", "null", "NaN", '{"a":1}',
    '{"a":1,"a":2}', '{"a":NaN}', '{"a":1e999}', '{"a":99999999999999999999}', "{" * 70,
    '{"a":' * 65 + "1" + "}" * 65, '{"a":1} x', '{"\\u0061":1,"a":2}', "{'a':1}", '"a"',
    '{"\ud800":1}', '{"a":"\\ud800"}', "pending", "pending,done", "pending,,done", ",", "PENDING",
    "blocked,nonsense", "in_progress", "task", "answer,control", "low", "high", "urgent",
    "/dev/null", "/dev/zero", "/", ".", "..", "no/such/file", "fifo", "link", "notes.txt",
    "binary.bin", "schema.json", "big.txt", "-x", "--json", "--body", "--no-such", "$(id)",
    "`id`", "data.thread", "data.thread.thread_id", "data..x", "data[0]", "error", "art_1",
    "art_0", "art_x", "art_999999999999999999999", "bash", "tcsh", "worker", "root", "send",
    "claim", "a" * 5000, "x" * 1_100_000,
)  # fmt: skip


def run(budget: Budget, report: Report) -> None:
    """Run command lines until the budget is spent, in a folder of traps."""
    here = os.getcwd()
    for first in budget.rounds(_LINES_PER_STORE):
        with places.folder() as where:
            try:
                os.chdir(where)
                _traps()
                entry = _Entry(where, report)
                for _ in range(min(_LINES_PER_STORE, budget.count - first)):
                    entry.judge(_line(report.random))
                entry.close()
            finally:
                os.chdir(here)


def _traps() -> None:
    """Files of every sort beside the store, under names that the lines use."""
    os.mkfifo("fifo")
    os.symlink("/etc/passwd", "link")
    for name, content in (
        ("notes.txt", b"text\n"),
        ("binary.bin", bytes(range(256))),
        ("schema.json", b'{"type": "object"}'),
        ("big.txt", b"y" * 1_100_000),
    ):
        with open(name, "wb") as file:
            file.write(content)


def _line(rng: random.Random) -> list[str]:
    """Return a command line: mostly a right one with a few wrong things in it."""
    words = rng.choice(list(PROGRAM.commands))
    command = PROGRAM.commands[words]
    argv = words.split(" ")
    for option in command.options:
        wanted = option.required or not option.flag.startswith("-")
        if rng.random() < (0.9 if wanted else 0.25):
            argv += _given(option, rng)
            if rng.random() < 0.05:
                argv += _given(option, rng)
    if rng.random() < 0.05:
        argv.insert(rng.randint(0, len(argv)), rng.choice(_NASTY))
    if rng.random() < 0.03:
        argv.pop(rng.randrange(len(argv)))
    if rng.random() < 0.05:
        argv += ["--get", rng.choice(_NASTY)]
    return _harmless(command, argv)


def _given(option: Option, rng: random.Random) -> list[str]:
    if option.kind == "flag":
        return [option.flag]
    good = _GOOD.get(option.dest) or option.choices or _GOOD_KIND.get(option.kind, ("text",))
    value = rng.choice(good) if rng.random() < 0.65 else rng.choice(_NASTY)
    if not option.flag.startswith("-"):
        return [value]
    return [f"{option.flag}={value}"] if rng.random() < 0.2 else [option.flag, value]


_GOOD = {
    "thread": ("held", "waiting", "lapsed", "spent", "called-off"),
    "agent": ("w", "lead", "x"),
    "sender": ("w", "lead"),
    "to": ("w", "@pool"),
    "artifact_id": ("art_1",),
    "body_file": ("notes.txt", "-"),
    "expects": ("schema.json",),
    "path": ("copy.db",),
    "name": ("send", "claim"),
}
_GOOD_KIND = {
    "integer": ("1", "20"),
    "count": ("1", "20"),
    "natural": ("0", "3"),
    "event": ("0", "3"),
    "message": ("msg_1", "1"),
    "duration": ("1", "90s"),
    "lease": ("0.001", "15m"),
    "key": ("k1", "k2"),
    "json": ('{"a":1}', "{}"),
    "names": ("a,b",),
    "pool": ("pool",),
}


def _harmless(command: Command, argv: list[str]) -> list[str]:
    """Take out what would wait for ever, or wait for a process of this machine."""
    kept: list[str] = []
    skip = False
    for word in argv:
        flag, equals, _ = word.partition("=")
        if skip:
            skip = False
        elif flag in ("--timeout-seconds", "--while"):
            skip = not equals
        elif flag != "--follow":
            kept.append(word)
    if command.words in ("watch", "wait-reply"):
        kept += ["--timeout-seconds", "0.001"]
    if command.words == "renew" and len(kept) % 3 == 0:
        kept += ["--while", _NO_PROCESS]
    return kept


class _Entry:
    """The entry point with its standard output in a file, on one store."""

    def __init__(self, where: str, report: Report) -> None:
        self.report = report
        self.path = os.path.join(where, ".orch", places.STORE)
        new_store.create(self.path)
        planted.prepare(self.path)
        session = Session(self.path)
        for argv in _SETUP:
            answer = session.run(*argv)
            assert answer.ok, answer
        session.close()
        self._reader = Session(self.path)
        self._real = os.dup(1), os.dup(2), os.dup(0)
        self._out = os.open(os.path.join(where, "out"), os.O_RDWR | os.O_CREAT, 0o600)
        self._err = os.open(os.path.join(where, "err"), os.O_RDWR | os.O_CREAT, 0o600)
        signal.signal(signal.SIGALRM, self._hangs)

    def _hangs(self, *_: object) -> None:
        os.write(self._real[1], f"hangs: {sys.argv}\n".encode())
        os._exit(70)

    def judge(self, argv: list[str]) -> None:
        """Run one line and hold its answer against the rules."""
        before = self._events()
        signal.alarm(_ALARM_SECONDS)
        status, out, err = self._run(["--json", *argv])
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self._hangs)
        wrong = self._wrong(argv, status, out, err, self._events() - before)
        self.report.add("command lines")
        self.report.add("refused" if status else "accepted")
        if wrong:
            shown = [word[:60] for word in argv]
            self.report.violate(f"{wrong}: {shown} -> {status} {out[:300]!r} {err[-300:]!r}")

    def _wrong(self, argv: list[str], status: int, out: bytes, err: bytes, added: int) -> str:
        if status not in _EXITS:
            return "an exit that is not in the table"
        if status == 50:
            return "our bug"
        if "--help" in argv:
            return ""
        split = parse.split(PROGRAM, argv)
        getting = any(word.partition("=")[0] == "--get" for word in argv)
        getting = getting if split is None else "get" in split[1]
        allowed = argv[:1] == ["claim"] and "--next" in argv  # It fails what is spent on its way.
        allowed = allowed or any(reason in out + err for reason in _WRITING_REFUSALS)
        if status and added and not allowed:
            return f"refused, and {added} events more"
        if argv[:1] == ["mcp"] and not status:
            return ""  # It speaks the protocol on standard output until the client goes.
        if getting:
            return "--get printed on failure" if status and out else ""
        if out.count(b"\n") != 1 or not out.endswith(b"\n"):
            return "not one line"
        try:
            document = json.loads(out)
        except ValueError:
            return "no JSON"
        if document.get("ok") != (status == 0):
            return "ok is not what the exit says"
        if status and TABLE[document["error"]["code"]][0] != status:
            return "another exit than the code's"
        return ""

    def _run(self, argv: list[str]) -> tuple[int, bytes, bytes]:
        for fd in (self._out, self._err):
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(self._out, 1)
        os.dup2(self._err, 2)
        os.dup2(null, 0)
        os.close(null)
        sys.stdout.flush()
        try:
            status = kit.run(Call(PROGRAM.name, "", True, None), PROGRAM, argv, whole)
            sys.stdout.flush()
            sys.stderr.flush()
        except SystemExit as gone:
            status = int(gone.code or 0)
        finally:
            for number, fd in zip((1, 2, 0), self._real, strict=True):
                os.dup2(fd, number)
        return status, _content(self._out), _content(self._err)

    def _events(self) -> int:
        found = self._reader.db.connection.execute("SELECT count(*) FROM event").fetchall()
        return found[0][0]

    def close(self) -> None:
        self._reader.close()
        for fd in (*self._real, self._out, self._err):
            os.close(fd)
        self.report.violate(*places.in_child(lambda: invariants.violations(self.path)))


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


_SETUP = [
    *(
        ["send", "--from", "lead", "--to", "w", "--subject", name, "--thread", name, *more]
        for name, more in (
            ("held", ["--artifact", "notes.txt", "--artifact-copy"]),
            ("waiting", []),
            ("lapsed", []),
            ("spent", ["--max-claims", "1"]),
            ("called-off", []),
        )
    ),
    ["claim", "--agent", "w", "--thread", "held"],
    ["claim", "--agent", "x", "--thread", "lapsed", "--lease-seconds", "0.001"],
    ["claim", "--agent", "x", "--thread", "spent", "--lease-seconds", "0.001"],
    ["claim", "--agent", "w", "--thread", "called-off"],
    ["cancel", "--agent", "lead", "--thread", "called-off"],
]
