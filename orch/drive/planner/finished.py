"""Steps for a done task: its review, its way to the target, or its owner again."""

from orch.drive.planner import begins, needs
from orch.drive.planner.ledger import Ledger
from orch.drive.planner.model import Review, TaskFacts
from orch.steps.entry import MOVING

_SENT_BACK = {"conflict": "conflict", "failed": "trial_failed"}  # Entry's status: class of the end.
_ELSEWHERE = ("error", "awaiting_forge")  # The queue looks at it again by itself.
_ON_TARGET = ("verified", "landed_externally")


def is_over(ledger: Ledger, task: TaskFacts) -> bool:
    """Say whether nothing is left to be done about a done task."""
    left_alone = task.has_nothing_to_land or not ledger.snapshot.policy.queue
    return left_alone or task.entry in _ON_TARGET


def settle(ledger: Ledger, task: TaskFacts) -> None:
    """Put a done task down in the ledger."""
    if task.gate == "running":
        ledger.work(task, "its checks run")
    elif is_over(ledger, task):
        ledger.over(task)
    elif not _review(ledger, task):
        _land(ledger, task)


def _review(ledger: Ledger, task: TaskFacts) -> bool:
    """Put a task down whose review is lacking, or says that it is to be revised.

    What is revised no more by itself goes on to the queue, which holds what is rejected.
    """
    if task.review == "revise":
        since = task.ended_at or task.since
        return begins.again(ledger, task, "rework", "revise", since) is None
    if task.review == "" or ledger.snapshot.policy.review == "never":
        return False
    if task.review == "asked":
        ledger.work(task, "is reviewed")
    elif task.review != "needed":
        ledger.put(task, needs.review(ledger.snapshot, task))
    elif ledger.reviews >= ledger.snapshot.policy.review_jobs:
        ledger.stay(task, "it is reviewed when the reviews of others are through")
    elif not begins.is_refused(ledger, task):
        ledger.reviews += 1
        ledger.step(task, Review(task.task_no), "a review is asked for")
    return True


def _land(ledger: Ledger, task: TaskFacts) -> None:
    snapshot = ledger.snapshot
    if task.entry in ("", "superseded"):
        if not begins.is_refused(ledger, task):
            ledger.enqueue(task)
    elif task.entry in (*MOVING, *_ELSEWHERE):
        ledger.on_the_way(task)
        if task.entry == "awaiting_forge" and task.entry_text:  # It cannot be asked: told at once.
            ledger.needs.append(needs.landing(snapshot, task))
    elif task.entry == "awaiting_approval":
        ledger.put(task, needs.approval(snapshot, task))
    elif task.entry not in _SENT_BACK or (task.entry == "conflict" and task.is_conflict_held):
        ledger.put(task, needs.landing(snapshot, task))
    elif any(queue.is_running for queue in snapshot.queues):
        ledger.work(task, "the queue sends it back to its owner")
    else:
        since = task.ended_at or task.since
        spent = begins.again(ledger, task, "rework", _SENT_BACK[task.entry], since)
        if spent is not None:
            ledger.put(task, needs.landing(snapshot, task))
