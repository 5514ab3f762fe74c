"""Cursors, waits and the relay: nothing is missed, whoever dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schema import events, wakeup
from tests.support import servers
from tests.support.cli import SCRIPTS, Cli, Running, until
from tests.support.engines import ENGINES, served
from tests.support.threads import opened

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)

# Two thousand sends by eight writers take a minute on two cores: so many in `make test-pg` only.
WRITERS, EACH = (8, 60) if "server" in ENGINES else (4, 8)
SEND = ("send", "--from", "lead", "--to", "worker-1", "--subject", "s")

_WRITER = """
import sys
from tests.support.session import Session
session = Session(sys.argv[1])
for n in range(int(sys.argv[2])):
    answer = session.run("send", "--from", "lead", "--to", "w", "--subject", "s")
    assert answer.ok, answer
session.close()
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Cli:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(cwd, home=tmp_path).warm, tmp_path)


def _twin(inbox: Cli, tmp_path: Path) -> Cli:
    """Return the same store from another machine: another home."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    return inbox.at(HOME=str(home))


def test_a_reader_that_follows_misses_no_event(inbox: Cli) -> None:
    words = [sys.executable, "-c", _WRITER, inbox.url, str(EACH)]
    env = inbox.env | {"PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [subprocess.Popen(words, env=env, cwd=inbox.cwd) for _ in range(WRITERS)]
    db = inbox.open()
    seen, last = 0, 0
    while True:
        ended = all(writer.poll() is not None for writer in writers)
        with db.read() as tx:
            newest = events.last_id(tx)
            rows = tx._connection.cursor()
            rows.execute("SELECT event_id FROM event WHERE event_id > %s ORDER BY 1", (last,))
            found = [row[0] for row in rows.fetchall()]
        assert found == list(range(last + 1, newest + 1))  # No gap, and nothing behind it later.
        seen, last = seen + len(found), newest
        if ended and not found:
            break
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    assert seen == last == WRITERS * EACH
    db.close()


def test_a_wait_on_another_machine_is_told(inbox: Cli, tmp_path: Path) -> None:
    there = _twin(inbox, tmp_path)
    opened(inbox, "--thread", "t")
    store = Path(str(inbox.store).replace(inbox.env["HOME"], there.env["HOME"]))
    words = ("wait-reply", "--thread", "t", "--agent", "lead", "--json")
    with _looking_once_an_hour(there, *words) as waiting:
        waiting.asleep(store)
        until(lambda: _is_listening(inbox), "the relay to listen")
        inbox.ok("reply", "--from", "worker-1", "--thread", "t", "--body", "here")
        assert waiting.wait().data["message"]["body"] == "here"


def _looking_once_an_hour(cli: Cli, *argv: str) -> Running:
    """Start a command that learns of nothing in time unless it is told."""
    program = (
        f"import sys; sys.argv = ['inbox', *{argv!r}];"
        "from schema.pg import listen; listen.LOOK_MS = 3_600_000;"
        "from inbox.cli.main import main; main()"
    )
    words = [str(SCRIPTS / "python"), "-c", program]
    process = subprocess.Popen(
        words, cwd=cli.cwd, env=cli.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return Running(words, process)


def _is_listening(inbox: Cli) -> bool:
    name = inbox.url.partition(":///")[2].partition("?")[0]
    asked = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = '{}'"
    return bool(servers.shared().execute(asked.format(name)))


def test_another_waiter_listens_when_the_first_one_dies(inbox: Cli, tmp_path: Path) -> None:
    there = _twin(inbox, tmp_path)
    opened(inbox, "--thread", "t")
    store = Path(str(inbox.store).replace(inbox.env["HOME"], there.env["HOME"]))
    wait = ("wait-reply", "--thread", "t", "--agent", "lead", "--json")
    with there.start(*wait) as first:
        first.asleep(store)
        until(lambda: _is_listening(inbox), "the relay to listen")
        with there.start(*wait) as second:
            second.asleep(store)
            os.kill(first.pid, signal.SIGKILL)
            inbox.ok("reply", "--from", "worker-1", "--thread", "t", "--body", "here")
            assert second.wait().data["message"]["body"] == "here"


def test_a_wait_on_this_machine_needs_no_server_to_ring(inbox: Cli) -> None:
    opened(inbox, "--thread", "t")
    with inbox.start("wait-reply", "--thread", "t", "--agent", "lead", "--json") as waiting:
        waiting.asleep(inbox.store)
        inbox.ok("reply", "--from", "worker-1", "--thread", "t", "--body", "here")
        assert waiting.wait().data["message"]["body"] == "here"
    assert os.listdir(wakeup.folder(str(inbox.store))) == []


def test_a_server_that_is_killed_loses_nothing(inbox: Cli) -> None:
    """Its own clients get an error or an answer; what was answered is there afterwards."""
    sent = [inbox.ok(*SEND, "--key", f"k{n}")["event_id"] for n in range(3)]
    with inbox.start("watch", "--after-event", str(sent[-1]), "--json") as waiting:
        waiting.asleep(inbox.store)
        servers.shared().kill()
        inbox.refuse("store_error", "io", *SEND)
        servers.shared().start()
        assert [t["last_event_id"] for t in inbox.ok("list")["threads"]] == sent[::-1]
        assert inbox.ok(*SEND, "--key", "k2")["replayed"] is True
        inbox.ok(*SEND)
        waiting.wait()
    assert inbox.ok("doctor", "--deep")["healthy"] is True


def test_a_store_that_was_replaced_ends_a_wait(inbox: Cli) -> None:
    name = inbox.url.partition(":///")[2].partition("?")[0]
    with inbox.start("watch", "--json") as waiting:
        waiting.asleep(inbox.store)
        servers.shared().execute("UPDATE orch.store SET store_id = 'another'", name)
        answer = waiting.wait(10)
    assert (answer.status, answer.error["reason"]) == (70, "replaced")
