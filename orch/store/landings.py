"""Landings as pictures, board and figures show them: where work stands on its way.

The one place where the merge queue's entries enter them, with what each wants of a person.
"""

import json

from orch import process_identity
from orch.steps.entry import MOVING, EntryStanding, of_entry
from orch.store.history_model import Landing
from schema import queries
from schema.steps import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)
APPROVED = "approved, not landed yet"
# Entries of these are not at their end.
_WANTED = (*MOVING, "awaiting_approval", "conflict", "failed", "error", "held", "quarantined")


def of_run(tx: "ReadTx", run_id: str) -> dict[int, Landing]:
    """Return the landing of each task (by its number) that a queue knows."""
    found = {}
    for row in tx.many(_SQL["landing_newest"], run_id=run_id):
        task_no, entry_no, status, reason, conflicts, task = row[:6]
        pid, started, boot, why, task_id, missing, is_held, branch, commit, undone = row[6:16]
        since, position, repo, trouble = row[16:]
        stands = EntryStanding(
            f"ent_{entry_no}", run_id, status, task=f"{run_id}/{task_id}", task_status=task,
            missing=json.loads(missing), is_held=bool(is_held), branch=branch,
        )  # fmt: skip
        runs = status in MOVING and pid and not process_identity.is_gone(pid, started, boot)
        is_wanted = (status in _WANTED or trouble) and not stands.is_done_again
        wants = command(of_entry(stands)) if is_wanted and not runs else ""
        if status == "awaiting_approval" and not stands.missing:
            reason = APPROVED
        found[task_no] = Landing(
            status, trouble or reason or why, wants, conflicts, since, commit, branch, bool(undone),
            position or 0, repo,
        )  # fmt: skip
    for (task_no,) in tx.many(_SQL["landing_nothing"], run_id=run_id):
        found[task_no] = Landing("nothing_to_land")
    return found
