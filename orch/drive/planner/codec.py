"""Snapshots and plans of the driver as JSON and back: byte-equal for equal values, for replay."""

import json
from typing import Any

from orch.config.drive_policy import DrivePolicy, RetryPolicy
from orch.drive.planner.model import (
    Begin,
    Cleanup,
    Close,
    DriveNeed,
    DrivePlan,
    DriveSnapshot,
    DriveStep,
    EndFacts,
    Enqueue,
    HarnessFacts,
    Integrate,
    QueueFacts,
    Refusal,
    RepositoryFacts,
    Review,
    RunQueue,
    SlotFacts,
    TaskFacts,
    Tell,
    TicketFacts,
    Verify,
)
from orch.landing.planner.codec import dumps, fields_of, made
from schema.words import many

_STEPS: tuple[type[Any], ...] = (
    Begin, Verify, Review, Enqueue, RunQueue, Integrate, Cleanup, Close, Tell,
)  # fmt: skip
_LISTS: dict[str, type[Any]] = {
    "tasks": TaskFacts, "queues": QueueFacts, "slots": SlotFacts, "ends": EndFacts,
    "repositories": RepositoryFacts, "tickets": TicketFacts,
}  # fmt: skip


def snapshot_json(snapshot: DriveSnapshot) -> str:
    """Return a snapshot as JSON text; of its facts only what is not as built in."""
    found = fields_of(snapshot)
    for name in _LISTS:
        found[name] = [_said(one) for one in found[name]]
    found["policy"] = fields_of(snapshot.policy) | {"retry": fields_of(snapshot.policy.retry)}
    found["harness"] = _said(snapshot.harness)
    return dumps(found)


def plan_json(plan: DrivePlan) -> str:
    """Return a plan as JSON text; each step says what it is under `step`."""
    steps = [{"step": type(step).__name__.lower(), **fields_of(step)} for step in plan.steps]
    needs = [fields_of(need) for need in plan.needs]
    return dumps({**fields_of(plan), "steps": steps, "needs": needs})


def snapshot_from_json(text: str) -> DriveSnapshot:
    """Return the snapshot that `snapshot_json` wrote, also one of an earlier planner."""
    found = json.loads(text)
    for name, kind in _LISTS.items():
        found[name] = tuple(_facts(kind, one) for one in found[name])
    found["policy"]["retry"] = made(RetryPolicy, found["policy"]["retry"])
    found["policy"] = made(DrivePolicy, found["policy"])
    found["harness"] = made(HarnessFacts, found["harness"])
    snapshot: DriveSnapshot = made(DriveSnapshot, found)
    return snapshot


def plan_from_json(text: str) -> DrivePlan:
    """Return the plan that `plan_json` wrote."""
    found = json.loads(text)
    kinds = {kind.__name__.lower(): kind for kind in _STEPS}
    found["steps"] = tuple(made(kinds[step["step"]], step) for step in found["steps"])
    found["needs"] = tuple(made(DriveNeed, need) for need in found["needs"])
    plan: DrivePlan = made(DrivePlan, found)
    return plan


def step_text(step: DriveStep, names: dict[int, str]) -> str:
    """Return a step in words; `names` are tasks by their numbers."""
    match step:
        case Begin(number, event, to, _, cause, start):
            why = f" ({cause}, from {_START[start]})" if cause else ""
            return f"{event} {names.get(number, number)} to {to}{why}"
        case Verify(number, again):
            return f"run the {'failed ' if again else ''}checks of {names.get(number, number)}"
        case Review(number):
            return f"ask for a review of {names.get(number, number)}"
        case Enqueue(numbers):
            return "queue " + ", ".join(str(names.get(number, number)) for number in numbers)
        case RunQueue(number):
            return f"run queue {number}"
        case Integrate(branch):
            return f"bring the run's work into {branch}"
        case Cleanup():
            return "remove the worktrees of what landed"
        case Close():
            return "close the run"
    return f"record {many(len(step.needs), 'need')}"


_START = {"fresh": "the start", "branch": "its branch", "target": "the target"}


def _facts(kind: type[Any], values: dict[str, Any]) -> Any:
    refusal = values.get("refusal")
    if refusal is not None:
        values["refusal"] = made(Refusal, refusal)
    return made(kind, values)


def _said(value: Any) -> dict[str, Any]:
    """Return the fields that are not as built in: hundreds of tasks have thirty of them."""
    built_in = _BUILT_IN[type(value)]
    return {
        name: fields_of(said) if isinstance(said, Refusal) else said
        for name in value.__slots__
        if (said := getattr(value, name)) != built_in.get(name, _REQUIRED)
    }


_REQUIRED = object()


def _defaults(kind: type[Any]) -> dict[str, Any]:
    return {
        name: field.default
        for name, field in kind.__dataclass_fields__.items()
        if isinstance(field.default, (str, int, float, bool, tuple)) or field.default is None
    }


_BUILT_IN = {kind: _defaults(kind) for kind in (*_LISTS.values(), HarnessFacts)}
