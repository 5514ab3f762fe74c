"""run init, show, list, close."""

import os

from orch.operations import runs
from orch.store import runs as store
from schema import file, keys
from schema.failures import invalid_input, not_found
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.kit import Call
    from orch.store.budgets import Limits


def init(
    call: "Call",
    *,
    run: str,
    goal: str,
    summary: str,
    leader: str,
    repo_path: str | None,
    base_ref: str | None,
    target: str | None,
    ownership: str,
    budget: tuple[str, ...],
    key: str | None,
) -> None:
    """Open a run, creating the store where there is none yet."""
    if not goal.strip():
        raise invalid_input("--goal is empty: what is the run for?")
    repository = ""
    if repo_path is not None:
        repository = os.path.realpath(repo_path)
        if not os.path.isdir(repository):
            raise not_found("repository", repo_path, hint="name an existing directory")
    limits: Limits = {}
    if budget:
        from orch.cli import budgets as typed

        limits = typed.read(budget)
    require_store(call)
    values: dict[str, object] = {
        "run_id": run,
        "goal": goal,
        "summary": summary,
        "leader": leader,
        "repo_path": repository,
        "base_ref": base_ref or "",
        "target": target or "",
        "ownership": ownership,
    }
    scope = call.key_for(leader)
    with call.db.write() as tx:
        answer = keys.find(tx, scope)
        if answer is None:
            call.committed = runs.init(tx, values)
            if limits:
                from orch.operations import budgets

                budgets.change(tx, runs.require(tx, run), limits)
            document = store.budgeted(tx, run)
            answer = keys.store(tx, scope, obj(run=document, event_id=call.committed))
    call.say(answer, call.committed)


def require_store(call: "Call") -> None:
    """Make the store if there is none: `init`, `run init` and `council start` may (protocol 1)."""
    cwd = os.getcwd()
    path = call.db_path
    if path is None:
        path, _ = file.discover(cwd)
    if path is None or not os.path.lexists(path):
        from schema import migrate

        path = path or file.default_path(cwd)
        migrate.create(os.path.abspath(path))
        call.db_path = path


def show(call: "Call", *, run: str) -> None:
    """Show one run."""
    with call.db.read() as tx:
        runs.require(tx, run)
        call.say(obj(run=store.budgeted(tx, run)))


def list_runs(call: "Call") -> None:
    """List all runs."""
    with call.db.read() as tx:
        call.say(obj(runs=array(store.list_documents(tx))))


def close(call: "Call", *, run: str, key: str | None) -> None:
    """Close a run."""
    with call.db.write() as tx:
        found = runs.require(tx, run)
        scope = call.key_for(found.leader)
        answer = keys.find(tx, scope)
        if answer is None:
            runs.refuse_closed(found)
            call.committed = runs.close(tx, found, found.leader)
            document = store.document(tx, run)
            answer = keys.store(tx, scope, obj(run=document, event_id=call.committed))
    call.say(answer, call.committed)
