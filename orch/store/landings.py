"""Where work stands on its way to the target branch: what pictures, board and figures show.

The one place where the merge queue's entries enter them, with what each wants of a person.
"""

from orch.picture.history import Landing
from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)

_MOVING = ("queued", "building", "testing", "passed", "landing", "landed")


def of_run(tx: "ReadTx", run_id: str) -> dict[int, Landing]:
    """Return the landing of each task (by its number) that a queue knows."""
    found = {}
    for row in tx.many(_SQL["landing_newest"], run_id=run_id):
        task_no, entry_no, status, reason, conflicts, task, runs, why = row
        command = owed(run_id, f"ent_{entry_no}", status, reworked=task != "done")
        if status in _MOVING and runs:
            command = ""  # Somebody runs the queue.
        found[task_no] = Landing(status, reason or why, command, conflicts)
    return found


def owed(run_id: str, entry: str, status: str, *, reworked: bool) -> str:
    """Return the exact command that moves an entry on; "" when it is at its end.

    `reworked`: its task is being done again, so that only its worker can do something now.
    """
    if status in _MOVING:
        return f"orch queue run --run {run_id}"
    if status in ("conflict", "failed") and reworked:
        return f"orch wait --run {run_id}"
    return {
        "awaiting_approval": f"orch queue approve {entry} --as NAME",
        "conflict": f"orch queue retry {entry} --rework",
        "failed": f"orch queue retry {entry} --rework",
        "error": f"orch queue retry {entry}",
        "held": f"orch queue release {entry}",
        "quarantined": f"orch queue release {entry}",
    }.get(status, "")
