"""run init, show, list, close."""

import os

from orch.operations import runs
from orch.steps.model import say
from orch.steps.run import queue_all, status_of
from orch.store import runs as store
from schema import file
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.store.budgets import Limits
    from schema.steps import Step
    from schema.transaction import ReadTx, Tx


def init(
    call: "Call",
    *,
    run: str,
    goal: str,
    summary: str,
    leader: str,
    repo_path: str | None,
    remote: str | None,
    base_ref: str | None,
    target: str | None,
    ownership: str,
    budget: tuple[str, ...],
    pairs: tuple[str, ...],
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
        from orch.cli.tasks import budgets as typed

        limits = typed.read(budget)
    settings: dict[str, object] = {}
    if pairs:
        from orch.cli.drive import run_settings

        settings, _ = run_settings.read(pairs)
    seen = _first_sight(repository or os.getcwd(), base_ref or "")
    _require_server(call, remote)
    require_store(call)
    repo_id, repository = _shared(call, repository, remote)
    values: dict[str, object] = {
        "repo_id": repo_id,
        "run_id": run,
        "goal": goal,
        "summary": summary,
        "leader": leader,
        "repo_path": repository,
        "base_ref": base_ref or "",
        "target": target or "",
        "ownership": ownership,
        "fingerprint": seen,
    }
    with call.db.write() as tx:

        def _change() -> Json:
            call.committed = runs.init(tx, values)
            _set_up(tx, run, leader, limits, settings)
            document = store.budgeted(tx, run)
            return obj(run=document, event_id=call.committed)

        answer = call.once(tx, leader, _change)
    call.say(answer, call.committed)


def _set_up(
    tx: "Tx", run: str, leader: str, limits: "Limits", settings: "dict[str, object]"
) -> None:
    """Give a run that was just opened its budget and the settings of its drive."""
    if limits:
        from orch.operations import budgets

        budgets.change(tx, runs.require(tx, run), limits)
    if settings:
        from orch.operations import driving

        driving.change_settings(tx, runs.require(tx, run), settings, (), leader)


def _require_server(call: "Call", remote: str | None) -> None:
    """Refuse a remote for a store that is a file, before one is made. Raises: invalid_state."""
    if remote is None:
        return
    from orch.fleet import here
    from schema import open as stores

    try:
        where = stores.locate(call.db_path, os.getcwd())
    except Failure as failure:
        if failure.code != "not_found":
            raise
        where = call.db_path or file.default_path(os.getcwd())
    if not stores.is_url(where):
        raise here.one_machine(where)


def _shared(call: "Call", repository: str, remote: str | None) -> tuple[str, str]:
    """Return (id, path) of the repository where machines share it, else "" and the path as it is.

    One that is shared already needs no word more. Raises: as mirrors.share does.
    """
    if call.db.is_file:
        return "", repository
    from orch.fleet import sharing

    return sharing.of_run(call.db, repository, remote)


def _first_sight(path: str, base_ref: str) -> str | None:
    """Return what the run is to remember of its repository, None outside of git."""
    from orch import config_in_force
    from schema.json_text import dumps

    seen = config_in_force.first_sight(path, base_ref)
    return dumps(seen) if seen else None


def require_store(call: "Call") -> None:
    """Make the store if there is none: `init`, `run init` and `council start` may (protocol 1)."""
    from inbox.cli import stores

    stores.make(call)
    if call.db_path == file.default_path(os.getcwd()):
        call.db_path = None  # Found there anyway: the next commands need not name it.


def show(call: "Call", *, run: str) -> None:
    """Show one run."""
    from orch import run_end as ends

    with call.db.read() as tx:
        runs.require(tx, run)
        document = store.budgeted(tx, run)
    call.say(obj(run=ends.told(call.db, run, document)))


def list_runs(call: "Call") -> None:
    """List all runs."""
    with call.db.read() as tx:
        call.say(obj(runs=array(store.list_documents(tx))))


def close(call: "Call", *, run: str, force: bool, key: str | None) -> None:
    """Close a run that is at its end; --force: one that is not."""
    from orch import run_end as ends
    from orch.reconcile import reconcile

    if not force:
        reconcile(call.db, run)
    with call.db.read() as tx:
        found = runs.require(tx, run)
    unlanded = [] if force or found.closed_at is not None else ends.unlanded(call.db, found)
    is_fit = bool(unlanded) and bool(ends.unqueued(call.db, found))
    land = queue_all(run) if is_fit else status_of(run)
    with call.db.write() as tx:
        found = runs.require(tx, run)

        def _change() -> Json:
            runs.refuse_closed(found)
            if not force:
                _refuse_unlanded(tx, run, unlanded, land)
            call.committed = runs.close(tx, found, found.leader)
            document = store.document(tx, run)
            return obj(run=document, event_id=call.committed)

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)


def _refuse_unlanded(tx: "ReadTx", run: str, unlanded: list[str], land: "Step") -> None:
    """Raise refused/unlanded while closing would leave work behind."""
    from orch.store import ends, tasks

    entries = [f"ent_{number}" for number in ends.open_entries(tx, run)]
    ready = [task.task_id for task in tasks.with_status(tx, run, "ready")]
    left = [
        (unlanded, "done and on no target", land),
        (entries, "on their way", say("queue list", run=run)),
        (ready, "ready to be dispatched", say("ready", run=run)),
    ]
    told = [f"{what}: {_some(names)}" for names, what, _ in left if names]
    if not told:
        return
    step = next(step for names, _, step in left if names)
    raise Failure(
        "refused",
        "unlanded",
        f"run {run} is not at its end; {'; '.join(told)}",
        next=[step, say("run close", run=run, force=True).because("to close it anyway")],
        details={"unlanded": unlanded, "entries": entries, "ready": ready},
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def reopen(call: "Call", *, run: str, key: str | None) -> None:
    """Open a closed run again."""
    with call.db.write() as tx:
        found = runs.require(tx, run)

        def _change() -> Json:
            call.committed = runs.reopen(tx, found, found.leader)
            document = store.document(tx, run)
            return obj(run=document, event_id=call.committed)

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)
