"""Surroundings of a server: a transaction pooler before it, a disk that fills up behind it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import ENGINES, served
from tests.support.threads import opened

pytestmark = [
    pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED),
    pytest.mark.skipif("server" not in ENGINES, reason="seconds: make test-pg"),
]
SEND = ("send", "--from", "lead", "--to", "w", "--subject", "s")


@pytest.fixture
def inbox(tmp_path: Path) -> Cli:
    cwd = tmp_path / "work"
    (cwd / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(cwd, home=tmp_path).warm, tmp_path)


def _database(inbox: Cli) -> str:
    return inbox.url.partition(":///")[2].partition("?")[0]


@pytest.fixture
def pooler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a pgbouncer that hands a connection on after each transaction."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("no pgbouncer (Debian: apt-get install pgbouncer)")
    folder = servers.shared().folder / "pooler"
    folder.mkdir()
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pooler.ini").write_text(
        f"[databases]\n* = host={servers.shared().folder} user=postgres\n"
        f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\nlisten_port = 5432\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        "default_pool_size = 2\nignore_startup_parameters = extra_float_digits\n"
        f"logfile = {folder}/log\npidfile =\n"
    )
    for each in (folder, *folder.iterdir()):
        shutil.chown(each, "postgres") if os.geteuid() == 0 else None
    with open(folder / "out", "wb") as out:
        process = subprocess.Popen(
            [program, str(folder / "pooler.ini")],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            **servers.shared().owner,
        )
    end = time.monotonic() + 10
    while not (folder / ".s.PGSQL.5432").exists():
        assert time.monotonic() < end and process.poll() is None, (folder / "out").read_text()
        time.sleep(0.02)
    yield folder
    process.kill()
    process.wait()
    shutil.rmtree(folder)


def test_commands_go_through_a_transaction_pooler(inbox: Cli, pooler: Path) -> None:
    url = f"postgresql:///{_database(inbox)}?host={pooler}&user=postgres"
    through = inbox.at(ORCH_DB=url)
    (inbox.cwd / ".orch" / "store-url").unlink()
    for n in range(3):
        through.ok(*SEND, "--key", f"k{n}")
    claimed = through.ok("claim", "--agent", "w", "--next")
    own = ("--agent", "w", "--thread", claimed["thread"]["thread_id"])
    through.ok("release", *own)  # No function of its own: a transaction over several round trips.
    through.ok("claim", *own)
    through.ok("done", *own, "--summary", "ok")
    assert through.ok(*SEND, "--key", "k1")["replayed"] is True
    assert len(through.ok("list")["threads"]) == 3
    # Nobody's settings are left in a connection that the next one gets.
    through.refuse("not_found", "store", "--db", url + "&schema=nowhere", "list")
    # A wait is not told there, and looks by itself.
    opened(through, "--thread", "t")
    with through.start("wait-reply", "--thread", "t", "--agent", "lead", "--json") as waiting:
        waiting.asleep(inbox.store)
        inbox.at(HOME=str(inbox.cwd), ORCH_DB=inbox.url).ok(
            "reply", "--from", "worker-1", "--thread", "t", "--body", "here"
        )
        assert waiting.wait(15).data["message"]["body"] == "here"
    assert through.ok("doctor", "--deep")["healthy"] is True


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of a few megabytes beside the server's."""
    folder = servers.shared().folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        folder.rmdir()
        pytest.skip("a small disk is mounted by root")
    shutil.chown(folder, "postgres")
    folder.chmod(0o700)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_disk_that_is_full(inbox: Cli, small_disk: Path) -> None:
    server = servers.shared()
    server.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    server.execute("CREATE DATABASE crowded TEMPLATE template_store TABLESPACE small")
    there = inbox.at(ORCH_DB=server.url("crowded"))
    (inbox.cwd / ".orch" / "store-url").unlink()
    text = os.urandom(300_000).hex()
    (inbox.cwd / "body").write_text(text)
    try:
        kept = []
        for n in range(200):
            line = ("--json", *SEND, "--body-file", "body", "--thread", f"t{n}", "--key", f"k{n}")
            answer = there.quick(*line)
            if answer.status:
                break
            kept.append(f"t{n}")
        assert (answer.status, answer.error["reason"]) == (70, "full"), answer
        assert len(kept) > 3
        found = [t["thread_id"] for t in there.ok("list")["threads"]]
        assert sorted(found) == sorted(kept)  # What was answered is there, and nothing else.
        subprocess.run(["mount", "-o", "remount,size=80m", str(small_disk)], check=True)
        assert there.ok(*line[1:])["event_id"] == len(kept) + 1
        assert there.ok("doctor", "--deep")["healthy"] is True
    finally:
        server.drop("crowded")
        try:
            server.execute("DROP TABLESPACE small")
        except psycopg2.Error:
            server.execute("CHECKPOINT")
            server.execute("DROP TABLESPACE small")
