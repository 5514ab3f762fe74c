"""init, doctor, backup, schema, prime, completion: the store and the tool themselves."""

import os

from schema import events, file
from schema import open as stores
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json, dumps, obj
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from inbox.workflows.finding import Check


def init(call: "Call", *, key: str | None) -> None:
    """Create the store, or report the one that serves here; harmless on an existing one."""
    call.say(made(call))


def made(call: "Call") -> Json:
    """Make the store of a call where there is none; return what is said of it."""
    created = make(call)
    if call.db_path is None:
        call.db_path, _ = file.discover(os.getcwd())
    return obj(db_path=call.db.path, status="initialized", created=created)


def make(call: "Call") -> bool:
    """Make the store that the call names if there is none; say whether it is new."""
    path = call.db_path
    if path is not None and stores.is_url(path):
        from schema.pg import migrate as server

        return server.create(path)
    if path is None:
        path, _ = file.discover(os.getcwd())
    if path is not None and os.path.lexists(path):
        return False
    from schema import new_store

    call.db_path = os.path.abspath(path or file.default_path(os.getcwd()))
    return new_store.create(call.db_path)


def doctor(call: "Call", *, deep: bool) -> None:
    """Check the store and the machine; problems are reported, never repaired."""
    from inbox.workflows import doctor as workflow

    tell(call, workflow.examine(call.db, deep))


def tell(call: "Call", checks: "list[Check]") -> None:
    """Answer with what a doctor found. Raises: store_error/corrupt for something fatal."""
    problems = [check for check in checks if check.status == "problem"]
    answer = obj(
        healthy=not problems,
        db_path=call.db.path,
        checks=[
            {
                "name": c.name,
                "status": c.status,
                "detail": c.detail,
                "hint": c.advice,
                "commands": [step.line for step in c.next],
            }
            for c in checks
        ],
    )
    if any(check.fatal for check in problems):
        worst = next(check for check in problems if check.fatal)
        raise Failure(
            "store_error",
            "corrupt",
            f"{worst.name}: {worst.detail}",
            hint=worst.advice or "restore the newest backup; touch nothing else",
            details={"checks": [f"{c.status} {c.name}: {c.detail}" for c in checks]},
        )
    call.say(answer)


def backup(call: "Call", *, path: str | None, key: str | None) -> None:
    """Write a consistent, verified 0600 copy while others write."""
    if not path:
        raise invalid_input("missing PATH: where should the copy go?", reason="flag")
    target = os.path.abspath(path)
    if os.path.lexists(target):
        raise invalid_input(f"{target} exists; a backup never replaces a file", reason="file")
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise invalid_input(f"there is no directory {folder}", reason="file")
    if not call.db.is_file:
        raise Failure(
            "invalid_state", "unsupported", "a store on a server is copied by the server's tools",
            hint="orch does that", next=[Step(("orch", "store", "backup", "PATH"), "act")],
        )  # fmt: skip
    from schema import migrate

    with call.db.read() as tx:
        newest = events.last_id(tx)
    try:
        migrate.backup_store(call.db, target)
    except OSError as error:
        raise Failure(
            "store_error",
            "full" if error.errno == 28 else "io",
            f"cannot write {target}: {error.strerror}",
            hint="the store itself is untouched",
        )
    call.say(obj(path=target, size=os.stat(target).st_size, high_event_id=newest))


def schema(call: "Call", *, name: tuple[str, ...]) -> None:
    """Print the JSON Schema of answers."""
    from inbox.cli import shapes

    print_schema(call, " ".join(name) or None, shapes.schemas())


def print_schema(call: "Call", name: str | None, schemas: dict[str, object]) -> None:
    """Answer with one schema, or with all of them by command."""
    import json

    if name is not None and name not in schemas:
        raise not_found("file", name, near=schemas, hint="one of: " + ", ".join(schemas))
    chosen = schemas if name is None else schemas[name]
    compact = Json(json.dumps(chosen, ensure_ascii=False))
    call.say(obj(schema=compact, text=json.dumps(chosen, indent=2, ensure_ascii=False)))


def prime(call: "Call", *, role: str) -> None:
    """Print what an agent needs to know."""
    from inbox.cli import primer

    call.say(obj(role=role, text=primer.text(role)))


def completion(call: "Call", *, shell: str | None) -> None:
    """Print a shell's completion script."""
    if shell is None:
        raise invalid_input("missing SHELL: bash, zsh or fish", reason="flag")
    from inbox.cli import click_app
    from inbox.cli.table import PROGRAM

    call.say(Json(obj(shell=shell, text=dumps(click_app.completion_script(PROGRAM, shell)))))
