"""Rehearsal of a drive: how runs would be driven, what the next pass would do; writes nothing."""

from orch.config.drive_policy import DrivePolicy
from orch.drive import snapshot
from orch.drive.options import DriveOptions
from orch.drive.planner import planner
from orch.drive.planner.model import DrivePlan, DriveSnapshot
from orch.drive.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


def policies(db: "Database", run_ids: list[str], options: DriveOptions) -> list[DrivePolicy]:
    """Return how each run would be driven. Raises: invalid_input for orch.toml, git_error."""
    found = []
    for run_id in run_ids:
        watch = Watch(run_id, options.until, options.flags)
        watch.look(db)
        found.append(watch.policy)
    return found


def rehearse(db: "Database", run_id: str, options: DriveOptions) -> tuple[DriveSnapshot, DrivePlan]:
    """Return what the next pass over a run would be told and do."""
    watch = Watch(run_id, options.until, options.flags)
    watch.can_ask = options.ask_review is not None
    seen = snapshot.take(db, watch)
    return seen, planner.plan(seen)
