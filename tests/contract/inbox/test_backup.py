"""backup: a consistent private copy while others write."""

import os
import stat

import apsw
import pytest

from tests.support.cli import Cli
from tests.support.threads import claimed, log_of, opened

pytestmark = pytest.mark.on_file("a backup of the other is pg_dump's")


def test_a_backup_is_a_whole_store(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    data = inbox.ok("backup", "copy.db")
    copy = inbox.cwd / "copy.db"
    assert data == {"path": str(copy), "size": copy.stat().st_size, "high_event_id": 2}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    other = inbox.at(ORCH_DB=str(copy))
    assert other.ok("show", "--thread", thread)["thread"]["status"] == "claimed"
    assert other.ok("doctor", "--deep")["healthy"] is True
    # The copy is a store of its own, with the same leases.
    words = ("--agent", "worker-1", "--thread", thread, "--lease", token)
    assert other.ok("done", *words)["thread"]["status"] == "done"
    assert inbox.ok("show", "--thread", thread)["thread"]["status"] == "claimed"


def test_a_backup_while_others_write(inbox: Cli) -> None:
    for i in range(20):
        opened(inbox, "--summary", f"before {i}")
    writers = [
        inbox.start("send", "--from", f"w{i}", "--to", "x", "--subject", "s") for i in range(8)
    ]
    backups = [inbox.ok("backup", f"copy{i}.db") for i in range(3)]
    assert [one.wait().status for one in writers] == [0] * 8
    for backup in backups:
        assert backup["high_event_id"] >= 20
        copy = inbox.at(ORCH_DB=backup["path"])
        assert copy.ok("doctor", "--deep")["healthy"] is True
        assert log_of(copy) >= backup["high_event_id"]
    assert log_of(inbox) == 28


def test_a_backup_never_replaces_anything(inbox: Cli) -> None:
    (inbox.cwd / "there").write_text("mine")
    os.symlink("nowhere", inbox.cwd / "link")
    for target in ("there", "link", ".", str(inbox.store)):
        inbox.refuse("invalid_input", "file", "backup", target)
    inbox.refuse("invalid_input", "file", "backup", "missing/copy.db")
    inbox.refuse("invalid_input", "flag", "backup")
    inbox.refuse("invalid_input", "flag", "backup", "a", "b")
    assert (inbox.cwd / "there").read_text() == "mine"
    assert not (inbox.cwd / "nowhere").exists()
    assert sorted(p.name for p in inbox.cwd.iterdir()) == [".orch", "link", "there"]


def test_a_killed_backup_leaves_no_half_copy_under_its_name(inbox: Cli) -> None:
    opened(inbox)
    answer = inbox.run("backup", "copy.db", env={"ORCH_CRASH_AT": "backup.written"})
    assert answer.status == -9
    assert not (inbox.cwd / "copy.db").exists()
    assert inbox.ok("backup", "copy.db")["high_event_id"] == 1


def test_a_backup_waits_for_no_reader_and_holds_up_no_writer(inbox: Cli) -> None:
    opened(inbox)
    reader = apsw.Connection(str(inbox.store))
    reader.execute("BEGIN; SELECT * FROM thread").fetchall()
    try:
        assert inbox.ok("backup", "copy.db")
        assert opened(inbox)
    finally:
        reader.close()
