"""doctor: every breakage is named (I12), nothing is ever repaired."""

import os
import shutil
import subprocess
from pathlib import Path

import apsw
import pytest

from inbox.workflows import doctor
from tests.support.cli import SCRIPTS, Cli
from tests.support.engines import behind
from tests.support.threads import BLINK, claimed, opened, taken

QUICK = {
    "store", "schema", "sqlite", "other sqlite", "git", "modes", "packages", "file system", "locks",
    "waiters", "leftovers",
}  # fmt: skip
OF_SERVER = {
    "store", "schema", "server", "durability", "connection", "clock", "waits", "git", "packages",
    "waiters", "leftovers",
}  # fmt: skip
DEEP = {
    "integrity", "events", "messages", "fold", "leases", "cursors", "transitions", "artifacts"
}  # fmt: skip


def checks(inbox: Cli, *words: str, **how: object) -> dict[str, dict]:
    return {c["name"]: c for c in inbox.ok("doctor", *words, **how)["checks"]}


def busy(inbox: Cli) -> None:
    """Fill a store with every kind of change."""
    (inbox.cwd / "f").write_text("kept")
    thread, _ = claimed(inbox, "--artifact", "f", "--artifact-copy")
    own = ("--agent", "worker-1", "--thread", thread)
    inbox.ok("update", *own, "--status", "blocked", "--body", "?")
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "!")
    inbox.ok("show", *own, "--mark-read")
    inbox.ok("renew", *own)
    inbox.ok("release", *own)
    taken(inbox, thread, "worker-2", seconds=BLINK)
    taken(inbox, thread, "worker-3")
    inbox.ok("done", "--agent", "worker-3", "--thread", thread)
    late, _ = claimed(inbox)
    inbox.ok("cancel", "--agent", "lead", "--thread", late)
    inbox.run("done", "--agent", "worker-1", "--thread", late, "--body", "late")
    spent = opened(inbox, "--max-claims", "1")
    taken(inbox, spent, "worker-1", seconds=BLINK)
    inbox.run("claim", "--agent", "worker-2", "--thread", spent)
    claimed(inbox)
    opened(inbox)


@pytest.fixture(scope="module")
def busy_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed copy of a store that has seen everything."""
    inbox = Cli(tmp_path_factory.mktemp("busy"))
    inbox.ok("init")
    busy(inbox)
    return Path(inbox.ok("backup", "copy.db")["path"])


def test_a_healthy_store(inbox: Cli) -> None:
    busy(inbox)
    quick = checks(inbox)
    wanted = OF_SERVER if inbox.url else QUICK
    assert set(quick) == wanted
    deep = checks(inbox, "--deep")
    assert set(deep) == wanted | DEEP
    told = {"other sqlite", "durability"}  # Of what the machine has, and of our own server.
    assert {c["status"] for name, c in deep.items() if name not in told} == {"ok"}
    data = inbox.ok("doctor", "--deep")
    assert (data["healthy"], data["db_path"]) == (True, inbox.where)
    assert inbox.where in deep["store"]["detail"]
    if inbox.url:
        return
    assert apsw.sqlite_lib_version() in deep["sqlite"]["detail"]
    assert apsw.apsw_version() in deep["sqlite"]["detail"]
    assert inbox.say("doctor").splitlines()[0].startswith("doctor: ")


def test_an_empty_store_is_healthy(inbox: Cli) -> None:
    assert inbox.ok("doctor", "--deep")["healthy"] is True


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        ("events", "DELETE FROM event WHERE event_id = 4"),
        ("events", "DELETE FROM event WHERE event_id = (SELECT max(event_id) FROM event)"),
        ("messages", "DELETE FROM message WHERE event_id = 4"),
        ("messages", "UPDATE message SET thread_no = thread_no + 1 WHERE event_id = 1"),
        ("fold", "UPDATE thread SET status = 'done' WHERE status = 'claimed'"),
        ("fold", "UPDATE thread SET assigned_to = 'thief' WHERE status = 'claimed'"),
        ("fold", "UPDATE thread SET epoch = epoch + 1 WHERE status = 'done'"),
        ("fold", "UPDATE thread SET last_event = last_event - 1 WHERE thread_no = 1"),
        ("fold", "UPDATE event SET status = 'done' WHERE event_id = 2"),
        ("leases", "UPDATE lease SET holder = 'thief' WHERE ended_at IS NULL"),
        ("leases", "UPDATE lease SET ended_at = 1, ended_by = 'done' WHERE ended_at IS NULL"),
        ("cursors", "UPDATE cursor SET last_read = 1000"),
        ("transitions", "DELETE FROM transition WHERE machine = 'thread' AND target = 'failed'"),
        ("transitions", "INSERT INTO transition VALUES ('thread', 'done', 'pending')"),
        ("integrity", "UPDATE message SET reply_to = 4000 WHERE event_id = 1"),
        ("integrity", "DELETE FROM thread WHERE thread_no = 2"),
    ],
)
def test_deep_finds_what_does_not_agree(
    inbox: Cli, busy_store: Path, check: str, statement: str
) -> None:
    if inbox.url:
        busy(inbox)
    else:
        shutil.copy(busy_store, inbox.store)
    behind(inbox, statement)
    before = _content(inbox)
    error = inbox.refuse("store_error", "corrupt", "doctor", "--deep")
    found = [text for text in error["details"]["checks"] if text.startswith("problem ")]
    assert any(text.startswith(f"problem {check}: ") for text in found), found
    assert "backup" in error["hint"]
    assert _content(inbox) == before  # Never repairs.
    assert inbox.run("doctor").status == 0  # The quick look does not read it all.


def _content(inbox: Cli) -> list:
    tables = ("thread", "event", "message", "lease", "cursor", "transition")
    return [sorted(behind(inbox, f"SELECT * FROM {table}")) for table in tables]


@pytest.mark.on_file("it is about the file")
def test_deep_reads_every_page(inbox: Cli) -> None:
    for _ in range(40):
        opened(inbox, "--summary", "x" * 400)
    inbox.ok("backup", "copy.db")
    copy = inbox.cwd / "copy.db"
    content = bytearray(copy.read_bytes())
    at = content.find(b"Fix the parser", 4096 * 50)
    content[at - 60 : at + 200] = b"\xff" * 260
    copy.write_bytes(content)
    answer = inbox.run("--json", "doctor", "--deep", "--db", str(copy))
    assert (answer.status, answer.error["reason"]) == (70, "corrupt")


def test_kept_artifacts_are_compared_with_their_digest(inbox: Cli) -> None:
    (inbox.cwd / "f").write_text("kept")
    (inbox.cwd / "g").write_text("gone")
    opened(inbox, "--artifact", "f", "--artifact", "g", "--artifact-copy")
    for kept in (inbox.store.parent / "artifacts").glob("*/*"):
        if kept.read_text() == "kept":
            kept.write_text("evil")
        else:
            kept.unlink()
    if inbox.url:
        behind(inbox, "DELETE FROM blob")
    data = inbox.ok("doctor", "--deep")
    assert data["healthy"] is False
    (found,) = [c for c in data["checks"] if c["status"] == "problem"]
    assert found["name"] == "artifacts"
    assert "art_1 (f): " in found["detail"]
    assert "art_2 (g): " in found["detail"]
    assert "has other bytes" in found["detail"]


@pytest.mark.on_file("it is about the file")
def test_modes(inbox: Cli) -> None:
    opened(inbox)
    inbox.store.chmod(0o644)
    (inbox.cwd / ".orch").chmod(0o750)
    found = checks(inbox)["modes"]
    assert found["status"] == "problem"
    assert f"chmod 600 {inbox.store}" in found["hint"]
    assert f"chmod 700 {inbox.cwd / '.orch'}" in found["hint"]
    assert (inbox.store.stat().st_mode & 0o777) == 0o644  # Never repairs.
    assert inbox.ok("doctor")["healthy"] is False
    assert "parent" not in checks(inbox)


@pytest.mark.on_file("it is about the file")
def test_a_parent_that_others_may_write(inbox: Cli) -> None:
    (inbox.cwd / ".orch").chmod(0o770)
    assert checks(inbox)["parent"]["status"] == "warning"
    assert "chmod go-w" in checks(inbox)["parent"]["hint"]
    (inbox.cwd / ".orch").chmod(0o777)
    inbox.refuse("store_error", "unsafe", "doctor")  # By everybody: not even opened.


def test_bells_of_waits_that_were_killed(inbox: Cli) -> None:
    opened(inbox)
    with inbox.start("watch") as waiting, inbox.start("watch") as alive:
        waiting.asleep(inbox.store)
        alive.asleep(inbox.store)
        waiting.kill()
        wake = f"{inbox.store}.wake"
        before = sorted(os.listdir(wake))
        found = checks(inbox)["waiters"]
        assert found["status"] == "warning"
        assert found["detail"].startswith("2 of 4 FIFOs")
        assert sorted(os.listdir(wake)) == before
        inbox.run("watch", "--timeout-seconds", "0.01")
        assert checks(inbox)["waiters"]["status"] == "ok"


@pytest.mark.on_file("it is about the file")
def test_leftovers_of_commands_that_were_killed(inbox: Cli, bare: Cli) -> None:
    opened(inbox)
    crash = {"ORCH_CRASH_AT": "backup.written"}
    assert inbox.run("backup", str(inbox.store) + ".copy", env=crash).status == -9
    assert ".part-" in checks(inbox)["leftovers"]["detail"]
    assert bare.run("init", env={"ORCH_CRASH_AT": "create.before_rename"}).status == -9
    draft = Path(f"{bare.store}.new")
    assert draft.exists()
    bare.ok("init")  # Sweeps its own kind away, since nobody ever opened it.
    assert checks(bare)["leftovers"]["status"] == "ok"
    draft.write_text("")
    assert str(draft) in checks(bare)["leftovers"]["detail"]


@pytest.mark.on_file("it is about the file")
def test_backups_made_before_upgrades_are_named(inbox: Cli) -> None:
    backup = inbox.store.with_name("coord.db.v1-abcdef.bak")
    backup.write_text("")
    assert str(backup) in checks(inbox)["backups"]["detail"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("top_level.txt", "thing\ninbox\n"),
        ("RECORD", "a.py,,\ninbox/__init__.py,,\n"),
        ("RECORD", "inbox.py,,\n"),
    ],
)
def test_another_package_of_our_name(inbox: Cli, tmp_path: Path, file: str, text: str) -> None:
    site = tmp_path / "site"
    (site / "inbox_thing-1.0.dist-info").mkdir(parents=True)
    (site / "inbox_thing-1.0.dist-info/METADATA").write_text("Name: inbox-thing\nVersion: 1.0\n")
    (site / "inbox_thing-1.0.dist-info" / file).write_text(text)
    program = (
        f"import sys; sys.path.append({str(site)!r}); sys.argv = ['inbox', 'doctor', '--json'];"
        "from inbox.cli.main import main; main()"
    )
    done = subprocess.run(
        [str(SCRIPTS / "python"), "-c", program],
        cwd=inbox.cwd, env=inbox.env, capture_output=True, timeout=30, text=True,
    )  # fmt: skip
    assert '"inbox is also in inbox-thing"' in done.stdout
    assert checks(inbox)["packages"]["status"] == "ok"


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("git version 2.39.5", "ok"),
        ("git version 2.39.3 (Apple Git-146)", "warning"),
        ("git version 2.37.1", "warning"),
        ("git version 1.8.3.1", "warning"),
        ("git version 2.45.0", "warning"),
        ("git version 2.45.1.windows.1", "ok"),
        ("git version 2.46.0-rc1", "ok"),
        ("git version 2.50.1", "ok"),
        ("git version 3.0.0", "ok"),
        ("", "warning"),
        ("nonsense", "warning"),
    ],
)
def test_versions_of_git(printed: str, status: str) -> None:
    assert doctor.git_check(printed).status == status


def test_without_git(inbox: Cli) -> None:
    found = checks(inbox, env={"PATH": str(inbox.cwd)})["git"]
    assert (found["status"], found["detail"]) == ("warning", "no git was found")


@pytest.mark.on_file("it is about the file")
def test_the_lock_probe_sees_locks_that_exclude_nobody(
    inbox: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = inbox.open()
    by_name = {c.name: c for c in doctor.examine(db, deep=False)}
    assert by_name["locks"].status == "ok"
    # A file system on which a lock is granted to everybody.
    monkeypatch.setattr(doctor, "_write_lock", lambda *_: doctor.fcntl.F_WRLCK)
    monkeypatch.setattr(doctor.fcntl, "fcntl", lambda *_: 0)
    by_name = {c.name: c for c in doctor.examine(db, deep=False)}
    db.close()
    assert (by_name["locks"].status, by_name["locks"].fatal) == ("problem", True)


@pytest.mark.on_file("it is about the file")
def test_plain_mode_says_what_is_wrong_and_what_to_do(inbox: Cli) -> None:
    inbox.store.chmod(0o644)
    lines = inbox.say("doctor").splitlines()
    assert lines[0].startswith("doctor: 1 problem,")
    assert any(line.startswith("problem  modes: open to others") for line in lines)
    assert any(line.startswith("hint: chmod 600") for line in lines)
