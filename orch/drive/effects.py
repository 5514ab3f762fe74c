"""Effects of a driver's pass: each step is done by the workflow that a person's command calls.

Quick ones are done at once, in order; what takes long goes to a lane.
"""

from itertools import groupby

from orch.drive import attempt_effects, landing_effects
from orch.drive.hands import Hands
from orch.drive.planner.model import (
    Begin,
    Cleanup,
    Close,
    DriveNeed,
    DrivePlan,
    DriveSnapshot,
    DriveStep,
    Enqueue,
    Integrate,
    Review,
    RunQueue,
    TaskFacts,
    Tell,
    Verify,
)
from orch.operations import driving, runs, telling
from orch.steps.model import say
from orch.store import drive_facts as facts
from schema import crash_points, ids, steps


def do(hands: Hands, snapshot: DriveSnapshot, plan: DrivePlan) -> None:
    """Do the steps of a pass in order. Raises: lease_conflict/superseded, store_error."""
    by_no = {task.task_no: task for task in snapshot.tasks}
    for kind, group in groupby(plan.steps, type):
        found: list[DriveStep] = list(group)
        if kind is Begin:
            begins = [step for step in found if isinstance(step, Begin)]
            attempt_effects.begin(hands, [(by_no[step.task_no], step) for step in begins])
            crash_points.reach("drive.step")
            continue
        for step in found:
            _do_one(hands, step, by_no, plan)
            crash_points.reach("drive.step")


def _do_one(hands: Hands, step: DriveStep, by_no: "dict[int, TaskFacts]", plan: DrivePlan) -> None:
    if isinstance(step, Verify):
        attempt_effects.verify(hands, by_no[step.task_no], step)
    elif isinstance(step, Review):
        attempt_effects.review(hands, by_no[step.task_no])
    elif isinstance(step, Enqueue):
        landing_effects.enqueue(hands, [by_no[number] for number in step.tasks])
    elif isinstance(step, RunQueue):
        landing_effects.run_queue(hands, step.queue_no)
    elif isinstance(step, Integrate):
        landing_effects.integrate(hands, step.branch)
    elif isinstance(step, Cleanup):
        landing_effects.cleanup(hands)
    elif isinstance(step, Close):
        landing_effects.close(hands)
    elif isinstance(step, Tell):
        _tell(hands, plan)


def _tell(hands: Hands, plan: DrivePlan) -> None:
    """Record which needs hold now; what is new is said here, too."""
    found = [_to_tell(need) for need in plan.needs]
    with hands.db.write() as tx:
        new = telling.settle(tx, runs.require(tx, hands.run_id), found, driving.ACTOR)
    crash_points.reach("drive.told")
    if new:
        hands.watch.has_news = True
    for need in plan.needs:
        if need.need_id not in hands.watch.said:
            hands.watch.said.add(need.need_id)
            line = f"{need.kind}: {need.text}   $ {steps.joined(need.argv)}"
            hands.say(need.task_id, "need", line)


def tell_end(hands: Hands, plan: DrivePlan) -> None:
    """Record that everything in the run is over: news that only notices and people want."""
    found = [_to_tell(need) for need in plan.needs]
    with hands.db.write() as tx:
        run = runs.require(tx, hands.run_id)
        if not run.settled_event or run.closed_at is not None:
            return
        text = f"all is over: {facts.landed(tx, run.run_id)} landed"
        found.append(
            telling.ToTell(
                "", "finished", run.settled_event, "", tx.now.wall_ms, text,
                say("report", run=run.run_id).line,
            )
        )  # fmt: skip
        telling.settle(tx, run, found, driving.ACTOR)


def _to_tell(need: DriveNeed) -> telling.ToTell:
    return telling.ToTell(
        need.task_id, need.kind, _cause(need), "", need.since, need.text, steps.joined(need.argv)
    )


def _cause(need: DriveNeed) -> str:
    """Return what a need came of: an event, else its words."""
    return str(need.event) if need.event else ids.digest(need.text)[:16]
