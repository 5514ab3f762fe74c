"""Order of attempts: slots, fresh work and retries.

Order is: overtaken as often as may be, by arrival; then priority, rank, the longer chain behind it,
arrival. Among overtaken ones arrival alone decides: else they would overtake each other (I26).
Dispatch is just in time, never ahead of a free slot: the freshest base, the fewest conflicts.
"""

from dataclasses import dataclass

from orch.drive.planner.model import Begin, DriveSnapshot, TaskFacts
from schema.words import many

Rank = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An attempt that could begin now, if there is room."""

    task: TaskFacts
    step: Begin

    @property
    def is_retry(self) -> bool:
        """Whether an attempt went before."""
        return bool(self.step.cause)

    @property
    def has_place(self) -> bool:
        """Whether it goes on in the place of an attempt that is at work already."""
        return self.step.event == "reassign"


@dataclass(slots=True)
class Room:
    """What may still begin: of all, by our own workers, of retries beside fresh work, of the run's.

    `ours` is None where others do the work; `rest` says why our own workers begin nothing.
    """

    at_once: int
    ours: int | None
    retries: int
    of_run: int
    rest: str


def rank_of(task: TaskFacts, overtakes: int) -> Rank:
    """Return what tasks are compared by; the smaller begins first."""
    if task.overtaken >= overtakes:
        return (0, 0, 0, 0, task.task_no)
    return (1, -task.priority, task.rank, -task.chain, task.task_no)


def is_ours(snapshot: DriveSnapshot, step: Begin) -> bool:
    """Say whether this driver's own workers are to take an attempt."""
    return snapshot.policy.workers > 0 and step.to == f"@{snapshot.policy.pool}"


def is_working(task: TaskFacts) -> bool:
    """Say whether a task takes a slot: a question that is open frees it."""
    return task.status in ("dispatched", "running") or (
        task.status == "blocked" and task.is_answered
    )


def room(snapshot: DriveSnapshot) -> Room:
    """Return how much may begin beside what is at work."""
    policy = snapshot.policy
    working = [task for task in snapshot.tasks if is_working(task)]
    ours: int | None = None
    if policy.workers:
        up = sum(slot.is_up for slot in snapshot.slots) if snapshot.slots else policy.workers
        ours = max(0, min(up, policy.workers) - sum(task.is_ours for task in working))
    retried = sum(bool(task.automatic) for task in working)
    rest = ""
    if snapshot.harness.is_logged_out:
        rest = "its agent client has no login"
    elif snapshot.harness.rests_until > snapshot.now:
        rest = "its agent client rests after a rate limit"
    half = max(1, policy.at_once // 2)
    of_run = policy.retry.run - snapshot.retries
    return Room(max(0, policy.at_once - len(working)), ours, half - retried, of_run, rest)


def choose(
    snapshot: DriveSnapshot, wanted: list[Wanted]
) -> tuple[list[tuple[TaskFacts, Begin]], list[tuple[TaskFacts, str]]]:
    """Return (what begins now, in order; what does not, with the reason)."""
    overtakes = snapshot.policy.overtakes
    wanted = sorted(wanted, key=lambda one: rank_of(one.task, overtakes))
    left = room(snapshot)
    fresh = sum(not one.is_retry for one in wanted)
    chosen: list[tuple[TaskFacts, Begin]] = []
    others: list[tuple[TaskFacts, str]] = []
    for one in wanted:
        why = _hindrance(snapshot, left, one, fresh)
        if why:
            others.append((one.task, why))
            continue
        chosen.append((one.task, one.step))
        left.of_run -= one.is_retry
        fresh -= not one.is_retry
        if not one.has_place:
            left.at_once -= 1
            left.retries -= one.is_retry
            if left.ours is not None and is_ours(snapshot, one.step):
                left.ours -= 1
    return chosen, others


def _hindrance(snapshot: DriveSnapshot, left: Room, one: Wanted, fresh: int) -> str:
    """Return why something that could begin has to wait, "" when it begins."""
    ours = left.ours is not None and is_ours(snapshot, one.step)
    if ours and left.rest:
        return left.rest
    if one.is_retry and left.of_run <= 0:
        return "the run's automatic retries are spent"
    if one.has_place:
        return ""
    if left.at_once <= 0:
        return f"{many(snapshot.policy.at_once, 'task is', 'tasks are')} at work, as many as may be"
    if ours and left.ours is not None and left.ours <= 0:
        return "no worker is free"
    if one.is_retry and fresh and left.retries <= 0:
        return "fresh work goes first: half of the places are with retries"
    return ""
