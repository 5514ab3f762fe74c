"""Removal of worktrees whose work has landed, by the same proof as `orch cleanup`."""

from orch.machines import IN_TARGET
from orch.operations import runs
from orch.store import drive_facts as facts
from orch.store import entries as entry_rows
from orch.store import fleet
from orch.worktrees import cleanup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


def remove_landed(db: "Database", run_id: str) -> tuple[int, int]:
    """Return (worktrees that were removed, tasks that had landed). Raises: git_error, refused."""
    with db.read() as tx:
        run = runs.require(tx, run_id)
        landed = facts.landed(tx, run_id)
        chosen = [
            (task, attempt)
            for task, attempt in cleanup.select(tx, run, None, None)
            if any(entry.status in IN_TARGET for entry in entry_rows.of_task(tx, task.task_no))
        ]
    outcomes = cleanup.clean(db, run, chosen, force=False, dry_run=False, step=lambda: None)
    return sum(outcome.cleaned for outcome in outcomes), landed


def remove_own(db: "Database", kept: dict[str, int]) -> int:
    """Remove what landed of the worktrees on this machine; return how many went.

    `kept` remembers by run how many stayed, so that those are not looked at again and again.
    Raises: git_error, refused.
    """
    with db.read() as tx:
        found = dict(fleet.landed_on(tx, tx.machine))
    cleaned = 0
    for run_id, count in found.items():
        if kept.get(run_id) != count:
            kept[run_id] = count
            gone, _ = remove_landed(db, run_id)
            kept[run_id] -= gone
            cleaned += gone
    return cleaned
