"""queue run, integrate: the runner, what it came to, and how it ends when nothing could land."""

from orch.cli.landing import names, standing
from orch.cli.landing import outcome as queue_ends
from orch.landing import integrate as integration
from orch.landing import open_queue, runner
from orch.landing.runner import QueueOutcome
from orch.landing.snapshot import Options
from orch.machines import IN_TARGET
from orch.operations import entries
from orch.steps.model import say
from orch.store import entries as store
from orch.store.queues import Queue
from schema import events
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, obj
from schema.signals import Interrupted
from schema.steps import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.steps import Step


def run(
    call: "Call",
    *,
    run: str | None,
    target: str | None,
    repo_path: str | None,
    once: bool,
    until_empty: bool,
    watch: bool,
    jobs: int | None,
    batch: int | None,
    steal: bool,
    dry_run: bool,
    explain: bool,
    key: str | None,
) -> None:
    """Run the queues that are meant, one after the other."""
    if sum((once, until_empty, watch)) > 1:
        raise invalid_input("--once, --until-empty and --watch cannot be combined", reason="flag")
    with call.db.read() as tx:
        kept = call.kept(tx, entries.ACTOR)
    if kept is not None:
        call.say(kept)
        return
    options = Options(batch, jobs)
    options.mode = "once" if once else "watch" if watch else "until_empty"
    options.steal = steal
    again = say("queue run", run=run, target=target, jobs=jobs, batch=batch)
    call.resume = joined(again.at(call.place))
    queues = open_queue.queues_of(call.db, run, target, repo_path)
    if dry_run:
        outcomes = [runner.rehearse(call.db, queue, options) for queue in queues]
        call.say(_planned(run, outcomes, call.resume))
        return
    if watch:
        from orch.cli.landing import watch as queue_watch

        queue_watch.watch(call, run, target, repo_path, options)
        return
    outcomes = [runner.run(call.db, queue, options) for queue in queues]
    explained = [line for one in outcomes for line in _reasons(one)] if explain else None
    said = answer(call, run, outcomes, {"explained": explained} if explained is not None else {})
    refusal = queue_ends.refusal(call.db, outcomes, again)
    if refusal is not None:
        refusal.data = said
        raise refusal
    call.say(keep(call, said))


def keep(call: "Call", answer: Json) -> Json:
    """Keep an answer under the call's key, where it has one; return it."""
    if not call.key:
        return answer
    with call.db.write() as tx:
        return call.once(tx, entries.ACTOR, lambda: answer)


def answer(
    call: "Call", run: str | None, outcomes: list[QueueOutcome], more: "dict[str, object]"
) -> Json:
    """Return what a run came to: what landed, what else changed, what waits and for what."""
    landed: dict[int, None] = {}
    changed: dict[int, None] = {}
    waiting = []
    with call.db.read() as tx:
        for outcome in outcomes:
            landed |= {entry.entry_no: None for entry in outcome.landed}
            changed |= outcome.changed
            for entry in store.open_of_queue(tx, outcome.queue.queue_no):
                waiting.append(queue_ends.waiting(tx, entry))
        return obj(
            run_id=run,
            landed=array(store.document(tx, n) for n in landed),
            changed=array(store.document(tx, n) for n in changed if n not in landed),
            waiting=waiting,
            queues=[names.of_queue(tx, o.queue.queue_no) for o in outcomes],
            passes=sum(o.passes for o in outcomes),
            trials=sum(o.trials for o in outcomes),
            problems=[problem for o in outcomes for problem in o.problems],
            high_event_id=events.last_id(tx),
            **more,
        )


def _reasons(outcome: QueueOutcome) -> list[str]:
    if outcome.plan is None:
        return []
    return [f"ent_{number}: {why}" for number, why in outcome.plan.why]


def _planned(run: str | None, outcomes: list[QueueOutcome], command: str) -> Json:
    """Return what the next pass of each queue would do; nothing was changed."""
    from orch.landing.planner import codec

    plans = []
    for outcome in outcomes:
        assert outcome.plan is not None
        assert outcome.seen is not None
        plans.append(
            obj(
                target=outcome.queue.branch,
                tip=outcome.seen.snapshot.tip,
                steps=[codec.step_text(step) for step in outcome.plan.steps],
                order=[f"ent_{n}" for n in outcome.plan.order],
                why=[{"entry_id": f"ent_{n}", "why": text} for n, text in outcome.plan.why],
            )
        )
    return obj(dry_run=True, run_id=run, plans=array(plans), next_command=command)


def integrate(
    call: "Call",
    *,
    run: str,
    into: str | None,
    repo_path: str | None,
    jobs: int | None,
    steal: bool,
    dry_run: bool,
    key: str | None,
) -> None:
    """Bring a run's integration branch into a branch of the user's."""
    from orch.cli import replay

    if replay.say_again(call, run):
        return
    plan = _decided(call, run, into, repo_path)
    document = {
        "source": plan.source.removeprefix(open_queue.HEADS),
        "target": plan.target.removeprefix(open_queue.HEADS),
        "head_commit": plan.head,
    }
    if dry_run:
        meets = integration.rehearse(plan)
        call.say(
            obj(
                dry_run=True,
                run_id=run,
                **document,
                commits=integration.commits(plan),
                conflicts=meets.conflicts,
                in_the_way=meets.in_the_way,
            )
        )
        return
    call.resume = call.again(f"integrate --run {run}" + (f" --into {into}" if into else ""))
    number, queue = integration.queue_it(call.db, plan)
    try:
        outcome = _run_for(call, queue, jobs, steal=steal)
    except Interrupted:
        cancel = say("queue cancel", f"ent_{number}").line
        call.note(f"ent_{number} is still queued: the next run of its queue lands it, or: {cancel}")
        raise
    except BaseException:
        integration.withdraw(call.db, number, "orch integrate was refused")
        raise
    again = say("integrate", run=run, into=into)
    refusal = _refused(call, outcome, number, again)
    with call.db.read() as tx:
        told = obj(
            run_id=run,
            **document,
            entry=store.document(tx, number),
            passes=outcome.passes,
            trials=outcome.trials,
        )
    if refusal is not None:
        refusal.data = told
        raise refusal
    call.say(replay.keep(call, run, told))


def _decided(
    call: "Call", run: str, into: str | None, repo_path: str | None
) -> integration.IntegrationPlan:
    try:
        return integration.decide(call.db, run, into, repo_path)
    except Failure as failure:
        if failure.reason == "not_ready":
            failure.next = (standing.way_to_land(call.db, run),)
        raise


def _refused(call: "Call", outcome: QueueOutcome, number: int, again: "Step") -> Failure | None:
    """Return why an integration did not come in, None when it did; what did not is withdrawn.

    One that lacks an approval stays: without that word nothing of it lands.
    """
    with call.db.read() as tx:
        entry = store.get(tx, number)
    if entry.status in IN_TARGET:
        return None
    refusal = queue_ends.refusal(call.db, [outcome], again, only=number)
    assert refusal is not None
    if refusal.code == "refused" and refusal.reason == "approval_required":
        return refusal
    integration.withdraw(call.db, number, f"orch integrate was refused: {refusal.message[:300]}")
    if refusal.reason == "not_ready" and not outcome.hold_reason:
        refusal.hint, refusal.next = "once that is fixed", (again,)
    refusal.message += f"; {entry.entry_id} is withdrawn, nothing of it lands later"
    return refusal


def _run_for(call: "Call", queue: Queue, jobs: int | None, *, steal: bool) -> QueueOutcome:
    options = Options(None, jobs)
    options.steal = steal
    return runner.run(call.db, queue, options)
