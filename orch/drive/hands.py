"""Context of a driven run's steps: its store, its lease, lanes, and how it is told.

A step that is refused for a task becomes a fact about that task; what is lost ends the driver.
"""

from orch.drive.driver_lease import DriverLease
from orch.drive.lanes import Lanes
from orch.drive.planner.model import TaskFacts
from orch.drive.watch import Watch
from orch.operations import driving
from orch.store import drives as drive_rows
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.drive.lanes import Done, Job
    from schema.transaction import Database

    Say = Callable[[str, str, str], None]  # Task's id or "", what kind of line, the line.
    AskReview = Callable[[Database, str, str, str, str, tuple[str, ...]], str]

# A refusal of one task's step: it becomes that task's reason, and a need after a few passes.
REFUSALS = ("invalid_state", "refused", "not_found", "git_error", "invalid_input")
_LATER = ("lease_conflict", "store_busy")
_RACES = ("transition", "not_ready", "duplicate", "superseded", "closed")  # Somebody was faster.


class Hands:
    """One driven run in a driver's hands. `did` counts what was done for it."""

    def __init__(
        self, db: "Database", lease: DriverLease, watch: Watch, lanes: Lanes, say: "Say",
        ask_review: "AskReview | None" = None, program: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.db = db
        self.lease = lease
        self.watch = watch
        self.say = say
        self.ask_review = ask_review
        self.program = program
        self.did = 0
        self.landed: list[str] = []
        self._lanes = lanes

    @property
    def run_id(self) -> str:
        """The run."""
        return self.watch.run_id

    def lane(self, what: str, about: object, job: "Job", done: "Done") -> bool:
        """Let a job run beside the passes, unless one about the same runs."""
        return self._lanes.start((what, about), self.lease, job, done)

    def refused(self, task: TaskFacts, failure: Failure, since: int | None = None) -> None:
        """Keep that a task's step, tried since a moment, was refused.

        Raises what is not about the task alone.
        """
        unless_lost(failure)
        if failure.code not in (*REFUSALS, *_LATER):
            raise failure
        if failure.reason in _RACES or failure.code in _LATER:
            return  # A person or another process did something about it: the next look sees it.
        kind = failure.reason if failure.reason != "failed" else "setup"
        self.keep_refusal(task, kind, failure.message, since)

    def keep_refusal(self, task: TaskFacts, kind: str, text: str, since: int | None = None) -> None:
        """Keep why a task's step came to nothing; of the same kind it counts on."""
        text = text[:500]
        with self.db.write() as tx:
            number = driving.tell(
                tx, self.run_id, "drive_step", f"refused: {text}", obj(refused=kind), task.task_id
            )
            drive_rows.put_refusal(tx, task.task_no, kind, text, number, since)
        self.say(task.task_id, "problem", text)

    def forgive(self, task: TaskFacts) -> None:
        """Forget that a task's step was refused: now it went well."""
        if task.refusal is not None:
            with self.db.write() as tx:
                drive_rows.drop_refusal(tx, task.task_no)


def unless_lost(failure: Failure) -> None:
    """Raise a failure that ends the driver: its lease or the store is lost."""
    lost = failure.code == "lease_conflict" and failure.reason == "superseded"
    if lost or failure.code in ("store_error", "internal_error"):
        raise failure
