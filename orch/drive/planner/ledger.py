"""Ledger of a pass: what it collects while it looks at one task after the other."""

from orch.drive.planner import needs
from orch.drive.planner.model import Begin, DriveNeed, DriveSnapshot, DriveStep, TaskFacts
from orch.drive.planner.order import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.steps import Step


class Ledger:
    """The steps, needs, reasons and moments of a pass.

    Every open task is put down in it once (I22): something is done about it, somebody is at it, it
    has a moment, a person is needed, or it stays until something else in the ledger has happened.
    `checks`, `reviews`: verifications and reviews that run or are about to; `left_to_people`:
    tasks that wait for people; `is_open`: some task is not over; `is_working`: somebody is at one;
    `looks`: when it is looked again whether something moves after all, which keeps nobody waiting
    who is needed.
    """

    __slots__ = (
        "checks", "deferred", "is_open", "is_working", "left_to_people", "looks", "moments",
        "moving_entries", "needs", "retries_spent", "reviews", "snapshot", "steps", "to_enqueue",
        "wanted", "why",
    )  # fmt: skip

    def __init__(self, snapshot: DriveSnapshot) -> None:
        self.snapshot = snapshot
        self.steps: list[DriveStep] = []
        self.needs: list[DriveNeed] = []
        self.why: dict[int, str] = {}
        self.moments: list[int] = []
        self.looks: list[int] = []
        self.wanted: list[Wanted] = []
        self.deferred: list[TaskFacts] = []
        self.to_enqueue: list[int] = []
        self.moving_entries = 0
        self.left_to_people = 0
        self.checks = sum(task.gate == "running" for task in snapshot.tasks)
        self.reviews = sum(task.review == "asked" for task in snapshot.tasks)
        self.is_open = snapshot.ready_left > 0
        self.is_working = False
        self.retries_spent = False

    def step(self, task: TaskFacts, step: DriveStep, why: str) -> None:
        """Do something about a task now."""
        self.steps.append(step)
        self.stay(task, why)

    def want(self, task: TaskFacts, step: Begin) -> None:
        """Begin an attempt, if there is room."""
        self.wanted.append(Wanted(task, step))
        self.is_open = True

    def work(self, task: TaskFacts, why: str) -> None:
        """Somebody or something is at it."""
        self.is_working = True
        self.stay(task, why)

    def need(self, task: TaskFacts, kind: str, text: str, step: "Step | None" = None) -> None:
        """Only a person can bring it on."""
        self.put(task, needs.of_task(self.snapshot, task, kind, text, step))

    def put(self, task: TaskFacts, need: DriveNeed) -> None:
        """Only a person can bring it on, as that need says."""
        self.needs.append(need)
        self.left_to_people += 1
        self.stay(task, f"waits for a person ({need.kind}): {need.text}")

    def until(self, task: TaskFacts, moment: int, why: str) -> None:
        """It goes on by itself at a moment."""
        self.moments.append(moment)
        self.stay(task, why)

    def defer(self, task: TaskFacts, why: str) -> None:
        """It waits for a landing, if there is to be one; else for a person."""
        self.deferred.append(task)
        self.stay(task, why)

    def enqueue(self, task: TaskFacts) -> None:
        """Put its work into its queue."""
        self.to_enqueue.append(task.task_no)
        self.stay(task, "is put into its queue")

    def on_the_way(self, task: TaskFacts) -> None:
        """Its queue brings it on."""
        self.moving_entries += 1
        self.stay(task, "is on its way to the target")

    def stay(self, task: TaskFacts, why: str) -> None:
        """It waits for something else."""
        self.is_open = True
        self.why[task.task_no] = why

    def over(self, task: TaskFacts) -> None:
        """Nothing is left to be done about it."""
        self.why[task.task_no] = "is over"
