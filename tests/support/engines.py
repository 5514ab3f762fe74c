"""Which engines the tests of a store run on, and a store of the one that is a server.

ORCH_TEST_ENGINES names them (`file`, `server`, both with a comma); `make test-pg` says `server`.
"""

import itertools
import os
from pathlib import Path

import apsw
import pytest

from schema import store_url
from tests.support.cli import Cli

ENGINES = os.environ.get("ORCH_TEST_ENGINES", "file").split(",")
_numbers = itertools.count(1)


made: list[str] = []  # Databases of this process, the newest last; conftest.py removes them.


def served(cli: Cli, home: Path) -> Cli:
    """Give a program in a directory a fresh store on our own server, named as people name it."""
    from tests.support import servers

    if servers.programs() is None:
        pytest.skip(servers.NEEDED)
    server = servers.shared()
    made.append(f"t{os.getpid()}_{next(_numbers)}")
    cli.url = server.make(made[-1])
    store_url.write(str(cli.cwd / ".orch" / "store-url"), cli.url)
    cli.store = home / ".local/state/orch/stores" / server.store_id / "store"
    return cli


def forget(first: int) -> None:
    """Remove the databases from the one with this place in `made` on."""
    from tests.support import servers

    while len(made) > first:
        servers.shared().drop(made.pop())


def keep(names: list[str]) -> None:
    """Copy databases as they are now."""
    from tests.support import servers

    for name in names:
        servers.shared().copy(name, f"{name}_kept")


def bring_back(names: list[str]) -> None:
    """Let databases be again what they were when they were kept."""
    from tests.support import servers

    for name in names:
        servers.shared().drop(name)
        servers.shared().copy(f"{name}_kept", name)


def behind(cli: Cli, *statements: str) -> list[tuple]:
    """Change a store behind our back, as a shell without our triggers would; return the rows."""
    if cli.url:
        first = "SET session_replication_role = replica; SET search_path = orch"
        return _on_server(cli, first, statements)
    rows: list[tuple] = []
    connection = apsw.Connection(str(cli.store))
    connection.execute("PRAGMA foreign_keys=OFF")
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall()
    for (name,) in names:
        if not statements[0].startswith("SELECT"):
            connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        rows += connection.execute(statement).fetchall()
    connection.close()
    return rows


def raw(cli: Cli) -> bytes:
    """Return all that a store holds, as a thief would read it."""
    if not cli.url:
        return cli.store.read_bytes() + Path(f"{cli.store}-wal").read_bytes()
    named = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'orch'"
    rows = [row for (name,) in shell(cli, named) for row in shell(cli, f"SELECT * FROM {name}")]
    return repr(rows).encode()


def shell(cli: Cli, *statements: str) -> list[tuple]:
    """Run statements as a person's shell would, the store's guards in force; return the rows."""
    if cli.url:
        return _on_server(cli, "SET search_path = orch", statements)
    rows: list[tuple] = []
    store = apsw.Connection(str(cli.store))
    store.set_busy_timeout(5000)
    for statement in statements:
        rows += store.execute(statement).fetchall()
    store.close()
    return rows


def _on_server(cli: Cli, first: str, statements: tuple[str, ...]) -> list[tuple]:
    from schema.pg import wire
    from schema.pg.where import Where

    connection = wire.connect(Where(cli.url).parameters)
    wire.run(connection, first)
    rows: list[tuple] = []
    for statement in statements:
        rows += wire.run(connection, statement).fetchall()
    connection.close()
    return rows
