"""Rows of `run`."""

from orch.model import Run
from schema import queries
from schema.json_text import NULL, Json, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def find(tx: "ReadTx", run_id: str) -> Run | None:
    """Return the run, or None."""
    return Run.maybe(tx, _SQL["run_find"], run_id=run_id)


def newest_with(tx: "ReadTx", place: str) -> Run | None:
    """Return the newest open run whose fingerprint knows a place, or None."""
    row = tx.maybe(_SQL["run_newest_with"], place=place)
    return find(tx, row[0]) if row else None


def store_id(tx: "ReadTx") -> str:
    """Return the id of the store."""
    found: str = tx.value(_SQL["run_store_id"])
    return found


def near(tx: "ReadTx", run_id: str) -> list[str]:
    """Return a few run ids that look like `run_id`."""
    from difflib import get_close_matches

    names = [row[0] for row in tx.many(_SQL["run_ids"])]
    return get_close_matches(run_id, names, 3, 0.5)


def alike(tx: "ReadTx", run_id: str) -> str:
    """Return another run whose tasks would have the same branch names, "" for none."""
    row = tx.maybe(_SQL["run_alike"], run_id=run_id)
    return row[0] if row else ""


def insert(tx: "Tx", values: dict[str, object]) -> None:
    """Add a run."""
    tx.execute(_SQL["run_insert"], **({"fingerprint": None, "repo_id": ""} | values))


def document(tx: "ReadTx", run_id: str) -> Json:
    """Return the published JSON of one run."""
    return tx.json(_SQL["run_document"], run_id=run_id)


def closed_before(tx: "ReadTx", before: int, run_id: str | None) -> list[str]:
    """Return the runs (or the one, if it is) that were closed before a moment, nobody at work."""
    rows = tx.many(_SQL["run_closed_before"], before=before, run_id=run_id)
    return [row[0] for row in rows]


def budgeted(tx: "ReadTx", run_id: str) -> Json:
    """Return the published JSON of one run with `budget`: its limits and what is spent, or null."""
    row = tx.maybe(_SQL["run_budget_document"], run_id=run_id)
    return merge(document(tx, run_id), budget=Json(row[0]) if row else NULL)


def status(tx: "ReadTx", run_id: str) -> str:
    """Return the status that follows from the tasks."""
    found: str = tx.value(_SQL["run_status"], run_id=run_id)
    return found


def unsettled(tx: "ReadTx", run_id: str) -> int:
    """Return how many tasks are ready or being worked on: 0 means nothing more can run."""
    found: int = tx.value(_SQL["run_unsettled"], run_id=run_id)
    return found


def goes_on(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a run is short of any end: without tasks, or with one that is not over."""
    return bool(tx.value(_SQL["run_goes_on"], run_id=run_id))


def is_queued(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a queue has an open entry of the run."""
    return bool(tx.value(_SQL["run_is_queued"], run_id=run_id))


def advance(tx: "Tx", run_id: str, through: int) -> None:
    """Move the run's reconcile cursor."""
    tx.execute(_SQL["run_advance"], run_id=run_id, through=through)


def settle(tx: "Tx", run_id: str, event_id: int) -> None:
    """Remember the event that told the run's end; 0 when it goes on after all."""
    tx.execute(_SQL["run_settle"], run_id=run_id, event_id=event_id)


def close(tx: "Tx", run_id: str) -> None:
    """Close the run, and let go of the locks its tasks hold."""
    tx.execute(_SQL["run_close"], run_id=run_id)
    tx.execute(_SQL["run_drop_locks"], run_id=run_id)


def lock_elsewhere(tx: "ReadTx", run_id: str) -> "tuple[str, str] | None":
    """Return (lock, run/task) of one that a task at work needs and another one holds."""
    row = tx.maybe(_SQL["run_locks_elsewhere"], run_id=run_id)
    return (row[0], row[1]) if row else None


def reopen(tx: "Tx", run_id: str) -> None:
    """Open a closed run again; its tasks at work hold their locks again."""
    tx.execute(_SQL["run_reopen"], run_id=run_id)
    tx.execute(_SQL["run_take_locks"], run_id=run_id)


def list_documents(tx: "ReadTx") -> list[Json]:
    """Return all runs, newest first."""
    return [Json(row[0]) for row in tx.many(_SQL["run_list"])]


def fingerprint(tx: "ReadTx", run_id: str) -> str | None:
    """Return the recorded state of the repository's configuration, None before the first."""
    found: str | None = tx.value(_SQL["run_fingerprint"], run_id=run_id)
    return found


def set_fingerprint(tx: "Tx", run_id: str, fingerprint_json: str) -> None:
    """Record the state of the repository's configuration."""
    tx.execute(_SQL["run_set_fingerprint"], run_id=run_id, fingerprint=fingerprint_json)


def open_with_stem(tx: "ReadTx", stem: str) -> list[str]:
    """Return the open runs whose ids begin with `stem`."""
    return [row[0] for row in tx.many(_SQL["run_open_with_stem"], stem=stem)]
