"""doctor, schema and completion of orch; and a store's own affairs: migrate, backup, move."""

import os

from inbox.cli.stores import print_schema
from orch.steps.model import say
from schema import file
from schema import open as stores
from schema.failures import Failure, invalid_input
from schema.json_text import obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from inbox.cli.call import Call
    from inbox.workflows.finding import Check
    from schema.transaction import Database

_DUMP_SECONDS = 3600.0


def doctor(call: "Call", *, deep: bool) -> None:
    """Check the store and the machine as inbox does, and the runs with their worktrees."""
    from inbox.cli.stores import tell
    from inbox.workflows import doctor as bus
    from orch import doctor as audit

    tell(call, bus.examine(call.db, deep) + audit.examine(call.db, deep))


def schema(call: "Call", *, name: tuple[str, ...]) -> None:
    """Print the JSON Schema of answers."""
    from orch.cli import main

    print_schema(call, " ".join(name) or None, main.schemas())


def completion(call: "Call", *, shell: str | None) -> None:
    """Print a shell's completion script."""
    if shell is None:
        raise invalid_input("missing SHELL: bash, zsh or fish", reason="flag")
    from inbox.cli import click_app
    from orch.cli.table import PROGRAM

    call.say(obj(shell=shell, text=click_app.completion_script(PROGRAM, shell)))


def init(call: "Call", *, key: str | None) -> None:
    """Create the store that the call names, or report the one that serves here."""
    from inbox.cli.stores import init as of_either

    of_either(call, key=key)


def migrate(call: "Call", *, key: str | None) -> None:
    """Bring a store on a server up to date; a file is, as soon as it is opened."""
    where = stores.locate(call.db_path, os.getcwd())
    version = file.SCHEMA_VERSION
    if stores.is_url(where):
        from schema.pg import migrate as server

        version = server.upgrade(where)
    now = file.SCHEMA_VERSION
    call.say(obj(db_path=call.db.path, from_version=version, version=now, changed=version < now))


def backup(call: "Call", *, path: str | None, key: str | None) -> None:
    """Write a consistent copy of a store: of a file, a file; of a server, what pg_restore reads."""
    if call.db.is_file:
        from inbox.cli.stores import backup as of_file

        of_file(call, path=path, key=key)
        return
    if not path:
        raise invalid_input("missing PATH: where should the copy go?", reason="flag")
    target = os.path.abspath(path)
    if os.path.lexists(target):
        raise invalid_input(f"{target} exists; a backup never replaces a file", reason="file")
    from orch import process
    from schema import events
    from schema.pg import where

    there = where.of(call.db)
    with call.db.read() as tx:
        newest = events.last_id(tx)
    command = ["pg_dump", "--format=custom", "--no-owner", f"--schema={there.schema}"]
    ended = process.run(
        [*command, f"--file={target}", "--dbname", there.shown_to_libpq],
        cwd=os.getcwd(),
        environment=process.environment(there.secrets),
        timeout=_DUMP_SECONDS,
    )
    if ended.exit_status != 0:
        said = " ".join((ended.tail or ended.head).split())
        raise Failure(
            "store_error", "io", f"pg_dump: {ended.verdict} {said}".rstrip(),
            hint="install the client tools of the server's version; the store itself is untouched",
        )  # fmt: skip
    os.chmod(target, 0o600)
    call.say(obj(path=target, size=os.stat(target).st_size, high_event_id=newest))


def move(call: "Call", *, url: str | None, key: str | None) -> None:
    """Move a store from its file to a server: copied whole, compared, then the file is marked."""
    if url is None or not stores.is_url(url):
        raise invalid_input("missing URL: postgresql://user@host/database", reason="flag")
    if not call.db.is_file:
        raise Failure(
            "invalid_state", "unsupported", f"{call.db.path} is on a server already",
            hint="pg_dump and pg_restore move it from one server to another",
        )  # fmt: skip
    from schema import store_url
    from schema.pg import move as to_server

    folder = call.db.folder.path
    with call.db.write() as tx:
        moved = to_server.copy(tx, folder, url)
        _require_well(stores.open_store(url))
        store_url.write(os.path.join(folder, file.URL_FILE), moved.shown)
        to_server.mark(tx)
    call.say(
        obj(
            db_path=moved.shown, moved_from=call.db.path, rows=sum(moved.rows.values()),
            high_event_id=moved.high_event_id,
        )
    )  # fmt: skip


def _require_well(there: "Database") -> None:
    """Ask the copy all that doctor asks. Raises: store_error/corrupt."""
    from inbox.workflows import audit as bus
    from orch import doctor as audit

    found: list[Check] = [*bus.examine(there), *audit.examine(there, True)]
    there.close()
    wrong = [check for check in found if check.fatal and check.status == "problem"]
    if wrong:
        raise Failure(
            "store_error", "corrupt", f"the copy is damaged: {wrong[0].name}: {wrong[0].detail}",
            hint="the file is untouched and still the store", next=[say("doctor", deep=True)],
        )  # fmt: skip


def _moved(answer: "dict[str, Any]") -> str:
    where, path = answer["db_path"], answer["moved_from"]
    rows = many(answer["rows"], "row")
    return f"moved {path} to {where}: {rows}, through event {answer['high_event_id']}"


def _migrated(answer: "dict[str, Any]") -> str:
    before = f", it had {answer['from_version']}" if answer["changed"] else " already"
    return f"{answer['db_path']} has schema {answer['version']}{before}"


VIEWS: "dict[str, Callable[[dict[str, Any]], str]]" = {
    "store migrate": _migrated,
    "store move": _moved,
}
