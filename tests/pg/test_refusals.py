"""What can be wrong with a server: the table's code each time, no password said, nothing lost."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import ENGINES, served

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)
in_test_pg = pytest.mark.skipif("server" not in ENGINES, reason="seconds: make test-pg")

SEND = ("send", "--from", "a", "--to", "b", "--subject", "s")
PASSWORD = "never-printed"


@pytest.fixture
def inbox(tmp_path: Path) -> Cli:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(cwd, home=tmp_path).warm, tmp_path)


def _sql(inbox: Cli, text: str) -> list[tuple]:
    name = inbox.url.partition(":///")[2].partition("?")[0]
    return servers.shared().execute(text, name)


def _elsewhere(inbox: Cli, **parts: str) -> str:
    """Return the store's URL with other parts."""
    head, _, query = inbox.url.partition("?")
    given = dict(part.split("=", 1) for part in query.split("&")) | parts
    return head + "?" + "&".join(f"{k}={v}" for k, v in given.items())


def test_no_server_and_a_password_that_is_never_said(inbox: Cli, tmp_path: Path) -> None:
    urls = (
        f"postgresql://u:{PASSWORD}@127.0.0.1:1/x",
        f"postgresql://u@127.0.0.1:1/x?password={PASSWORD}&schema=s",
        f"postgresql:///x?host={tmp_path}&password={PASSWORD}",
    )
    for url in urls:
        for words in (("--json", "list"), ("list",), ("init",), ("--json", "watch")):
            answer = inbox.quick(*words, "--db", url)
            assert answer.status == 70, answer
            assert PASSWORD not in answer.out + answer.err
            if "--json" in words:
                assert answer.error["reason"] == "io"
        assert PASSWORD not in inbox.quick(*SEND, env={"ORCH_DB": url}).err


def test_a_password_in_a_url_works_and_is_not_said(inbox: Cli) -> None:
    url = _elsewhere(inbox, password=PASSWORD)
    answer = inbox.quick("--db", url, "doctor", "--json")
    assert answer.data["db_path"] == inbox.url
    for words in ((*SEND, "--thread", "t"), ("show", "--thread", "t"), ("list", "--agent", "x")):
        answer = inbox.quick("--db", url, *words)
        assert PASSWORD not in answer.out + answer.err
    answer = inbox.quick("--db", url, "watch", "--timeout-seconds", "0.01", "--json")
    assert PASSWORD not in answer.out + answer.err


def test_a_wrong_password_and_a_wrong_database(inbox: Cli) -> None:
    server = servers.shared()
    hba = server.data / "pg_hba.conf"
    before = hba.read_text()
    server.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    try:
        hba.write_text("local all guarded scram-sha-256\n" + before)
        server.execute("SELECT pg_reload_conf()")
        url = _elsewhere(inbox, user="guarded", password=PASSWORD)
        error = inbox.refuse("store_error", "io", "--db", url, "list")
        assert "password" in error["message"] and PASSWORD not in str(error)
        url = _elsewhere(inbox, user="guarded", password="right")
        inbox.refuse("store_error", "readonly", "--db", url, "list")  # Let in, and no more.
    finally:
        hba.write_text(before)
        server.execute("SELECT pg_reload_conf()")
        server.execute("DROP ROLE guarded")
    query = inbox.url.partition("?")[2]
    inbox.refuse("store_error", "io", "--db", f"postgresql:///nowhere?{query}", "list")


def test_no_store_in_the_schema_and_one_that_is_made(inbox: Cli) -> None:
    url = _elsewhere(inbox, schema="other")
    assert "init" in inbox.refuse("not_found", "store", "--db", url, "list")["hint"]
    assert inbox.ok("--db", url, "init")["created"] is True
    assert inbox.ok("--db", url, "init")["created"] is False
    inbox.ok("--db", url, *SEND)
    assert inbox.ok("list")["threads"] == []
    inbox.refuse("invalid_input", "value", "--db", _elsewhere(inbox, schema="Other;"), "list")
    inbox.refuse("invalid_input", "value", "--db", "postgresql://[", "list")


def test_another_version(inbox: Cli) -> None:
    inbox.ok(*SEND)
    _sql(inbox, "UPDATE orch.store_version SET version = version - 1")
    assert "migrate" in inbox.refuse("store_error", "older_schema", "list")["hint"]
    _sql(inbox, "UPDATE orch.store_version SET version = version + 900")
    assert inbox.ok("list")["threads"]  # A newer store that says it may still be used.
    _sql(inbox, "UPDATE orch.store SET min_client = 900")
    inbox.refuse("store_error", "newer_schema", "list")


def test_a_database_that_takes_no_changes(inbox: Cli) -> None:
    name = inbox.url.partition(":///")[2].partition("?")[0]
    servers.shared().execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert inbox.ok("list")["threads"] == []
    inbox.refuse("store_error", "readonly", *SEND)
    servers.shared().execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    inbox.ok(*SEND)


def test_an_unfit_database(inbox: Cli) -> None:
    servers.shared().execute("CREATE DATABASE unfit ENCODING 'SQL_ASCII' TEMPLATE template0")
    try:
        query = inbox.url.partition("?")[2]
        inbox.refuse("store_error", "unsafe", "--db", f"postgresql:///unfit?{query}", "init")
    finally:
        servers.shared().drop("unfit")


def test_tls_beyond_this_machine(inbox: Cli) -> None:
    for weaker in ("require", "prefer", "disable", "verify-ca"):
        url = f"postgresql://u@db.invalid/x?sslmode={weaker}"
        inbox.refuse("store_error", "unsafe", "--db", url, "list")
        inbox.refuse("store_error", "io", "--db", url, "list", env={"ORCH_ALLOW_PLAIN": "1"})
    inbox.refuse("store_error", "io", "--db", "postgresql://u@db.invalid/x", "list")


def test_the_file_that_names_a_store(inbox: Cli) -> None:
    path = inbox.cwd / ".orch" / "store-url"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)
    inbox.refuse("store_error", "unsafe", "list")
    path.chmod(0o600)
    for text in (_elsewhere(inbox, password=PASSWORD), "x", "", f"{inbox.url}\n{inbox.url}"):
        path.write_text(text + "\n")
        assert PASSWORD not in str(inbox.refuse("store_error", "unsafe", "list"))
    path.write_text(inbox.url + "\n")
    assert inbox.ok("list")["threads"] == []


def test_a_nul_is_a_texts_fault(inbox: Cli) -> None:
    from inbox.store import threads
    from schema.failures import Failure

    db = inbox.open()
    with pytest.raises(Failure) as caught, db.read() as tx:
        threads.find(tx, "a\0b")
    assert (caught.value.code, caught.value.reason) == ("invalid_input", "text")
    db.close()
    assert inbox.ok("list")["threads"] == []


@in_test_pg
def test_the_lock_is_waited_for_ten_seconds(inbox: Cli) -> None:
    server = servers.shared()
    holder = server.connect(inbox.url.partition(":///")[2].partition("?")[0])
    cursor = holder.cursor()
    cursor.execute("BEGIN; SELECT 1 FROM orch.counter WHERE name = 'event' FOR UPDATE")
    inbox.refuse("store_busy", "locked", *SEND)
    assert inbox.ok("list")["threads"] == []  # Readers wait for nobody.
    holder.close()
    inbox.ok(*SEND)


@in_test_pg
def test_a_replica_is_refused(inbox: Cli, tmp_path: Path) -> None:
    server = servers.shared()
    standby = servers.Cluster.of_backup(server)
    try:
        name = inbox.url.partition(":///")[2].partition("?")[0]
        error = inbox.refuse("store_error", "readonly", "--db", standby.url(name), "list")
        assert "replica" in error["message"]
    finally:
        standby.stop()


# A COMMIT of which the answer never comes.


class Cutter:
    """A way to the server that is cut once, at the first COMMIT: before it, or after it."""

    def __init__(self, folder: Path, before: bool) -> None:
        self.before = before
        self.is_cut = False
        self._target = f"{servers.shared().folder}/.s.PGSQL.5432"
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / ".s.PGSQL.5432"))
        self._door.listen()
        self._ends = [self._door]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            self._ends += [client, server]
            server.connect(self._target)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                if b"COMMIT" in data and not self.is_cut:
                    self.is_cut = True
                    if not self.before:
                        other.sendall(data)
                        other.recv(65536)  # It was done; nobody hears of it.
                    break
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        for end in self._ends:
            end.close()


@pytest.fixture(params=["before", "after"])
def cut(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    folder = tmp_path_factory.mktemp("c")
    cutter = Cutter(folder, request.param == "before")
    yield cutter, folder, request.param
    cutter.close()


def test_a_connection_that_is_cut_in_commit(inbox: Cli, cut: tuple[Cutter, Path, str]) -> None:
    cutter, folder, when = cut
    url = _elsewhere(inbox, host=str(folder))
    inbox.ok(*SEND, "--thread", "t")
    cancel = ("cancel", "--agent", "a", "--thread", "t", "--key", "k")
    answer = inbox.quick("--json", "--db", url, *cancel)
    assert cutter.is_cut
    if when == "after":
        assert answer.data["event_id"] == 2  # Found again, and answered as done.
    else:
        assert (answer.status, answer.error["reason"]) == (70, "io"), answer
        assert inbox.ok("list")["threads"][0]["status"] == "pending"
    again = inbox.ok(*cancel)
    assert again["event_id"] == 2 and again.get("replayed", False) is (when == "after")
    assert inbox.ok("doctor", "--deep")["healthy"] is True


@pytest.mark.parametrize("key", [(), ("--key", "k")], ids=["bare", "keyed"])
def test_a_hot_command_that_is_cut_is_done_once(
    inbox: Cli, cut: tuple[Cutter, Path, str], key: tuple[str, ...]
) -> None:
    """It is asked again with the same number: what was done is found, what was not is done."""
    cutter, folder, _ = cut
    url = _elsewhere(inbox, host=str(folder))
    inbox.ok(*SEND, "--thread", "t")
    claimed = inbox.ok("--db", url, "claim", "--agent", "b", "--next", *key)
    assert cutter.is_cut
    assert (claimed["event_id"], claimed["lease"]["epoch"]) == (2, 1)
    cutter.is_cut = False
    own = ("--agent", "b", "--thread", "t", "--lease", claimed["lease"]["token"])
    assert inbox.ok("--db", url, "renew", *own, *key)["lease"]["holder"] == "b"
    cutter.is_cut = False
    assert inbox.ok("--db", url, "done", *own, "--next", *key)["event_id"] == 4
    log = [row[0] for row in _sql(inbox, "SELECT event_type FROM orch.event ORDER BY event_id")]
    assert log == ["thread_send", "thread_claim", "thread_renew", "thread_result"]
    assert inbox.ok("doctor", "--deep")["healthy"] is True


@in_test_pg
@pytest.mark.parametrize("point", ["commit.before", "commit.after"])
@pytest.mark.parametrize("verb", ["claim", "cancel"])  # One call, and a transaction.
def test_a_client_that_is_killed_at_a_commit(inbox: Cli, verb: str, point: str) -> None:
    inbox.ok(*SEND, "--thread", "t")
    words = (verb, "--agent", "b", "--thread", "t", "--key", "k")
    assert inbox.run(*words, env={"ORCH_CRASH_AT": point}).status == -9
    log = "SELECT count(*) FROM orch.event"
    assert _sql(inbox, log) == [(2 if point == "commit.after" else 1,)]
    again = inbox.ok(*words)
    assert again["event_id"] == 2 and again.get("replayed", False) is (point == "commit.after")
    assert _sql(inbox, log) == [(2,)]
