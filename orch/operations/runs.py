"""A run: opened, looked up, closed; its end is told once."""

from orch.model import Run
from orch.steps.model import say
from orch.store import runs as store
from schema import events
from schema.failures import Failure, not_found
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx


def require(tx: "ReadTx", run_id: str) -> Run:
    """Return the run. Raises: not_found/run with near ids."""
    run = store.find(tx, run_id)
    if run is None:
        near = store.near(tx, run_id)
        raise not_found("run", run_id, near=near, next=[] if near else [say("run list")])
    return run


def require_open(tx: "ReadTx", run_id: str) -> Run:
    """Return a run that may still change. Raises: not_found/run, invalid_state/closed."""
    run = require(tx, run_id)
    refuse_closed(run)
    return run


def refuse_closed(run: Run) -> None:
    """Raise invalid_state/closed for a run in which nothing changes any more."""
    if run.closed_at is not None:
        raise Failure(
            "invalid_state",
            "closed",
            f"run {run.run_id} is closed",
            hint="read it",
            next=[say("run show", run=run.run_id)],
        )


def init(tx: "Tx", values: dict[str, object]) -> int:
    """Open a run and return the event's id. Raises: invalid_state/duplicate."""
    run_id = str(values["run_id"])
    if store.find(tx, run_id) is not None:
        raise Failure(
            "invalid_state",
            "duplicate",
            f"run {run_id} already exists",
            hint="choose another id, or continue with it",
            next=[say("run show", run=run_id)],
        )
    other = store.alike(tx, run_id)
    if other:
        raise Failure(
            "invalid_state",
            "duplicate",
            f"run {other} has the branch names that {run_id} would have (orch/"
            f"{run_id.replace('_', '-')}/…)",
            hint="choose another id; or continue with it",
            next=[say("run show", run=other)],
            details={"run_id": other},
        )
    store.insert(tx, values)
    return events.record(
        tx, "run_init", str(values["leader"]), run_id=run_id, summary=str(values["goal"])
    )


def close(tx: "Tx", run: Run, actor: str) -> int:
    """Close a run; nothing in it is touched, and it holds no lock any more."""
    store.close(tx, run.run_id)
    return events.record(tx, "run_close", actor, run_id=run.run_id)


def reopen(tx: "Tx", run: Run, actor: str) -> int:
    """Open a closed run again, as it was; return the event's id.

    Raises: invalid_state (transition for an open run, not_ready while another holds its locks).
    """
    if run.closed_at is None:
        raise Failure(
            "invalid_state",
            "transition",
            f"run {run.run_id} is open",
            next=[say("status", run=run.run_id)],
        )
    held = store.lock_elsewhere(tx, run.run_id)
    if held is not None:
        raise Failure(
            "invalid_state",
            "not_ready",
            f"run {run.run_id} cannot be reopened: lock {held[0]} is held by {held[1]}",
            hint="when that is over",
            next=[say("run reopen", run=run.run_id)],
        )
    store.reopen(tx, run.run_id)
    return events.record(tx, "run_reopened", actor, run_id=run.run_id)


def record_run_end(tx: "Tx", run: Run) -> bool:
    """Record `run_done` when nothing more can run, once; say whether it was told now.

    A run that goes on after all (a retry, a new task) may end, and be told, again.
    """
    settled = store.unsettled(tx, run.run_id) == 0
    status = store.status(tx, run.run_id)
    if settled and status != "empty" and not run.settled_event:
        payload = obj(status=status)
        run.settled_event = events.record(
            tx, "run_done", run.leader, run_id=run.run_id, status=status, payload=payload
        )
        store.settle(tx, run.run_id, run.settled_event)
        return True
    if not settled and run.settled_event:
        run.settled_event = 0
        store.settle(tx, run.run_id, 0)
    return False
