"""drive --dry-run, --explain, --audit, --replay: looks at passes; nothing is written."""

from orch.cli.drive import lines
from orch.drive import rehearsal
from orch.drive.options import DriveOptions
from orch.drive.planner import codec, planner
from orch.drive.planner.model import PLANNER
from orch.store import drives
from schema.failures import Failure
from schema.json_text import obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.drive.planner.model import DrivePlan, DriveSnapshot
    from orch.store.drives import DrivePass

_PAGE = 200


def look(call: "Call", how: str, run_ids: list[str], options: DriveOptions) -> None:
    """Say what the next pass would do, or what recorded ones did."""
    looks = {"dry_run": _next, "explain": _last, "audit": _all, "replay": _again}
    call.say(obj(look=how, run_ids=run_ids, looks=[looks[how](call, r, options) for r in run_ids]))


def _next(call: "Call", run_id: str, options: DriveOptions) -> "dict[str, object]":
    seen, plan = rehearsal.rehearse(call.db, run_id, options)
    return {"run_id": run_id, "pass_no": None, "at": None, **_decided(seen, plan)}


def _last(call: "Call", run_id: str, options: DriveOptions) -> "dict[str, object]":
    with call.db.read() as tx:
        found = drives.last_pass(tx, run_id)
    if found is None:
        return _next(call, run_id, options)
    return _shown(found)


def _all(call: "Call", run_id: str, _options: DriveOptions) -> "dict[str, object]":
    return {"run_id": run_id, "passes": [_shown(one) for one in _passes(call, run_id)]}


def _again(call: "Call", run_id: str, _options: DriveOptions) -> "dict[str, object]":
    """Decide recorded passes anew; those of another planner may differ."""
    same, differing, other = 0, [], 0
    for one in _passes(call, run_id):
        if one.planner != PLANNER:
            other += 1
            continue
        plan = planner.plan(codec.snapshot_from_json(one.snapshot))
        if codec.plan_json(plan) == one.decisions:
            same += 1
        else:
            differing.append(one.pass_no)
    if differing:
        raise Failure(
            "internal_error", "bug",
            f"{many(len(differing), 'pass', 'passes')} of run {run_id} not decided as before: "
            f"{differing[:10]}",
            details={"differing": differing},
        )  # fmt: skip
    return {"run_id": run_id, "same": same, "differing": differing, "other_planner": other}


def _passes(call: "Call", run_id: str) -> "list[DrivePass]":
    found: list[DrivePass] = []
    after = 0
    while True:
        with call.db.read() as tx:
            page = drives.passes(tx, run_id, after, _PAGE)
        found += page
        if len(page) < _PAGE:
            return found
        after = page[-1].pass_no


def _shown(one: "DrivePass") -> "dict[str, object]":
    seen, plan = codec.snapshot_from_json(one.snapshot), codec.plan_from_json(one.decisions)
    return {"run_id": one.run_id, "pass_no": one.pass_no, "at": one.at, **_decided(seen, plan)}


def _decided(seen: "DriveSnapshot", plan: "DrivePlan") -> "dict[str, object]":
    names = {task.task_no: task.task_id for task in seen.tasks}
    return {
        "steps": [codec.step_text(step, names) for step in plan.steps],
        "why": [{"run_id": seen.run_id, "task_id": names[n], "why": text} for n, text in plan.why],
        "needs": [lines.need_document(need) for need in plan.needs],
        "wake_at": lines.iso(plan.wake_at) if plan.wake_at else None,
    }
