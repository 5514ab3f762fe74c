"""orch store: made, brought up to date, copied, and moved from a file to a server."""

import shutil
import subprocess
from pathlib import Path

import pytest

from orch.cli import main
from schema.pg import migrate as server_migrate
from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import served
from tests.support.runs import Lead
from tests.support.threads import claimed, opened

_FIRST = 13  # What a server's store begins with: schema/pg/migrations.

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)


@pytest.fixture
def inbox(tmp_path: Path) -> Cli:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(cwd, home=tmp_path).warm, tmp_path)


def _orch(inbox: Cli) -> Cli:
    found = Cli(inbox.cwd, program="orch").warm
    found.env, found.store, found.url = inbox.env, inbox.store, inbox.url
    return found


def test_init_and_migrate(inbox: Cli) -> None:
    orch = _orch(inbox)
    url = inbox.url + "&schema=other"
    assert orch.ok("--db", url, "store", "init")["created"] is True
    assert orch.ok("--db", url, "store", "migrate")["changed"] is False
    older = inbox.url + "&schema=older"
    assert server_migrate.create(older, _FIRST)
    error = orch.refuse("store_error", "older_schema", "--db", older, "run", "list")
    assert "store migrate" in error["hint"]
    said = orch.ok("--db", older, "store", "migrate")
    assert (said["from_version"], said["changed"]) == (_FIRST, True)
    orch.ok("--db", older, "run", "init", "--run", "r", "--goal", "g")
    assert orch.ok("--db", older, "doctor", "--deep")["healthy"] is True


def test_a_backup_is_restored_elsewhere(inbox: Cli, tmp_path: Path) -> None:
    thread, token = claimed(inbox)
    orch = _orch(inbox)
    copy = tmp_path / "copy.dump"
    said = orch.ok("store", "backup", str(copy))
    assert (said["path"], said["high_event_id"]) == (str(copy), 2)
    assert copy.stat().st_mode & 0o777 == 0o600
    orch.refuse("invalid_input", "file", "store", "backup", str(copy))
    inbox.refuse("invalid_state", "unsupported", "backup", str(tmp_path / "x"))
    server = servers.shared()
    server.execute("CREATE DATABASE restored TEMPLATE template0")
    try:
        url = server.url("restored")
        head = url.partition("&schema")[0]
        subprocess.run(
            ["pg_restore", "--dbname", head, str(copy)], check=True, capture_output=True, timeout=60
        )
        shown = inbox.ok("--db", url, "show", "--thread", thread)
        assert shown["lease"]["epoch"] == 1
        words = ("--agent", "worker-1", "--thread", thread, "--lease", token)
        assert inbox.ok("--db", url, "done", *words)["event_id"] == 3
        assert inbox.ok("--db", url, "doctor", "--deep")["healthy"] is True
    finally:
        server.drop("restored")


def test_a_store_moves_with_its_leases_keys_and_bytes(
    tmp_path: Path, empty_store: Path, inbox: Cli
) -> None:
    lead = Lead(tmp_path, empty_store, folder="moving")
    if lead.inbox.url:  # Of a suite on the server: this one begins with a file.
        (lead.top / ".orch" / "store-url").unlink()
        for cli in (lead.inbox, lead.orch):
            cli.url, cli.store = "", lead.top / ".orch" / "coord.db"
        shutil.copy(empty_store, lead.inbox.store)
        lead.inbox.store.chmod(0o600)
    lead.run()
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a")
    (lead.top / "f").write_text("kept")
    thread, token = claimed(lead.inbox, "--artifact", "f", "--artifact-copy")
    keyed = lead.inbox.ok("send", "--from", "x", "--to", "y", "--subject", "s", "--key", "k")
    before = lead.orch.ok("status", "--run", "r")
    listed = lead.inbox.ok("list")
    url = inbox.url + "&schema=moved"
    said = lead.orch.ok("store", "move", url)
    assert set(said) == set(main.schemas()["store move"]["properties"])
    assert said["moved_from"].endswith("coord.db") and said["db_path"] == url
    # Found by the same commands, with everything in it.
    assert lead.inbox.ok("list") == listed
    after = lead.orch.ok("status", "--run", "r")
    assert after["run"] == before["run"] and after["tasks"] == before["tasks"]
    words = ("--agent", "worker-1", "--thread", thread, "--lease", token)
    lead.inbox.ok("renew", *words)
    again = lead.inbox.ok("send", "--from", "x", "--to", "y", "--subject", "s", "--key", "k")
    assert (again["event_id"], again["replayed"]) == (keyed["event_id"], True)
    lead.inbox.ok("artifact", "get", "art_1", "--out", "copy")
    assert (lead.top / "copy").read_text() == "kept"
    (tmp_path / "elsewhere").mkdir()
    there = lead.inbox.at(HOME=str(tmp_path / "elsewhere"))
    there.ok("artifact", "get", "art_1", "--out", "copy-there")
    assert (lead.top / "copy-there").read_text() == "kept"
    lead.claim(sent)
    assert opened(lead.inbox)
    assert lead.orch.ok("doctor", "--deep")["healthy"] is True
    # The file takes nothing more, and says where to go.
    old = ("--db", str(lead.top / ".orch" / "coord.db"))
    error = lead.inbox.refuse("store_error", "replaced", *old, "list")
    assert url in error["message"]
    lead.orch.refuse("invalid_state", "unsupported", "store", "move", url)


def test_a_move_onto_another_store_is_refused(
    inbox: Cli, tmp_path: Path, empty_store: Path
) -> None:
    opened(inbox)
    cwd = tmp_path / "other"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    orch = Cli(cwd, program="orch", home=tmp_path).warm
    shutil.copy(empty_store, orch.store)
    orch.store.chmod(0o600)
    orch.refuse("invalid_state", "unsupported", "store", "move", inbox.url)
    orch.refuse("invalid_input", "flag", "store", "move")
    assert orch.ok("run", "list")["runs"] == []  # Still the store.
