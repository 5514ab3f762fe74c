"""Execution of a plan, step by step; each step may be the last one that this process does.

After each step `queue.step`; by kind:

1. Build: a candidate on top of what goes before it. `queue.built`. It touches no checkout and
   comes out the same each time, so one that was killed is done again.
2. Test (trials.py): `queue.trial_begun`, the checks, `queue.trial_ran`, `queue.trial_ended`. Those
   that stand together in a plan run side by side.
3. Land (land.py, or a pull request): its own points; what blocks it ends the pass.
4. Move, hold, release, window: one transaction under the fence.
"""

from itertools import groupby

from orch.git import checkout_conflicts, proofs, workbench
from orch.landing import candidates, land, pull_requests
from orch.landing import trials as queue_checks
from orch.landing.open_queue import OpenQueue
from orch.landing.planner.model import Build, Hold, Land, Move, Plan, Step, Test, Unhold, Window
from orch.landing.runner_lease import RunnerLease
from orch.landing.snapshot import PassInput
from orch.machines import ENTRY
from orch.operations import entries
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import trials
from orch.store.entries import Entry
from orch.worktrees import create
from schema import crash_points
from schema.failures import Failure
from schema.json_text import Json, obj
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Tx

_NOTE_TAIL = 2000


class Executed(Value):
    """What the steps of one pass came to."""

    blockers: list[checkout_conflicts.Blocker] = own(factory=list)
    landed: list[Entry] = own(factory=list)
    moved: dict[int, None] = own(factory=dict)
    problems: list[str] = own(factory=list)
    trials: int = 0


def apply(
    lease: RunnerLease, opened: OpenQueue, seen: PassInput, plan: Plan, done: Executed
) -> None:
    """Do the steps in order. Raises: lease_conflict/superseded, git_error, refused."""
    links = {(link.onto, link.entry_no): link.commit for link in seen.snapshot.links}
    for kind, group in groupby(plan.steps, type):
        steps = list(group)
        if kind is Test:
            tests = [step for step in steps if isinstance(step, Test)]
            jobs = seen.snapshot.limits.jobs
            done.trials += queue_checks.run(lease, opened, tests, jobs)
            continue
        for step in steps:
            _apply_one(lease, opened, seen, step, links, done)
            crash_points.reach("queue.step")
            if done.blockers:
                return


def _apply_one(
    lease: RunnerLease,
    opened: OpenQueue,
    seen: PassInput,
    step: Step,
    links: dict[tuple[str, int], str],
    done: Executed,
) -> None:
    if isinstance(step, Build):
        _build(lease, opened, seen, step, done)
    elif isinstance(step, Move):
        _move(lease, opened, seen, step, done)
    elif isinstance(step, Land):
        # The checks that ran meanwhile are programs of others.
        create.open_checked(lease.db, opened.run, opened.queue.repo_path)
        if opened.by_pull_request:
            commit = _on_chain(step, links)[step.entries[0]]
            done.problems += pull_requests.propose(lease, opened, step, commit)
            done.moved[step.entries[0]] = None
            return
        try:
            landed = land.land(lease, opened, step, _on_chain(step, links))
        except land.Blocked as blocked:
            done.blockers = blocked.blockers
            return
        done.landed += landed
        land.verify(lease, opened, landed)
    else:
        _set(lease, seen, step)


def _on_chain(step: Land, links: dict[tuple[str, int], str]) -> dict[int, str]:
    """Return at which commit each entry of a landing is on the chain."""
    found: dict[int, str] = {}
    at = step.onto
    for number in step.entries:
        at = links[at, number]
        found[number] = at
    return found


def _set(lease: RunnerLease, seen: PassInput, step: Step) -> None:
    run_id = next((e.run_id for e in seen.entries.values()), None)
    with lease.write() as tx:
        queue = queue_rows.get(tx, lease.queue_no)
        if isinstance(step, Window):
            queue_rows.set_window(tx, lease.queue_no, step.size)
        elif isinstance(step, Hold):
            entries.hold_red(tx, queue, run_id, step.reason, step.tree)
        elif isinstance(step, Unhold):
            why = "the target moved or passes again"
            entries.release_queue(tx, queue, run_id, entries.ACTOR, why)


def _build(
    lease: RunnerLease, opened: OpenQueue, seen: PassInput, step: Build, done: Executed
) -> None:
    """Put entries on top of each other until none is left or one conflicts; keep every link."""
    with workbench.open_workbench(opened.repo) as bench:
        _build_chain(lease, opened, seen, step, bench, done)


def _build_chain(
    lease: RunnerLease,
    opened: OpenQueue,
    seen: PassInput,
    step: Build,
    bench: "workbench.Workbench",
    done: Executed,
) -> None:
    onto = step.onto
    for number in step.entries:
        entry = seen.entries[number]
        with lease.db.read() as tx:
            known = trials.built_step(tx, lease.queue_no, onto, number)
        if known is None:
            try:
                made = candidates.put_on_top(lease, opened, entry, onto, bench)
            except Failure as failure:
                if failure.code not in ("git_error", "invalid_state"):
                    raise
                _break(lease, entry, failure, done)
                return
            adds_nothing = onto == seen.snapshot.tip and made.tree == seen.snapshot.tip_tree
            if adds_nothing and entry.kind == "task":
                note_external(lease, opened, entry, "merge_adds_nothing")
                done.moved[number] = None
                return
            with lease.write() as tx:
                trials.keep_built(
                    tx, lease.queue_no, onto, number, commit=made.commit, tree=made.tree,
                    files=made.files, notes="\n".join(made.notes), resolved=made.resolved,
                )  # fmt: skip
            crash_points.reach("queue.built")
            commit = made.commit
        else:
            commit = known.commit
        if not commit:
            return
        onto = commit


def _break(lease: RunnerLease, entry: Entry, failure: Failure, done: Executed) -> None:
    """Note that git could not build a candidate: neither a conflict nor a failure of the work."""
    with lease.write() as tx:
        current = entry_rows.get(tx, entry.entry_no)
        wait = 30_000 << min(current.errors, 5)
        entries.move(
            tx, current, "break", reason=f"git: {failure.message}"[:500], count="errors",
            not_before=tx.now.wall_ms + min(wait, 900_000),
        )  # fmt: skip
    done.moved[entry.entry_no] = None


def _move(
    lease: RunnerLease, opened: OpenQueue, seen: PassInput, step: Move, done: Executed
) -> None:
    """Move an entry as planned, unless a person or an earlier runner was faster."""
    number = step.entry_no
    if step.event == "conflict" and _is_integrated(lease, opened, number, done):
        return
    with lease.write() as tx:
        entry = entry_rows.get(tx, number)
        goal = {rule.target for rule in ENTRY.rules if rule.event == step.event}
        if entry.status != seen.entries[number].status and entry.status not in ENTRY.moving:
            return  # Held, cancelled or superseded since the snapshot.
        if entry.status in goal:
            if step.count:
                entry_rows.count(tx, number, step.count)
            return
        reason = _reason(tx, lease, entry, step)
        entries.move(
            tx, entry, step.event, reason=reason, count=step.count, not_before=step.not_before,
            payload=_payload(entry, step),
        )  # fmt: skip
    seen.entries[number].status = entry.status
    done.moved[number] = None


def _payload(entry: Entry, step: Move) -> Json:
    return obj(
        entry_id=entry.entry_id,
        target=entry.target,
        companions=[f"ent_{n}" for n in step.companions],
    )


def _reason(tx: "Tx", lease: RunnerLease, entry: Entry, step: Move) -> str:
    """Return the reason that people are told: the planner's, and what git or the check said."""
    reason = step.reason
    if step.event == "conflict":
        built = trials.conflict_of(tx, lease.queue_no, entry.entry_no)
        if built is not None and built.notes:
            reason = f"{reason}: {built.notes.splitlines()[0]}" if reason else built.notes
    elif step.count in ("failures", "errors"):
        status = "failed" if step.count == "failures" else "error"
        found = trials.culprit_check(tx, lease.queue_no, entry.entry_no, status)
        if found is not None:
            reason = f"{reason}: {found.check}: {found.summary}"
    return reason[:_NOTE_TAIL]


def _is_integrated(lease: RunnerLease, opened: OpenQueue, number: int, done: Executed) -> bool:
    """Say whether a conflict is one because the work is on the target already, and note it."""
    with lease.db.read() as tx:
        entry = entry_rows.get(tx, number)
    if entry.kind == "revert":
        return False  # Its head is what landed: that is there whenever it is to be taken back.
    proof = proofs.find_integration(opened.repo, entry.head_commit, opened.look())
    if not proof:
        return False
    note_external(lease, opened, entry, proof.proof)
    done.moved[number] = None
    return True


def note_external(lease: RunnerLease, opened: OpenQueue, entry: Entry, proof: str) -> None:
    """Record that an entry's work was found on the target without a landing of ours."""
    with lease.write() as tx:
        current = entry_rows.get(tx, entry.entry_no)
        if current.status in ("landing", *entries.FINAL):
            return
        reason = f"found on {opened.queue.branch} already: {proof.replace('_', ' ')}"
        entries.move(tx, current, "find", reason=reason)
