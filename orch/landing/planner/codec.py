"""Snapshots and plans as JSON and back: the audit's rows, byte-equal for equal values."""

import json
from typing import Any

from orch.landing.planner.model import (
    Build,
    Hold,
    Land,
    Limits,
    Link,
    Move,
    OpenEntry,
    Plan,
    Snapshot,
    Step,
    Test,
    Trials,
    Unhold,
    Window,
)

_STEPS: tuple[type[Any], ...] = (Build, Test, Move, Window, Hold, Unhold, Land)


def snapshot_json(snapshot: Snapshot) -> str:
    """Return a snapshot as JSON text."""
    found = fields_of(snapshot)
    for name in ("entries", "links", "trials"):
        found[name] = [fields_of(one) for one in found[name]]
    found["limits"] = fields_of(snapshot.limits)
    return dumps(found)


def plan_json(plan: Plan) -> str:
    """Return a plan as JSON text; each step says what it is under `step`."""
    steps = [{"step": type(step).__name__.lower(), **fields_of(step)} for step in plan.steps]
    return dumps({**fields_of(plan), "steps": steps})


def snapshot_from_json(text: str) -> Snapshot:
    """Return the snapshot that `snapshot_json` wrote, also one of an earlier planner."""
    found = json.loads(text)
    found["entries"] = tuple(made(OpenEntry, e) for e in found["entries"])
    found["links"] = tuple(made(Link, e) for e in found["links"])
    found["trials"] = tuple(made(Trials, e) for e in found["trials"])
    found["limits"] = made(Limits, found["limits"])
    snapshot: Snapshot = made(Snapshot, found)
    return snapshot


def plan_from_json(text: str) -> Plan:
    """Return the plan that `plan_json` wrote."""
    found = json.loads(text)
    kinds = {kind.__name__.lower(): kind for kind in _STEPS}
    found["steps"] = tuple(made(kinds[step["step"]], step) for step in found["steps"])
    plan: Plan = made(Plan, found)
    return plan


def step_text(step: Step) -> str:
    """Return a step in words, entries by their ids."""
    match step:
        case Build(onto, entries):
            return f"put {_names(entries)} on top of {onto[:12]}"
        case Test(commit, _, checks, purpose, entries):
            named = ", ".join(name.partition("@")[0] for name in checks) or "no checks"
            return f"test {commit[:12]} ({purpose}: {_names(entries) or 'the target'}; {named})"
        case Move(entry, event, reason):
            return f"{event} {_names((entry,))}" + (f": {reason}" if reason else "")
        case Window(size):
            return f"batches of {size} from now on"
        case Hold(reason, _):
            return f"hold the queue: {reason}"
        case Land(onto, commit, _, entries, _):
            return f"land {_names(entries)}: {onto[:12]} to {commit[:12]}"
    return "release the queue"


def _names(numbers: tuple[int, ...]) -> str:
    return ", ".join(f"ent_{number}" for number in numbers)


def dumps(value: object) -> str:
    """Return JSON text in the one form that is compared byte by byte."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fields_of(value: Any) -> dict[str, Any]:
    """Return a value's fields in their order; `asdict` copies each in depth, ten times as slow."""
    return {name: getattr(value, name) for name in value.__slots__}


def made(kind: type[Any], values: dict[str, Any]) -> Any:
    """Return a value of `kind` from JSON, lists as tuples; fields it does not have are left out."""
    known = kind.__slots__
    return kind(**{name: _tuples(value) for name, value in values.items() if name in known})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
