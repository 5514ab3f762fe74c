"""A PostgreSQL of our own: a private cluster below a temporary directory, gone with this process.

A unix socket only, no fsync unless it is measured. Root may not run a server: then it runs as
`postgres`. One database per test, copied from a template in which `inbox init` made a store.
"""

import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import psycopg2

from schema.pg import migrate, wire
from schema.pg.where import Where

_PR_SET_PDEATHSIG = 1
_START_SECONDS = 30
NEEDED = "the server's programs (Debian: apt-get install postgresql) are not here"


def programs() -> Path | None:
    """Return the folder of initdb and postgres, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A running server. `url(name)` names a database in it."""

    def __init__(
        self,
        *settings: str,
        fsync: bool = False,
        tcp: int = 0,
        like: Path | None = None,
        listen: str = "127.0.0.1",
    ) -> None:
        """Make and start it; `settings` are `name=value`, `tcp` a port on the loopback."""
        where = programs()
        assert where is not None, NEEDED
        self.bin = where
        self.owner = {"user": "postgres"} if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="orch-pg-"))
        self.settings = [*settings, f"listen_addresses={listen if tcp else ''}"]
        self.settings += [f"port={tcp or 5432}", f"unix_socket_directories={self.folder}"]
        if not fsync:
            self.settings += ["fsync=off", "full_page_writes=off"]
        if self.owner:
            shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.port = tcp or 5432
        self.process: subprocess.Popen[bytes] | None = None
        self.store_id = ""  # Of the template, and so of each copy.
        atexit.register(self.stop)
        if like is None:
            self.run(
                "initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8",
                "--locale=C", "-N",
            )  # fmt: skip
        else:
            self.run("pg_basebackup", "-D", str(self.data), "-h", str(like), "-U", "postgres")
            self.run("touch", str(self.data / "standby.signal"))
        self.start()

    @classmethod
    def of_backup(cls, other: "Cluster") -> "Cluster":
        """Return a replica of another server."""
        return cls(like=other.folder)

    def run(self, program: str, *argv: str) -> None:
        """Run one of the server's programs as the server's user."""
        there = self.bin / program
        words = [str(there) if there.exists() else program, *argv]
        subprocess.run(words, check=True, capture_output=True, cwd="/", timeout=120, **self.owner)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        words = [str(self.bin / "postgres"), "-D", str(self.data)]
        for setting in (*self.settings, "max_connections=300", "shared_buffers=32MB"):
            words += ["-c", setting]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509
                **self.owner,
            )
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg2.OperationalError:
                assert time.monotonic() < end and self.process.poll() is None, self.log()
                time.sleep(0.02)

    def log(self) -> str:
        """Return what the server wrote."""
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def kill(self) -> None:
        """End the server as a power cut would, and wait until all of it is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        port = f"&port={self.port}" if self.port != 5432 else ""
        return f"postgresql:///{name}?host={self.folder}&user=postgres{port}"

    def connect(self, name: str) -> "psycopg2.extensions.connection":
        """Return a connection of the tests' own, as the product makes its own."""
        return wire.connect(Where(self.url(name)).parameters)

    def execute(self, text: str, name: str = "postgres") -> list[tuple]:
        """Run a statement in a database and return its rows."""
        connection = self.connect(name)
        try:
            return wire.run(connection, text).fetchall()
        finally:
            connection.close()

    def make(self, name: str) -> str:
        """Make a database with an empty store in it, and return its URL."""
        if not self.store_id:
            self.execute("CREATE DATABASE template_store")
            migrate.create(self.url("template_store"))
            (self.store_id,) = self.execute("SELECT store_id FROM orch.store", "template_store")[0]
        self.copy("template_store", name)
        return self.url(name)

    def copy(self, name: str, to: str) -> None:
        """Make a database that is another one's copy; nobody may be connected to that."""
        self.execute(f'CREATE DATABASE "{to}" TEMPLATE "{name}" STRATEGY file_copy')

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Rows:
    """A store on a server as a checker reads it: one view of all its tables."""

    def __init__(self, url: str) -> None:
        where = Where(url)
        self._connection = wire.connect(where.parameters)
        wire.run(self._connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        wire.run(self._connection, f"SET LOCAL search_path = {where.schema}")

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def execute(self, text: str) -> wire.Rows:
        """Run a question and return what its rows are fetched of."""
        return wire.run(self._connection, text)


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@cache
def shared() -> Cluster:
    """Return the one server of this process."""
    return Cluster()
