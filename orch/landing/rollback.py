"""Rollback: the target is put back, or, where that could lose work, a revert is queued.

Put back only while the entry is the newest on the target, nobody else can have it (no remote branch
holds it), and the target stood there before, tested. Whatever depends on it is listed and held.
"""

from orch.git import landing as git_landing
from orch.git import refs
from orch.landing import kept_refs, land, open_queue, runner_lease
from orch.landing.open_queue import OpenQueue
from orch.landing.runner import hold_dependents
from orch.machines import ENTRY
from orch.operations import entries
from orch.steps.model import say
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import trials
from orch.store.entries import Entry
from orch.store.queues import Queue
from schema import crash_points
from schema.failures import Failure
from schema.json_text import Json
from schema.steps import command
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, ReadTx, Tx

PUT_BACK, REVERT = "put_back", "revert"


class RollbackPlan(Value):
    """How an entry will be taken back, and what that touches."""

    opened: OpenQueue
    entry: Entry
    how: str
    before: str
    why: str


class RollbackOutcome(Value):
    """What was done: the entry that takes it back (itself when put back), what that stopped.

    `held` are entries of what depends on it, `superseded` those that would have brought it on.
    """

    plan: RollbackPlan
    by: int
    held: list[int]
    superseded: list[int]


def decide(db: "Database", entry_no: int) -> RollbackPlan:
    """Return how an entry would be taken back. Raises: invalid_state when it did not land."""
    with db.read() as tx:
        entry = entries.require(tx, entry_no)
        queue = queue_rows.get(tx, entry.queue_no)
        _require_landed(tx, entry)
        later = entry_rows.landed_after(tx, entry)
        before = trials.made_on(tx, entry.queue_no, entry.entry_no, entry.landed_commit)
        in_batch = bool(before) and entry_rows.landed_with(tx, entry.entry_no, before)
        others = [q for q in queue_rows.all_of(tx, entry.run_id) if q.queue_no != queue.queue_no]
    opened = open_queue.open_queue(db, queue)
    why = _why_not_put_back(db, opened, entry, before, in_batch=in_batch, later=later)
    if entry.kind != "integrate":  # That came from a target of the run, which goes on holding it.
        why = why or _held_elsewhere(opened, entry, others)
    return RollbackPlan(opened, entry, REVERT if why else PUT_BACK, before, why)


def _require_landed(tx: "ReadTx", entry: Entry) -> None:
    if entry.status not in ENTRY.before("rollback"):
        step = say("queue show", entry.entry_id)
        if entry.status not in (*entries.FINAL, "landing"):
            step = say("queue cancel", entry.entry_id).because("take it out of the queue")
        raise Failure(
            "invalid_state",
            "transition",
            f"{entry.entry_id} ({entry.name}) is {entry.status}: it did not land, so nothing is "
            "to be taken back",
            next=[step],
        )
    under_way = entry_rows.revert_of(tx, entry.entry_no)
    if under_way is not None:
        raise Failure(
            "invalid_state",
            "duplicate",
            f"ent_{under_way} is taking {entry.entry_id} back already",
            next=[say("queue show", f"ent_{under_way}")],
        )


def _why_not_put_back(
    db: "Database",
    opened: OpenQueue,
    entry: Entry,
    before: str,
    *,
    in_batch: bool,
    later: list[Entry],
) -> str:
    """Return in words why the target cannot simply be put back, "" when it can."""
    tip = opened.look()
    if later:
        return f"{', '.join(e.entry_id for e in later)} landed after it"
    if not before:
        return "where the target stood before is not known"
    if tip not in (entry.landed_commit, before):
        return f"{opened.queue.branch} moved on to {tip[:12]}"
    if opened.remote or git_landing.is_published(opened.repo, entry.landed_commit):
        return "a remote branch holds it: others may have built on it"
    if in_batch:
        tree = refs.tree_id(opened.repo, before)
        with db.read() as tx:
            ends = trials.ends(tx, entry.queue_no)
        if not any(t == tree and end == "passed" for t, _, end, _ in ends):
            return "it landed together with others, and what they are without it was not tested"
    return ""


def _held_elsewhere(opened: OpenQueue, entry: Entry, others: list[Queue]) -> str:
    """Return in words which other target of the run holds the landed commit already, "" if none."""
    for queue in others:
        if queue.repo_path != opened.queue.repo_path:
            continue
        tip = refs.read_ref(opened.repo, queue.target)
        if tip and refs.is_ancestor(opened.repo, entry.landed_commit, tip):
            return f"{queue.branch} holds it already"
    return ""


def carry_out(db: "Database", plan: RollbackPlan, actor: str, reason: str) -> RollbackOutcome:
    """Do it. Raises: lease_conflict/held while a runner is at work, invalid_state/dirty, git_error.

    Run again after it was killed, it finishes what was begun.
    """
    if plan.how == REVERT:
        return _queue_revert(db, plan, actor, reason)
    opened, entry = plan.opened, plan.entry
    lease = runner_lease.take(db, opened.queue, opened.folder, steal=False)
    try:
        with lease.effects():
            if entry.kind == "task":  # Its branch may be gone: then only the target holds it.
                kept_refs.keep(opened, [entry], {})
            _put_back(opened, entry, plan.before)
            crash_points.reach("rollback.refreshed")
            with lease.write() as tx:
                current = entry_rows.get(tx, entry.entry_no)
                if current.status in ENTRY.before("rollback"):
                    entries.take_back(tx, current, current)
                held = _hold(tx, entry, actor, reason)
                superseded = _call_off_integration(tx, entry)
            kept_refs.delete_obsolete(db, opened)
    finally:
        lease.leave()
    crash_points.reach("rollback.confirmed")
    return RollbackOutcome(plan, entry.entry_no, held, superseded)


def _hold(tx: "Tx", entry: Entry, actor: str, reason: str) -> list[int]:
    if entry.task_no is None:
        return []
    why = f"{entry.name}, on which it depends, was rolled back" + (f": {reason}" if reason else "")
    return [e.entry_no for e in hold_dependents(tx, entry.task_no, actor, why)]


def integrating(tx: "ReadTx", entry: Entry) -> list[Entry]:
    """Return the open entries that would bring the branch, on which an entry landed, elsewhere."""
    return [
        other
        for other in entry_rows.chosen(tx, entry.run_id, None, None)
        if other.kind == "integrate"
        and other.queue_no != entry.queue_no
        and other.repo_path == entry.repo_path
        and other.status not in ("landing", "landed", *entries.FINAL)
    ]


def _call_off_integration(tx: "Tx", entry: Entry) -> list[int]:
    """Supersede what would bring on the work that is taken back; return the entries' numbers."""
    found = integrating(tx, entry) if entry.kind != "integrate" else []
    for other in found:
        reason = f"{entry.entry_id} ({entry.name}) was taken back: run orch integrate again"
        entries.move(tx, other, "supersede", reason=reason)
    return [other.entry_no for other in found]


def _put_back(opened: OpenQueue, entry: Entry, before: str) -> None:
    """Move the target from the landed commit to the one before it, checkouts with it."""
    if opened.look() == entry.landed_commit:
        blockers = land.blockers(opened, entry.landed_commit, before)
        if blockers:
            raise land.dirty(opened, blockers)
        why = command(say("queue rollback", entry.entry_id))
        if not git_landing.move_target(
            opened.repo, opened.queue.target, entry.landed_commit, before, why
        ):
            raise Failure(
                "invalid_state",
                "superseded",
                f"{opened.queue.branch} moved meanwhile",
                hint="run the same command again",
            )
    crash_points.reach("rollback.moved")
    land.refresh(opened, entry.landed_commit, before)


def _queue_revert(db: "Database", plan: RollbackPlan, actor: str, reason: str) -> RollbackOutcome:
    entry = plan.entry
    with db.write() as tx:
        current = entries.require(tx, entry.entry_no)
        _require_landed(tx, current)
        queue = queue_rows.get(tx, entry.queue_no)
        made = entries.add(
            tx,
            queue,
            {
                "run_id": entry.run_id, "kind": "revert", "task_no": entry.task_no,
                "attempt_key": None, "reverts": entry.entry_no,
                "head_commit": entry.landed_commit, "base_commit": entry.landed_commit,
                "strategy": "squash", "priority": 3, "rank": 0,
                "changed_paths": Json(entry.changed_paths), "facts": Json(entry.facts),
                "bounces": 0, "risk": entry.risk,
                "approvals": Json('{"needed":[],"given":[],"missing":[]}'), "added_by": actor,
            },
            entry.task_id,
        )  # fmt: skip
        held = _hold(tx, entry, actor, reason)
        superseded = _call_off_integration(tx, entry)
    crash_points.reach("rollback.queued")
    return RollbackOutcome(plan, made.entry_no, held, superseded)
