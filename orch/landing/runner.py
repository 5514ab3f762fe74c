"""Merge-queue runner: pass after pass until nothing can be done; killed anywhere, it starts again.

A pass: what was left half done is settled, entries follow git and their tasks, one read makes a
snapshot, the planner decides, the decision is recorded, its steps are done. Nothing that matters is
kept in memory between two passes.
"""

from orch import config_in_force
from orch.git import checkout_conflicts
from orch.landing import (
    execute,
    kept_refs,
    land,
    open_queue,
    pull_requests,
    rework,
    runner_lease,
    snapshot,
)
from orch.landing.open_queue import OpenQueue
from orch.landing.planner import codec, planner
from orch.landing.planner.model import PLANNER, Land, Plan
from orch.landing.reconcile import QueueReport, bring_up_to_date
from orch.landing.runner_lease import RunnerLease
from orch.landing.snapshot import Options, PassInput
from orch.operations import entries
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store.entries import Entry
from orch.store.queues import Queue
from orch.worktrees import pushed_refs
from schema import crash_points
from schema.failures import Failure
from schema.json_text import Json
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, Tx

_MOST_PASSES = 10_000


class QueueOutcome(Value):
    """What a run of one queue came to."""

    queue: Queue
    passes: int = 0
    trials: int = 0
    landed: list[Entry] = own(factory=list)
    changed: dict[int, None] = own(factory=dict)
    problems: list[str] = own(factory=list)
    blockers: list[checkout_conflicts.Blocker] = own(factory=list)
    hold_reason: str = ""
    waits_on_forge: bool = False
    plan: Plan | None = None
    seen: PassInput | None = None

    def note(self, problems: list[str]) -> None:
        """Keep what could not be done, each thing once."""
        self.problems += [text for text in problems if text not in self.problems]


def run(db: "Database", queue: Queue, options: Options) -> QueueOutcome:
    """Run a queue until nothing can be done now, or once up to its first landing.

    Raises: lease_conflict (held, superseded), not_found/repository, refused/repo_tampered,
    git_error.
    """
    opened = open_queue.open_queue(db, queue)
    lease = runner_lease.take(db, queue, opened.folder, steal=options.steal)
    config_in_force.tell_difference(db, opened.run, opened.repo, queue.target)
    outcome = QueueOutcome(queue)
    try:
        _passes(lease, opened, options, outcome)
        outcome.waits_on_forge = pull_requests.waits(db, queue)
        _finish(lease, opened, outcome)
    finally:
        _leave(lease)
    return outcome


def _finish(lease: RunnerLease, opened: OpenQueue, outcome: QueueOutcome) -> None:
    """Delete the refs of what is over; what git refuses there waits for the next run."""
    try:
        kept_refs.delete_obsolete(lease.db, opened)
        if opened.remote:
            kept_ms = int(1000 * opened.settings.keep_pushed)
            repo_id = opened.run.repo_id
            pushed_refs.delete_landed(
                lease.db, opened.repo, opened.remote, repo_id, kept_ms=kept_ms
            )
    except Failure as failure:
        if failure.code != "git_error":
            raise
        outcome.note([f"the refs of what is over stay: {failure.message}"])


def _leave(lease: RunnerLease) -> None:
    try:
        lease.leave()
    except Failure as failure:
        if failure.code not in ("store_busy", "store_error"):
            raise


def _passes(lease: RunnerLease, opened: OpenQueue, options: Options, outcome: QueueOutcome) -> None:
    tip, before = "", ""
    while outcome.passes < _MOST_PASSES:
        outcome.passes += 1
        opened.fetch()
        open_queue.is_current(lease.db, opened)
        outcome.landed += _settled(lease, opened)
        report = QueueReport()
        bring_up_to_date(lease, opened, moved=opened.look() != tip, report=report)
        first = outcome.passes == 1
        outcome.note(pull_requests.follow(lease, opened, report.changed, first=first))
        outcome.changed |= report.changed
        outcome.note(report.problems)
        seen = snapshot.take(lease.db, opened, options)
        plan = planner.plan(seen.snapshot)
        told = codec.snapshot_json(seen.snapshot)
        _see(lease, seen, plan)
        outcome.plan, outcome.seen = plan, seen
        outcome.hold_reason = seen.snapshot.hold_reason
        if not plan.steps:
            break
        signature = _without_time(told)
        if signature == before:
            raise Failure(
                "internal_error", "bug", "a pass over the queue changed nothing and decided again"
            )
        before = signature
        _record(lease, told, plan)
        done = execute.Executed()
        execute.apply(lease, opened, seen, plan, done)
        outcome.trials += done.trials
        outcome.landed += done.landed
        outcome.changed |= done.moved
        outcome.note(done.problems)
        tip = opened.look() if done.landed else tip or seen.snapshot.tip
        if options.sends_back:
            outcome.note(rework.after_pass(lease, opened, list(done.moved)))
        if done.blockers:
            outcome.blockers = done.blockers
            break
        if options.mode == "once" and any(isinstance(step, Land) for step in plan.steps):
            break


def _without_time(told: str) -> str:
    """Return a snapshot without the moment it was taken at."""
    head, _, rest = told.partition('"now":')
    return head + rest.lstrip("0123456789")


def _settled(lease: RunnerLease, opened: OpenQueue) -> list[Entry]:
    landed = land.settle(lease, opened)
    land.verify(lease, opened, landed)
    return landed


def _record(lease: RunnerLease, told: str, plan: Plan) -> None:
    """Keep what the planner was told and decided, before anything of it is done."""
    with lease.write() as tx:
        queue_rows.record_pass(
            tx, lease.queue_no, lease.fence, PLANNER, told, codec.plan_json(plan)
        )
    crash_points.reach("queue.recorded")


def _see(lease: RunnerLease, seen: PassInput, plan: Plan) -> None:
    """Keep on each entry what this pass found out about it, where that is new."""
    changes = list(_changes(seen, plan))
    if not changes:
        return
    with lease.write() as tx:
        for number, risk, approvals, position, why in changes:
            entry_rows.see(tx, number, risk, approvals, position, why)


def _changes(seen: PassInput, plan: Plan) -> "list[tuple[int, str, Json, int | None, str]]":
    places = {number: i for i, number in enumerate(plan.order, 1)}
    why = dict(plan.why)
    found: list[tuple[int, str, Json, int | None, str]] = []
    for number, entry in seen.entries.items():
        verdict = seen.verdicts[number]
        now = (verdict.risk, verdict.document(), places.get(number), why.get(number, ""))
        was = (entry.risk, entry.approvals, entry.position, entry.why)
        if now != was:
            found.append((number, *now))
    return found


def rehearse(db: "Database", queue: Queue, options: Options) -> QueueOutcome:
    """Return what the next pass would do, and write nothing."""
    opened = open_queue.open_queue(db, queue)
    outcome = QueueOutcome(queue)
    seen = snapshot.take(db, opened, options)
    outcome.seen, outcome.plan = seen, planner.plan(seen.snapshot)
    outcome.hold_reason = seen.snapshot.hold_reason
    return outcome


def explained(db: "Database", queue: Queue) -> "dict[int, tuple[int | None, str, Json, str]]":
    """Return by entry (place, why it is where it is, approvals, risk) as a pass would see it now.

    {} where git cannot be asked: then what the last pass saw is all there is.
    """
    try:
        outcome = rehearse(db, queue, Options())
    except Failure as failure:
        if failure.code not in ("git_error", "not_found", "refused", "invalid_input"):
            raise
        return {}
    assert outcome.plan is not None
    assert outcome.seen is not None
    places = {number: i for i, number in enumerate(outcome.plan.order, 1)}
    why = dict(outcome.plan.why)
    return {
        number: (
            places.get(number),
            why.get(number, ""),
            outcome.seen.verdicts[number].document(),
            outcome.seen.verdicts[number].risk,
        )
        for number in outcome.seen.entries
    }


def hold_dependents(tx: "Tx", task_no: int, actor: str, reason: str) -> list[Entry]:
    """Hold the open entries of everything that depends on a task; return them."""
    held = []
    for entry in entry_rows.waiting_on(tx, task_no):
        if entry.status in ("landing", "landed", "held", "quarantined"):
            continue
        entries.hold(tx, entry, actor, reason)
        held.append(entry)
    return held
