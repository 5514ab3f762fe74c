"""Reconcile: carry the bus over to the tasks, repair what a dead dispatch left, read heads.

Guarantees: killed at any point, the next one finishes what is left; a second call finds
nothing. Costs one small read when there is nothing to do.
"""

from orch.model import Run
from orch.operations import reconciliation, runs
from orch.store import attempts, tasks
from schema import points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


class Report:
    """What a reconcile changed: task numbers, and what it repaired, in words."""

    __slots__ = ("changed", "repaired")

    def __init__(self) -> None:
        self.changed: dict[int, None] = {}
        self.repaired: list[str] = []


def reconcile(db: "Database", run_id: str) -> Report:
    """Bring a run up to date. Raises: not_found/run. A closed run is only looked at."""
    report = Report()
    with db.read() as tx:
        run = runs.require(tx, run_id)
        if run.closed_at is not None:
            return report
        due = reconciliation.is_due(tx, run)
        abandoned = attempts.intents(tx, run_id)
    if abandoned:
        _repair(db, run, report)
    if due:
        with db.write() as tx:
            for number in reconciliation.absorb(tx, runs.require(tx, run_id)):
                report.changed[number] = None
        points.reach("reconcile.absorbed")
    with db.read() as tx:
        unread = attempts.without_head(tx, run_id)
    if unread:
        from orch.workflows import heads

        for attempt in unread:
            if heads.read(db, run, attempt):
                report.changed[attempt.task_no] = None
            points.reach("reconcile.head_read")
    return report


def _repair(db: "Database", run: Run, report: Report) -> None:
    """Undo dispatches whose process is gone: their worktree, their branch, their intent."""
    from orch import identity
    from orch.workflows import workspaces

    with db.read() as tx:
        found = attempts.intents(tx, run.run_id)
    for task_no, attempt_no, place, process in found:
        if identity.is_alive(*process):
            continue
        workspaces.undo(place)
        points.reach("reconcile.undone")
        with db.write() as tx:
            if attempts.forget_intent(tx, task_no):
                tasks.burn_attempt(tx, task_no, attempt_no)
                name = tasks.by_no(tx, task_no).name
                report.repaired.append(
                    f"undid the dispatch of {name} (attempt {attempt_no}) that was killed half-way"
                )
                report.changed[task_no] = None
