"""queue rollback, audit, replay: what landed taken back, what was decided looked at again."""

from orch.cli.landing import names
from orch.landing import open_queue
from orch.landing import rollback as workflow
from orch.landing.planner import codec, planner
from orch.landing.planner.model import PLANNER
from orch.operations import runs
from orch.steps.model import say
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store.queues import Pass
from schema.failures import Failure
from schema.json_text import Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_STEP = 200


def rollback(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    as_name: str | None,
    reason: str | None,
    dry_run: bool,
    key: str | None,
) -> None:
    """Take back what landed."""
    with call.db.read() as tx:
        found = names.require(tx, entry, run, of_work=True)
        actor = as_name or runs.require(tx, found.run_id).leader
        kept = call.kept(tx, actor)
        dependents = store.dependents(tx, found.task_no) if found.task_no is not None else []
    if kept is not None:
        call.say(kept)
        return
    plan = workflow.decide(call.db, found.entry_no)
    shared = {
        "how": plan.how,
        "why": plan.why or None,
        "target": plan.opened.queue.branch,
        "dependents": [{"task_id": name, "status": status} for _, name, status in dependents],
    }
    if dry_run:
        with call.db.read() as tx:
            would = store.waiting_on(tx, found.task_no) if found.task_no is not None else []
            too = workflow.integrating(tx, found) if found.kind != "integrate" else []
            document = store.document(tx, found.entry_no)
        held = [e.entry_id for e in would]
        superseded = [e.entry_id for e in too]
        call.say(
            obj(dry_run=True, entry=document, revert=None, held=held, superseded=superseded,
                **shared)
        )  # fmt: skip
        return
    outcome = workflow.carry_out(call.db, plan, actor, reason or "")
    with call.db.write() as tx:
        by = store.document(tx, outcome.by) if outcome.by != found.entry_no else None
        done = obj(
            dry_run=False,
            entry=store.document(tx, found.entry_no),
            revert=by,
            held=[f"ent_{n}" for n in outcome.held],
            superseded=[f"ent_{n}" for n in outcome.superseded],
            **shared,
        )
        answer = call.once(tx, actor, lambda: done)
    call.say(answer)


def _passes(
    call: "Call", run: str | None, target: str | None, repo_path: str | None, number: int | None
) -> "list[int] | None":
    """Return the queues that are meant, None for all of them."""
    if run is None and target is None and repo_path is None:
        return None
    return [q.queue_no for q in open_queue.queues_of(call.db, run, target, repo_path)]


def _each(call: "Call", queues: "list[int] | None", number: int | None) -> "list[Pass]":
    found: list[Pass] = []
    after = 0
    while True:
        with call.db.read() as tx:
            step = queue_rows.passes(tx, None, number, after, _STEP)
        found += [one for one in step if queues is None or one.queue_no in queues]
        if len(step) < _STEP:
            return found
        after = step[-1].pass_no


def audit(
    call: "Call",
    *,
    run: str | None,
    target: str | None,
    repo_path: str | None,
    pass_no: int | None,
    limit: int,
) -> None:
    """Show what each pass was told and decided."""
    queues = _passes(call, run, target, repo_path, pass_no)
    found = _each(call, queues, pass_no)
    if pass_no is not None:
        _require(found, pass_no)
    shown = [_document(one, whole=pass_no is not None) for one in found[-limit:]]
    call.say(obj(passes=array(shown), total=len(found)))


def _document(one: Pass, *, whole: bool) -> Json:
    plan = codec.plan_from_json(one.decisions)
    more = {"snapshot": Json(one.snapshot), "decisions": Json(one.decisions)} if whole else {}
    return obj(
        pass_no=one.pass_no,
        target=one.branch,
        fence=one.fence,
        planner=one.planner,
        at=one.at,
        steps=[codec.step_text(step) for step in plan.steps],
        **more,
    )


def _require(found: "list[Pass]", pass_no: int | None) -> None:
    if found:
        return
    if pass_no is not None:
        raise Failure(
            "not_found",
            "entry",
            f"no pass {pass_no} is recorded",
            hint="list them",
            next=[say("queue audit")],
        )
    raise Failure(
        "no_matching_work",
        "empty",
        "no pass is recorded",
        hint="a pass is recorded when it decides something",
        next=[say("queue run")],
    )


def replay(
    call: "Call",
    *,
    run: str | None,
    target: str | None,
    repo_path: str | None,
    pass_no: int | None,
) -> None:
    """Decide each recorded pass again. Raises: internal_error/bug when one differs."""
    queues = _passes(call, run, target, repo_path, pass_no)
    found = _each(call, queues, pass_no)
    _require(found, pass_no)
    same, other, differing = 0, [], []
    for one in found:
        if one.planner != PLANNER:
            other.append(one.pass_no)
            continue
        snapshot = codec.snapshot_from_json(one.snapshot)
        if codec.plan_json(planner.plan(snapshot)) == one.decisions:
            same += 1
        else:
            differing.append(one.pass_no)
    answer = obj(same=same, other_planner=other, differing=differing, planner=PLANNER)
    if differing:
        raise Failure(
            "internal_error",
            "bug",
            f"decided differently than recorded: pass {', '.join(map(str, differing[:10]))}",
            hint="report it with",
            next=[say("queue audit", pass_=differing[0], json=True)],
            details={"passes": differing},
            data=answer,
        )
    call.say(answer)
