"""council show and list: what was asked, who answered, what came of it. Loads no pydantic."""

from council import brief, reads
from council.operations import councils, tallies
from council.store import councils as store
from council.store import tallies as tally_rows
from orch.reconcile import reconcile
from schema.json_text import NULL, Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call
    from schema.transaction import ReadTx


def show(call: "Call", *, run: str, revision: int | None) -> None:
    """Show one council with a whole tally, the newest by default."""
    with call.db.read() as tx:
        councils.require(tx, run)
    reconcile(call.db, run)
    with call.db.read() as tx:
        council = councils.require(tx, run)
        if revision is None:
            stored = tally_rows.latest(tx, run)
        else:
            stored = tallies.require(tx, run, revision)
        call.say(
            obj(
                council=store.document(tx, run),
                target=brief.describe(council),
                tallies=array(reads.tallies(tx, run)),
                tally=Json(stored.document) if stored is not None else NULL,
                reports=array(reads.report_documents(tx, run, call.db.folder)),
            )
        )


def list_councils(call: "Call") -> None:
    """List all councils."""
    with call.db.read() as tx:
        call.say(obj(councils=array(reads.list_councils(tx))))


def reviewed(tx: "ReadTx") -> dict[str, str]:
    """Return by the run of each open council the task that it is about: the board shows it."""
    return reads.reviewed(tx)


def verdicts(tx: "ReadTx") -> dict[str, str | None]:
    """Return by the run of each open council its verdict: the board says what comes next."""
    return reads.verdicts(tx)


def reviews(tx: "ReadTx", run_id: str) -> "dict[str, list[dict[str, Any]]]":
    """Return what councils said of a run's tasks, by task id: the report of the run shows it."""
    return reads.reviews(tx, run_id)
