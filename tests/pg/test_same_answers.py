"""The same commands on a file and on a server: the same answers, byte for byte."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import ENGINES, served
from tests.support.session import Session

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)

# What differs between two runs on one engine: times, the secret's tokens, which store it is.
_DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"e(\d+)-[0-9a-z]{26}"), r"e\1-TOKEN"),
    (re.compile(r"(UNTRUSTED|END) [0-9a-f]{8}"), r"\1 MARK"),
    (re.compile(r'("remaining_seconds": ?)[\d.]+'), r"\1LEFT"),
    (re.compile(r"\d+ more seconds"), "LEFT more seconds"),
)

W = ("--agent", "w")
SEND = ("send", "--from", "lead", "--to", "w")
LINES = (
    (*SEND, "--thread", "a", "--subject", "Über $x 'q' \"d\" \\ /", "--body", "one\ntwo\t\x1b|é"),
    (*SEND, "--thread", "a", "--subject", "again"),
    (*SEND, "--thread", "b", "--subject", "s", "--priority", "high", "--key", "k",
     "--payload-json", '{ "n": 1.50, "list": [1, {"x": null}],\n "t": "a  b" }'),
    (*SEND, "--thread", "b", "--subject", "s", "--priority", "high", "--key", "k",
     "--payload-json", '{ "n": 1.50, "list": [1, {"x": null}],\n "t": "a  b" }'),
    (*SEND, "--thread", "b", "--subject", "other", "--key", "k"),
    ("send", "--from", "lead", "--to", "@pool", "--thread", "p", "--subject", "p", "--body", "x",
     "--artifact", "kept", "--artifact-copy", "--artifact-metadata-json", '{"a":  [ ]}'),
    (*SEND, "--thread", "later", "--subject", "s", "--not-before", "2099-01-01T00:00:00Z"),
    ("fetch", *W), ("fetch",), ("list",), ("list", "--agent", "w", "--status", "pending"),
    ("list", "--created-by", "lead", "--limit", "2"), ("list", "--status", "pending,done"),
    ("claim", *W, "--next"), ("claim", *W, "--thread", "b"),
    ("claim", "--agent", "x", "--thread", "b"),
    ("claim", *W, "--thread", "later"), ("claim", *W, "--thread", "none"),
    ("claim", *W, "--thread", "a", "--lease-seconds", "1.5"),
    ("show", "--thread", "a"), ("show", "--thread", "b", "--agent", "w", "--mark-read"),
    ("renew", *W, "--thread", "b"), ("renew", "--agent", "x", "--thread", "b"),
    ("renew", *W, "--thread", "b", "--lease", "e1-00000000000000000000000000"),
    ("update", *W, "--thread", "b", "--status", "in_progress", "--body", "half"),
    ("update", *W, "--thread", "b", "--status", "blocked", "--body", "which?"),
    ("reply", "--from", "lead", "--thread", "b", "--body", "that", "--to-message", "msg_2"),
    ("reply", "--from", "lead", "--thread", "b", "--body", "that", "--to-message", "msg_99"),
    ("wait-reply", "--thread", "b", "--agent", "w", "--timeout-seconds", "0.01"),
    ("watch", "--after-event", "3", "--timeout-seconds", "0.01"),
    ("watch", "--after-event", "3000", "--timeout-seconds", "0.01"),
    ("ack", *W, "--thread", "b", "--through", "msg_2"),
    ("ack", *W, "--thread", "b", "--through", "msg_1"),
    ("release", *W, "--thread", "b"), ("done", *W, "--thread", "b"),
    ("claim", *W, "--thread", "b"), ("done", *W, "--thread", "b", "--summary", "ok", "--key", "d"),
    ("done", *W, "--thread", "b", "--summary", "ok", "--key", "d"),
    ("done", *W, "--thread", "b", "--summary", "again"),
    ("fail", *W, "--thread", "b", "--summary", "n"),
    ("cancel", "--agent", "lead", "--thread", "p"),
    ("claim", "--agent", "y", "--pool", "pool", "--next"),
    ("artifact", "list", "--thread", "p"), ("artifact", "get", "art_1", "--out", "copy"),
    ("artifact", "get", "art_7"), ("search", "two"), ("search", "HALF", "--agent", "w"),
    ("search", "nowhere"), ("search", 'say "q"'),
    ("hook", *W, "--client", "claude", "--event", "E"),
    ("list", "--limit", "3"), ("show", "--thread", "later"), ("show", "--thread", "latr"),
)  # fmt: skip


@pytest.fixture
def both(tmp_path: Path, empty_store: Path) -> tuple[Cli, Cli]:
    clis = []
    for name in ("file", "server"):
        cwd = tmp_path / name
        (cwd / ".orch").mkdir(parents=True, mode=0o700)
        (cwd / "kept").write_text("kept")
        clis.append(Cli(cwd, home=tmp_path / f"home-{name}").warm)
    shutil.copy(empty_store, clis[0].store)
    clis[0].store.chmod(0o600)
    return clis[0], served(clis[1], tmp_path / "home-server")


def _same(text: str) -> str:
    for pattern, to in _DIFFERS:
        text = pattern.sub(to, text)
    return text


def test_every_verb_and_its_refusals_answer_as_on_a_file(both: tuple[Cli, Cli]) -> None:
    on_file, on_a_server = both
    for line in LINES:
        wanted, found = (cli.quick("--json", *line) for cli in (on_file, on_a_server))
        assert found.status == wanted.status, (line, wanted, found)
        assert _same(found.out) == _same(wanted.out), line
        assert "\n" not in found.out[:-1]


def _rows(connection: object, text: str) -> list[tuple]:
    if hasattr(connection, "execute"):
        return connection.execute(text).fetchall()
    cursor = connection.cursor()
    cursor.execute(text)
    return cursor.fetchall()


AGENTS, THREADS = ("ada", "bob", "cy"), tuple(f"t{n}" for n in range(12))
COMMANDS = 1_000 if "server" in ENGINES else 150


def _command(chance: random.Random) -> tuple[str, ...]:
    agent, thread = chance.choice(AGENTS), chance.choice(THREADS)
    own = ("--agent", agent, "--thread", thread)
    return chance.choice((
        ("send", "--from", agent, "--to", chance.choice((*AGENTS, "@pool")), "--thread", thread,
         "--subject", "s", "--priority", chance.choice(("low", "normal", "high"))),
        ("claim", *own), ("claim", "--agent", agent, "--next", "--pool", "pool"),
        ("renew", *own), ("release", *own), ("fetch", "--agent", agent),
        ("update", *own, "--status", chance.choice(("claimed", "in_progress", "blocked")),
         "--body", "b"),
        ("done", *own, "--summary", "ok", *chance.choice(((), ("--next",)))),
        ("fail", *own, "--summary", "no"), ("reply", "--from", agent, "--thread", thread,
         "--body", "words", "--key", str(chance.randrange(30))),
        ("cancel", "--agent", agent, "--thread", thread), ("list", "--agent", agent),
        ("ack", *own, "--through", f"msg_{chance.randrange(1, 60)}"), ("show", "--thread", thread),
    ))  # fmt: skip


def test_random_commands_are_answered_alike_and_leave_the_same_log(both: tuple[Cli, Cli]) -> None:
    chance = random.Random(17)
    on_file, on_a_server = (Session(cli.where) for cli in both)
    done = 0
    for _ in range(COMMANDS):
        line = _command(chance)
        wanted, found = on_file.run(*line), on_a_server.run(*line)
        assert found.code == wanted.code, (line, wanted.document, found.document)
        said = [_same(json.dumps(answer.document)) for answer in (wanted, found)]
        assert said[0] == said[1], line
        done += wanted.ok
    assert done > COMMANDS // 4  # Not refusals alone.
    text = "SELECT event_id, event_type, actor, thread_no, status, assigned_to, payload FROM event"
    logs = []
    for session in (on_file, on_a_server):
        with session.db.read() as tx:
            logs.append(sorted(_rows(tx._connection, text)))
        session.close()
    assert logs[0] == logs[1]
    assert [cli.ok("doctor", "--deep")["healthy"] for cli in both] == [True, True]
