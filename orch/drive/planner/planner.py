"""The planner of a driver: one snapshot in; the next steps, the needs, and each task's reason out.

Guarantees: the same snapshot gives the same plan; at most one step for a task; every open task
moves, has a moment, or is a need with a command (I22); nothing begins beyond slots, budgets and the
numbers of retries. Never looks at a clock, a file or git. After the steps the caller reads a new
snapshot and plans again.
"""

from orch.drive.planner import needs, order, retry, run_level, states
from orch.drive.planner.ledger import Ledger
from orch.drive.planner.model import DrivePlan, DriveSnapshot, DriveStep, Enqueue, Tell
from schema.words import many


def plan(snapshot: DriveSnapshot) -> DrivePlan:
    """Return what one pass does now. Guarantees: never raises on a snapshot of the store."""
    if snapshot.is_closed:
        return _closed(snapshot)
    ledger = Ledger(snapshot)
    for task in snapshot.tasks:
        states.settle(ledger, task)
    if ledger.to_enqueue:
        ledger.steps.append(Enqueue(tuple(ledger.to_enqueue)))
    run_level.queues(ledger)
    _begin(ledger)
    run_level.deferred(ledger)
    run_level.ends(ledger)
    run_level.needs_of_run(ledger)
    return _plan(ledger)


def _closed(snapshot: DriveSnapshot) -> DrivePlan:
    """Return that nothing is done in a closed run, and nobody asked: only its reopening counts."""
    steps = (Tell(()),) if snapshot.told else ()
    why = tuple(sorted((task.task_no, "the run is closed") for task in snapshot.tasks))
    end = "idle" if snapshot.end == "open" else "landed"
    goes_on = bool(steps) or snapshot.until == "forever"
    return DrivePlan(steps, (), why, end="" if goes_on else end)


def _begin(ledger: Ledger) -> None:
    """Choose what begins now; say of the rest why not."""
    hold = _hold(ledger)
    if hold:
        for wanted in ledger.wanted:
            ledger.stay(wanted.task, hold)
        return
    chosen, others = order.choose(ledger.snapshot, ledger.wanted)
    for task, step in chosen:
        ledger.step(task, step, f"begins ({step.cause or step.event})")
    for task, why in others:
        ledger.stay(task, why)
    rests = ledger.snapshot.harness.rests_until
    if others and rests > ledger.snapshot.now:
        ledger.moments.append(rests)
    if others and (restart := run_level.worker_is_back(ledger.snapshot)):
        ledger.moments.append(restart)


def _hold(ledger: Ledger) -> str:
    """Return why nothing at all begins now, "" when it may; what people can do about it is a need.

    Work that is only to be done by somebody else's word is no reason to ask for that word.
    """
    snapshot = ledger.snapshot
    if not ledger.wanted:
        return ""
    if snapshot.is_paused:
        ledger.needs.append(needs.paused(snapshot))
        return "the run is paused"
    if snapshot.budget:
        ledger.needs.append(needs.budget(snapshot))
        return "the run's budget is spent"
    text, at = retry.storm(snapshot)
    if text:
        ledger.needs.append(needs.storm(snapshot, text, at))
        return f"nothing begins: {text}"
    if snapshot.policy.waiting and ledger.left_to_people >= snapshot.policy.waiting:
        waiting = many(snapshot.policy.waiting, "task waits", "tasks wait")
        return f"{waiting} for people: nothing new begins"
    return ""


def _plan(ledger: Ledger) -> DrivePlan:
    snapshot = ledger.snapshot
    moments = [moment for moment in ledger.moments if moment > snapshot.now]
    is_moving = bool(ledger.steps or moments or ledger.is_working)
    is_moving = is_moving or (bool(ledger.looks) and not ledger.needs)
    moments += ledger.looks
    if ledger.is_open and not is_moving and not ledger.needs:
        ledger.needs.append(needs.stuck(snapshot))
    found = {need.need_id: need for need in ledger.needs}
    steps: list[DriveStep] = list(ledger.steps)
    if set(found) != set(snapshot.told):
        steps.append(Tell(tuple(sorted(found))))
    end = run_level.end(ledger, is_moving, steps)
    why = tuple(sorted(ledger.why.items()))
    return DrivePlan(
        tuple(steps), tuple(found.values()), why, min(moments, default=0), end, is_moving
    )
