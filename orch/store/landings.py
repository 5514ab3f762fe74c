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
        task_no, entry_no, status, reason, conflicts, task_id, task, runs, why = row
        command = _command(run_id, task_id, f"ent_{entry_no}", status, task, runs=bool(runs))
        found[task_no] = Landing(status, reason or why, command, conflicts)
    return found


def _command(run_id: str, task_id: str, entry: str, status: str, task: str, *, runs: bool) -> str:
    """Return what a person owes an entry; "" where it goes on by itself or is at its end."""
    if status == "awaiting_approval":
        return f"orch approve {run_id}/{task_id} --as NAME"
    if status in ("held", "quarantined"):
        return f"orch queue release {entry}"
    if status in ("conflict", "failed") and task == "done":
        return f"orch queue retry {entry} --rework"
    if status == "error" or (status in _MOVING and not runs):
        return f"orch queue run --run {run_id}"
    return ""
