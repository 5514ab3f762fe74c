"""Every code and reason of schema/failures.py, raised through the real commands.

A row of the table that nobody raises is a promise without a proof: `test_the_table_is_covered`
fails until it is raised here, or named as one that only `orch` raises.
"""

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from inbox import model
from inbox.operations import threads
from schema.failures import TABLE
from tests.support.cli import DEADLINE, SCRIPTS, Answer, Cli
from tests.support.threads import BLINK, claimed, opened, taken
from tests.torture import runner

ROOT = Path(__file__).resolve().parents[2]
SEND = ("send", "--from", "a", "--to", "b", "--subject", "s")
ME = ("--agent", "worker-1")

ONLY_ORCH = {
    ("invalid_state", reason)
    for reason in ("duplicate", "dirty", "branch_exists", "base_conflict", "closed",
                   "cycle", "transition", "no_change")
} | {
    ("not_found", reason)
    for reason in ("run", "task", "attempt", "dependency", "check", "salvage", "council",
                   "repository", "request", "entry")
} | {
    ("git_error", reason) for reason in TABLE["git_error"][2]
} | {
    ("refused", reason) for reason in TABLE["refused"][2]
}  # fmt: skip

# Raised by the bus, or at all, of a store on a server alone: tests/pg/test_refusals.py, and
# test_machines.py, which has what several machines share.
ONLY_SERVER = {
    ("store_error", "older_schema"), ("not_found", "machine"), ("invalid_state", "not_ready"),
}  # fmt: skip

Raise = Callable[[Cli], Answer]
RAISED: dict[tuple[str, str], Raise] = {}


def raises(code: str, reason: str) -> Callable[[Raise], Raise]:
    """Register what raises one row of the table."""

    def _register(how: Raise) -> Raise:
        assert (code, reason) not in RAISED
        RAISED[code, reason] = how
        return how

    return _register


def simple(code: str, reason: str, *argv: str) -> None:
    """Register a plain command."""
    RAISED[code, reason] = lambda inbox: inbox.run("--json", *argv)


simple("no_matching_work", "empty", "fetch")
simple("no_matching_work", "timeout", "watch", "--timeout-seconds", "0.01")
simple("invalid_input", "flag", "send", "--bogus")
simple("invalid_input", "json", *SEND, "--payload-json", "{")
simple("invalid_input", "file", *SEND, "--body-file", "missing")
simple("invalid_input", "value", *SEND, "--priority", "urgent")
simple("invalid_input", "text", *SEND, "--body", os.fsdecode(b"\xff"))
simple("not_found", "thread", "show", "--thread", "missing")
simple("not_found", "artifact", "artifact", "get", "art_1")
simple("not_found", "file", "schema", "missing")
simple("not_found", "store", "--db", "missing.db", "list")


@raises("invalid_input", "schema")
def _no_schema(inbox: Cli) -> Answer:
    (inbox.cwd / "schema.json").write_text('{"type": 1}')
    return inbox.run("--json", *SEND, "--expects", "schema.json")


@raises("invalid_input", "lint")
def _lint(inbox: Cli) -> Answer:
    orch = Cli(inbox.cwd, program="orch", home=inbox.cwd)
    orch.run("run", "init", "--run", "r", "--goal", "g")
    (inbox.cwd / "orch.toml").write_text('[plan]\nacceptance = "refuse"\n')
    (inbox.cwd / "plan.yaml").write_text("id: a\n")
    return orch.run("--json", "plan", "apply", "plan.yaml", "--run", "r")


@raises("invalid_input", "extra_missing")
def _no_driver(inbox: Cli) -> Answer:
    words = [sys.executable, "-c", _WITHOUT_DRIVER, "--json", "--db", "postgresql:///x", "list"]
    return _ran(inbox, words)


_WITHOUT_DRIVER = """
import sys
sys.modules["psycopg2"] = None
from inbox.cli.main import main
main()
"""


@raises("not_found", "message")
def _no_message(inbox: Cli) -> Answer:
    words = ("--from", "lead", "--thread", opened(inbox), "--body", "x", "--to-message", "msg_9")
    return inbox.run("--json", "reply", *words)


@raises("lease_conflict", "held")
def _held(inbox: Cli) -> Answer:
    thread, _ = claimed(inbox)
    return inbox.run("--json", "claim", "--agent", "worker-2", "--thread", thread)


@raises("lease_conflict", "superseded")
def _superseded(inbox: Cli) -> Answer:
    thread, _ = claimed(inbox, seconds=BLINK)
    taken(inbox, thread, "worker-2")
    return inbox.run("--json", "done", *ME, "--thread", thread)


@raises("lease_conflict", "bad_token")
def _bad_token(inbox: Cli) -> Answer:
    thread, _ = claimed(inbox)
    return inbox.run("--json", "done", *ME, "--thread", thread, "--lease", "x")


@raises("key_conflict", "other_arguments")
def _other_arguments(inbox: Cli) -> Answer:
    inbox.ok(*SEND, "--key", "k")
    return inbox.run("--json", *SEND, "--key", "k", "--body", "other")


@raises("invalid_state", "terminal")
def _terminal(inbox: Cli) -> Answer:
    thread, _ = claimed(inbox)
    inbox.ok("done", *ME, "--thread", thread)
    return inbox.run("--json", "done", *ME, "--thread", thread)


@raises("invalid_state", "no_lease")
def _no_lease(inbox: Cli) -> Answer:
    return inbox.run("--json", "done", *ME, "--thread", opened(inbox))


@raises("invalid_state", "already_yours")
def _already_yours(inbox: Cli) -> Answer:
    thread, _ = claimed(inbox)
    return inbox.run("--json", "claim", *ME, "--thread", thread)


@raises("invalid_state", "owned_by_run")
def _owned_by_run(inbox: Cli) -> Answer:
    db = inbox.open()
    with db.write() as tx:
        draft = model.MessageDraft("task")
        thread = threads.send(
            tx, sender="lead", to="worker-1", draft=draft, subject="s", run_id="r", task_id="t",
            owned_by_run=True,
        ).thread_id  # fmt: skip
    db.close()
    taken(inbox, thread, "worker-1", seconds=BLINK)
    return inbox.run("--json", "claim", "--agent", "worker-2", "--thread", thread)


@raises("invalid_state", "abandoned")
def _abandoned(inbox: Cli) -> Answer:
    thread = opened(inbox, "--max-claims", "1")
    taken(inbox, thread, "worker-1", seconds=BLINK)
    return inbox.run("--json", "claim", *ME, "--thread", thread)


@raises("invalid_state", "superseded")
def _late_result(inbox: Cli) -> Answer:
    thread, _ = claimed(inbox)
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    return inbox.run("--json", "done", *ME, "--thread", thread)


@raises("invalid_state", "not_yet")
def _not_yet(inbox: Cli) -> Answer:
    thread = opened(inbox, "--not-before", "1h")
    return inbox.run("--json", "claim", *ME, "--thread", thread)


@raises("invalid_state", "unsupported")
def _unsupported(inbox: Cli) -> Answer:
    opened(inbox, "--artifact", "f")
    return inbox.run("--json", "artifact", "get", "art_1")


@raises("internal_error", "bug")
def _bug(inbox: Cli) -> Answer:
    return _faulty(inbox, "bug", "list")


@raises("store_busy", "locked")
def _busy(inbox: Cli) -> Answer:
    with _locked(inbox):
        return _faulty(inbox, "hasty", *SEND)


@raises("store_error", "corrupt")
def _corrupt(inbox: Cli) -> Answer:
    inbox.store.write_bytes(b"This is no database at all.\n" * 500)
    return inbox.run("--json", "list")


@raises("store_error", "newer_schema")
def _newer(inbox: Cli) -> Answer:
    connection = apsw.Connection(str(inbox.store))
    connection.execute("UPDATE store SET min_client = 999")  # Its migration did not only add.
    connection.pragma("user_version", 999)
    connection.close()
    return inbox.run("--json", "list")


@raises("store_error", "full")
def _full(inbox: Cli) -> Answer:
    return _faulty(inbox, "write full 1", *SEND)


@raises("store_error", "io")
def _io(inbox: Cli) -> Answer:
    return _faulty(inbox, "write io 1", *SEND)


@raises("store_error", "outcome_unknown")
def _outcome_unknown(inbox: Cli) -> Answer:
    return _faulty(inbox, "sync io 1, open io 3", *SEND)


@raises("store_error", "readonly")
def _readonly(inbox: Cli) -> Answer:
    opened(inbox)
    inbox.store.chmod(0o400)

    def _without_the_powers_of_root() -> None:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP

    return _ran(inbox, [SCRIPTS / "inbox", "--json", *SEND], before=_without_the_powers_of_root)


@raises("store_error", "unsafe")
def _unsafe(inbox: Cli) -> Answer:
    (inbox.cwd / "link.db").symlink_to(inbox.store)
    return inbox.run("--json", "--db", "link.db", "list")


@raises("store_error", "replaced")
def _replaced(inbox: Cli) -> Answer:
    with inbox.start("watch", "--json") as waiting:
        waiting.asleep(inbox.store)
        inbox.store.rename(inbox.cwd / "moved.db")
        return waiting.wait()


@contextmanager
def _locked(inbox: Cli) -> Iterator[None]:
    """Hold the write lock of the store."""
    holder = apsw.Connection(str(inbox.store))
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.close()


def _faulty(inbox: Cli, faults: str, *argv: str) -> Answer:
    """Run the console script on a disk that fails, or with a planted bug."""
    words = [sys.executable, "-m", "tests.support.on_failing_disk", faults, "--json", *argv]
    return _ran(inbox, words)


def _ran(inbox: Cli, words: list, before: Callable[[], None] | None = None) -> Answer:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=inbox.cwd,
        env=inbox.env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=DEADLINE,
        preexec_fn=before,
    )
    return Answer([str(word) for word in words], done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("code", "reason"), RAISED, ids=lambda value: value)
def test_a_row_of_the_table_is_raised(inbox: Cli, code: str, reason: str) -> None:
    if inbox.url and code in ("store_busy", "store_error", "internal_error"):
        pytest.skip("of a store that is a file: tests/pg has the server's")
    answer = RAISED[code, reason](inbox)
    error = answer.error  # Checked against the table: exit status, retry, known reason.
    assert (error["code"], error["reason"]) == (code, reason), answer
    assert error["hint"] or code == "invalid_input", answer
    assert "Traceback" not in answer.err


@pytest.mark.layers
@pytest.mark.skipif(not runner.WHOLE, reason="ten seconds: make layers")
def test_a_writer_waits_ten_seconds_for_the_lock(inbox: Cli) -> None:
    begin = time.monotonic()
    with _locked(inbox):
        error = inbox.run("--json", *SEND).error
    assert error["code"] == "store_busy" and "within 10 s" in error["message"]
    assert time.monotonic() - begin > 9
    assert inbox.ok("list")["threads"] == []


def test_the_table_is_covered() -> None:
    rows = {(code, reason) for code, row in TABLE.items() for reason in row[2]}
    elsewhere = {("output_lost", "stdout")}  # Nobody can read it: inbox/test_envelope.py.
    assert set(RAISED) | ONLY_ORCH | ONLY_SERVER | elsewhere == rows
    assert not set(RAISED) & ONLY_ORCH


def test_only_orch_means_only_orch() -> None:
    """A reason listed as orch's own must not be raised by the bus."""
    sources = [p for f in ("schema", "inbox") for p in (ROOT / f).rglob("*.py")]
    text = "\n".join(p.read_text() for p in sources if p.name not in ("failures.py", "machine.py"))
    for code, reason in ONLY_ORCH:
        assert f'"{code}",\n            "{reason}"' not in text
        assert f'"{code}", "{reason}"' not in text
        assert f'not_found("{reason}"' not in text


def test_exit_codes_are_the_published_ones() -> None:
    assert {code: row[0] for code, row in TABLE.items()} == {
        "no_matching_work": 10,
        "lease_conflict": 20,
        "invalid_input": 30,
        "invalid_state": 30,
        "key_conflict": 30,
        "not_found": 40,
        "internal_error": 50,
        "store_busy": 60,
        "store_error": 70,
        "output_lost": 75,
        "git_error": 80,
        "refused": 90,
    }


@pytest.mark.on_file("its disk fails; a server that does: tests/pg/test_refusals.py")
def test_a_failing_commit_changes_nothing(inbox: Cli) -> None:
    for faults in ("write full 1", "write io 1", "write io 2", "sync io 1"):
        answer = _faulty(inbox, faults, *SEND, "--key", "k")
        assert answer.status == 70, answer
        assert inbox.ok("list")["threads"] == []
    assert "replayed" not in inbox.ok(*SEND, "--key", "k")
    assert inbox.ok("doctor", "--deep")["healthy"] is True


_STOPPED = """
import os, sys
from schema import transaction
number, program = int(sys.argv[1]), sys.argv[2]
commit = transaction.Database.commit
def late(self, tx):
    commit(self, tx)
    os.kill(os.getpid(), number)
transaction.Database.commit = late
sys.argv = sys.argv[2:]
from importlib import import_module
import_module(program + ".cli.main").main()
"""


@pytest.mark.on_file("its COMMIT is watched; tests/pg kills there")
@pytest.mark.parametrize(
    "argv",
    [("inbox", *SEND), ("inbox", "claim", "--agent", "b", "--next"),
     ("orch", "run", "init", "--run", "r", "--goal", "g")],
)  # fmt: skip
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_between_commit_and_answer_does_not_take_the_answer(
    inbox: Cli, argv: tuple[str, ...], number: int
) -> None:
    """protocol.md, 2: what was committed is told; the status says that it was to stop."""
    inbox.ok(*SEND)
    words = [sys.executable, "-c", _STOPPED, str(number), argv[0], "--json", *argv[1:]]
    done = subprocess.run(words, cwd=inbox.cwd, env=inbox.env, capture_output=True)
    answer = Answer(words, done.returncode, done.stdout, done.stderr)
    assert answer.status == 128 + number and answer.json["ok"] is True, answer


@pytest.mark.on_file("its disk fails; a connection that is cut: tests/pg/test_refusals.py")
def test_an_unknown_outcome_is_cured_by_the_key(inbox: Cli) -> None:
    answer = _faulty(inbox, "sync io 1, open io 3", *SEND, "--key", "k")
    assert answer.error["reason"] == "outcome_unknown"
    inbox.ok(*SEND, "--key", "k")
    assert len(inbox.ok("list")["threads"]) == 1


@pytest.mark.on_file("its disk is full; a server: tests/pg/test_surroundings.py")
def test_a_full_disk_limit_leaves_the_store_readable(inbox: Cli) -> None:
    thread = opened(inbox)

    def _small_files() -> None:
        size = os.stat(f"{inbox.store}-wal").st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    words = [SCRIPTS / "inbox", "--json", *SEND, "--body", "x" * 50_000]
    answer = _ran(inbox, words, before=_small_files)
    assert (answer.status, answer.error["code"]) == (70, "store_error")
    assert [t["thread_id"] for t in inbox.ok("list")["threads"]] == [thread]
    assert inbox.ok(*SEND)["event_id"] == 2


# What makes a file no store of ours.


@pytest.mark.on_file("it is about the file")
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("empty", "corrupt"),
        ("text", "corrupt"),
        ("foreign", "corrupt"),
        ("rollback journal", "corrupt"),
        ("directory", "unsafe"),
        ("fifo", "unsafe"),
        ("dangling link", "unsafe"),
        ("hard link", "unsafe"),
        ("writable by all", "unsafe"),
        *([("other owner", "unsafe")] if os.geteuid() == 0 else []),  # Only root can give away.
    ],
)
def test_a_file_that_is_no_safe_store_is_left_untouched(
    inbox: Cli, tmp_path: Path, damage: str, reason: str
) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    store = place / "coord.db"
    shutil.copy(inbox.store, store)
    _damage(store, damage)
    before = store.read_bytes() if store.is_file() else None
    for argv in (("list",), SEND, ("init",), ("doctor",), ("backup", "copy.db")):
        answer = inbox.run("--json", "--db", str(store), *argv)
        assert (answer.error["code"], answer.error["reason"]) == ("store_error", reason), answer
    assert (store.read_bytes() if store.is_file() else None) == before
    assert not (inbox.cwd / "copy.db").exists()


@pytest.mark.on_file("it is about the file")
@pytest.mark.parametrize("kind", ["directory", "fifo", "link"])
def test_a_lock_that_is_no_file_is_an_error_of_the_store(
    inbox: Cli, tmp_path: Path, kind: str
) -> None:
    """Who comes second queues on it; so does who makes a store."""
    fresh = tmp_path / "fresh" / "coord.db"
    fresh.parent.mkdir(mode=0o700)
    for lock in (Path(f"{inbox.store}.lock"), Path(f"{fresh}.lock")):
        lock.unlink(missing_ok=True)
        make = {"directory": lock.mkdir, "fifo": lambda at=lock: os.mkfifo(at, 0o600),
                "link": lambda at=lock: at.symlink_to(tmp_path / "elsewhere")}  # fmt: skip
        make[kind]()
    holder = apsw.Connection(str(inbox.store))
    holder.execute("BEGIN IMMEDIATE")
    second = inbox.run("--json", *SEND)
    holder.close()
    for answer in (second, inbox.run("--json", "--db", str(fresh), "init")):
        assert (answer.error["code"], answer.error["reason"]) == ("store_error", "unsafe")
        assert ".lock" in answer.error["message"]
    assert not fresh.exists() and not (tmp_path / "elsewhere").exists()
    assert inbox.ok(*SEND)["event_id"] == 1
    told = {check["name"]: check for check in inbox.run("--json", "doctor").json["data"]["checks"]}
    assert told["modes"]["status"] == "problem" and ".lock" in told["modes"]["detail"]


def _damage(store: Path, damage: str) -> None:
    if damage in ("directory", "fifo", "dangling link", "empty", "foreign"):
        store.unlink()
    if damage == "empty":
        store.write_bytes(b"")
    elif damage == "text":
        store.write_text("hello\n" * 1000)
    elif damage == "foreign":
        connection = apsw.Connection(str(store))
        connection.execute("PRAGMA journal_mode=WAL; CREATE TABLE t (x)")
        connection.close()
    elif damage == "rollback journal":
        connection = apsw.Connection(str(store))
        connection.pragma("journal_mode", "delete")
        connection.close()
    elif damage == "directory":
        store.mkdir()
    elif damage == "fifo":
        os.mkfifo(store)
    elif damage == "dangling link":
        store.symlink_to(store.with_name("elsewhere"))
    elif damage == "hard link":
        os.link(store, store.with_name("other.db"))
    elif damage == "other owner":
        os.chown(store, 65534, 65534)
    elif damage == "writable by all":
        store.parent.chmod(0o777)
