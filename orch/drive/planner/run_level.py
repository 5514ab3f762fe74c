"""Steps for a run as a whole: its queues, its end, and its needs."""

from orch.drive.planner import needs, retry
from orch.drive.planner.ledger import Ledger
from orch.drive.planner.model import (
    Cleanup,
    Close,
    DriveSnapshot,
    DriveStep,
    Integrate,
    QueueFacts,
    RunQueue,
)

_LOOK_MS = (
    60_000  # How often a queue is looked at in which nothing seems to happen: git has no news.
)


def queues(ledger: Ledger) -> None:
    """Let queues run in which something may come of it."""
    for queue in ledger.snapshot.queues:
        if queue.is_running:
            ledger.is_working = True
        elif queue.hold and not (queue.hold == "red" and queue.may_mend):
            if queue.moving:
                ledger.needs.append(needs.queue(ledger.snapshot, queue))
        elif queue.moving:
            _run(ledger, queue)


def _run(ledger: Ledger, queue: QueueFacts) -> None:
    now = ledger.snapshot.now
    if queue.in_the_way and not queue.is_changed:
        ledger.needs.append(needs.in_the_way(ledger.snapshot, queue))
    look = retry.due(now, queue.looked_at, _LOOK_MS)
    if queue.is_changed or 0 < queue.wake_at <= now or look <= now:
        ledger.steps.append(RunQueue(queue.queue_no))
        return
    ledger.looks.append(look)  # What stands in it may wait for what needs people.
    if queue.wake_at:
        ledger.moments.append(queue.wake_at)


def deferred(ledger: Ledger) -> None:
    """Ask a person about what waits for a landing, where none is to come."""
    if ledger.steps or ledger.is_working or ledger.moving_entries:
        return
    for task in ledger.deferred:
        assert task.refusal is not None
        ledger.need(task, "base_conflict", task.refusal.text)


def ends(ledger: Ledger) -> None:
    """Do what follows once something has landed, and once everything is over."""
    snapshot, policy = ledger.snapshot, ledger.snapshot.policy
    if policy.cleanup and not snapshot.is_cleaned:
        ledger.steps.append(Cleanup())
    if ledger.is_open or ledger.is_working or ledger.steps:
        return
    if snapshot.plans:
        ledger.is_open = True
        ledger.needs += [needs.plan(snapshot, request) for request in snapshot.plans]
        return
    if snapshot.end == "integrate" and policy.queue:
        if snapshot.is_integrating:
            ledger.is_working = True
        elif policy.integrate and not snapshot.integrate_text:
            ledger.steps.append(Integrate(policy.integrate))
        else:
            ledger.needs.append(needs.integrate(snapshot))
    elif snapshot.end == "land" and policy.queue:
        ledger.is_open = True
        ledger.needs.append(needs.unlanded(snapshot))
    elif policy.close and snapshot.end == "finished" and not snapshot.is_closed:
        ledger.steps.append(Close())


def needs_of_run(ledger: Ledger) -> None:
    """Ask for what concerns more than one task, once."""
    snapshot = ledger.snapshot
    if ledger.retries_spent:
        ledger.needs.append(needs.retries(snapshot))
    if snapshot.harness.is_logged_out and ledger.is_open:
        ledger.needs.append(needs.login(snapshot, snapshot.harness))
    if ledger.is_open:
        ledger.needs += [needs.repository(snapshot, one) for one in snapshot.repositories]
    ledger.needs += [needs.worker(snapshot, text) for text in _down(snapshot) if ledger.is_open]
    for one in snapshot.tickets:
        due = retry.due(snapshot.now, one.since, _LOOK_MS) if one.is_waiting else 0
        if due > snapshot.now:
            ledger.moments.append(due)
        else:
            ledger.needs.append(needs.ticket(snapshot, one))


def worker_is_back(snapshot: DriveSnapshot) -> int:
    """Return when the first worker that is down starts again, 0 where none is down."""
    return min((slot.not_before for slot in snapshot.slots if not slot.is_up), default=0)


def _down(snapshot: DriveSnapshot) -> list[str]:
    """Return why no worker is up, where one is to be and none is."""
    if any(slot.is_up for slot in snapshot.slots):
        return []
    return sorted({slot.reason for slot in snapshot.slots if slot.reason})[:1]


def end(ledger: Ledger, is_moving: bool, steps: list[DriveStep]) -> str:
    """Return how the driver ends by its `until`: landed, needs_people, idle; "" when it goes on."""
    until = ledger.snapshot.until
    if steps:
        return ""
    if until == "need" and ledger.snapshot.has_news:
        return "needs_people"
    if until == "forever":
        return ""
    is_over = not ledger.is_open and not ledger.is_working
    if is_over and (until == "done" or not ledger.needs):
        return "landed"
    if until in ("blocked", "need") and not is_moving and ledger.needs:
        return "needs_people"
    if until == "idle" and not ledger.is_working:
        return "idle"
    return ""
