"""Reconciliation of a queue: before a pass decides, its entries follow their tasks and git.

An entry is superseded when its task has a newer attempt, its branch has moved or git has lost its
commit, and marked as landed externally when its work is on the target already. What a rework
brought is queued again.
"""

from orch.git import commits, remotes
from orch.git import refs as git_refs
from orch.landing import enqueue, execute, kept_candidates, kept_refs, land, open_queue
from orch.landing.open_queue import HEADS, OpenQueue
from orch.landing.runner_lease import RunnerLease
from orch.machines import ENTRY
from orch.operations import attempts, entries, runs
from orch.reconcile import reconcile
from orch.store import entries as entry_rows
from orch.store import tasks as task_rows
from orch.store.entries import Entry
from schema.failures import Failure
from schema.json_text import Json, obj
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.transaction import Tx


class QueueReport(Value):
    """What a reconcile of a queue changed: entry numbers, and what could not be done, in words."""

    changed: dict[int, None] = own(factory=dict)
    problems: list[str] = own(factory=list)


def bring_up_to_date(
    lease: RunnerLease, opened: OpenQueue, *, moved: bool, report: QueueReport
) -> None:
    """Let a queue's entries follow their tasks and git. `moved`: the target moved, but not by us.

    Raises: lease_conflict/superseded, git_error.
    """
    with lease.db.read() as tx:
        waiting = entry_rows.open_of_queue(tx, lease.queue_no)
    for run_id in dict.fromkeys(entry.run_id for entry in waiting):
        report.problems += reconcile(lease.db, run_id).problems
    land.verify(lease, opened, [entry for entry in waiting if entry.status == "landed"])
    refs = kept_refs.look(opened)
    stays = []
    for entry in waiting:
        if entry.status in ("landed", "landing"):
            continue
        if _follow(lease, opened, entry, refs, report):
            report.changed[entry.entry_no] = None
        else:
            stays.append(entry)
    lost = kept_refs.lost(opened, stays, refs)
    if lost and opened.remote:
        lost = _bring(lease, opened, lost)
    for entry in lost:
        _supersede(lease, entry, f"git has lost its commit {entry.head_commit[:12]}")
        report.problems.append(_lost(entry))
        report.changed[entry.entry_no] = None
    stays = [entry for entry in stays if entry not in lost]
    kept_refs.keep(opened, stays, refs)
    kept_candidates.keep(lease, opened, refs)
    for entry in kept_refs.on_target(opened, stays) if moved else ():
        execute.note_external(lease, opened, entry, "ancestor")
        report.changed[entry.entry_no] = None


def _bring(lease: RunnerLease, opened: OpenQueue, missing: list[Entry]) -> list[Entry]:
    """Fetch what this machine has not; return what the remote has not either.

    Raises: git_error where it does not answer: then nothing is known to be lost.
    """
    with lease.db.read() as tx:
        branches = {e.entry_no: entry_rows.branch_of(tx, e) for e in missing if e.kind == "task"}
    for entry in missing:
        if entry.kind == "integrate":
            with lease.db.read() as tx:
                run = runs.require(tx, entry.run_id)
            source = open_queue.target_of(run, opened.settings, None)
            branches[entry.entry_no] = source.removeprefix(HEADS)
    wanted = sorted({HEADS + branch for branch in branches.values()})
    for ref in remotes.commits_of(opened.repo, opened.remote, wanted) if wanted else ():
        remotes.fetch(opened.repo, opened.remote, ref)
    gone = commits.missing_objects(opened.repo, [entry.head_commit for entry in missing])
    return [entry for entry in missing if entry.head_commit in gone]


def _lost(entry: Entry) -> str:
    what = f"git has lost {entry.head_commit[:12]}, the commit of {entry.entry_id}"
    if entry.kind != "task":
        return f"{what} ({entry.name}); ask for it anew"
    return f"{what}; have it done again: orch queue retry {entry.name} --rework --body TEXT"


def _follow(
    lease: RunnerLease,
    opened: OpenQueue,
    entry: Entry,
    refs: "Mapping[str, str]",
    report: QueueReport,
) -> bool:
    """Supersede an entry that what it brings has left behind; say whether it was."""
    if entry.kind == "task":
        return _follow_task(lease, opened, entry, refs, report)
    return entry.kind == "integrate" and _follow_branch(lease, opened, entry)


def _follow_branch(lease: RunnerLease, opened: OpenQueue, entry: Entry) -> bool:
    """Supersede what would bring commits that the run's own branch does not hold any more."""
    with lease.db.read() as tx:
        run = runs.require(tx, entry.run_id)
    source = open_queue.target_of(run, opened.settings, None)
    tip = git_refs.read_ref(opened.repo, source)
    if not tip or git_refs.is_ancestor(opened.repo, entry.head_commit, tip):
        return False
    branch = source.removeprefix(HEADS)
    _supersede(lease, entry, f"{branch} does not hold it any more: run orch integrate again")
    return True


def _follow_task(
    lease: RunnerLease,
    opened: OpenQueue,
    entry: Entry,
    refs: "Mapping[str, str]",
    report: QueueReport,
) -> bool:
    """Supersede an entry that its task or its branch has left behind; say whether it was."""
    with lease.db.read() as tx:
        task = task_rows.by_no(tx, entry.task_number)
        newest = attempts.latest(tx, task)
        branch = entry_rows.branch_of(tx, entry)
    if newest is not None and newest.attempt_key != entry.attempt_key:
        if task.status == "done" and newest.execution_mode == "code":
            return _queue_again(lease, opened, entry, newest.attempt_no, report)
        if entry.status in ENTRY.stopped:
            return False  # It waits for what the new attempt brings.
        _supersede(lease, entry, f"attempt {newest.attempt_no} is at work")
        return True
    at = refs.get(HEADS + branch, "")
    if at and at != entry.head_commit:
        _supersede(lease, entry, f"its branch moved to {at[:12]} after the work was reported done")
        return True
    return False


def _supersede(lease: RunnerLease, entry: Entry, reason: str) -> None:
    with lease.write() as tx:
        current = entry_rows.get(tx, entry.entry_no)
        if current.status not in entries.FINAL:
            entries.move(tx, current, "supersede", reason=reason)


def _queue_again(
    lease: RunnerLease, opened: OpenQueue, entry: Entry, attempt_no: int, report: QueueReport
) -> bool:
    """Queue what a newer attempt brought, in place of an entry; say whether that was done."""
    options = enqueue.EnqueueOptions(
        opened.queue.branch, entry.strategy, entry.priority, entries.ACTOR
    )
    try:
        prepared = enqueue.prepare(lease.db, entry.run_id, str(entry.task_id), options)
    except Failure as failure:
        if failure.reason == "no_change":
            _supersede(lease, entry, f"attempt {attempt_no} brought nothing to land")
            return True
        report.problems.append(f"{entry.name} is not queued again: {failure.message}")
        return False

    def _answer(tx: "Tx", added: list[Entry]) -> Json:
        current = entry_rows.get(tx, entry.entry_no)
        entries.move(
            tx, current, "supersede",
            reason=f"attempt {attempt_no} takes its place: {added[0].entry_id}",
        )  # fmt: skip
        report.changed[added[0].entry_no] = None
        return obj()

    try:
        enqueue.confirm(lease.db, [prepared], _answer, bounces=entry.bounces + 1)
    except Failure as failure:
        if failure.reason != "duplicate":
            raise
        _supersede(lease, entry, f"attempt {attempt_no} is queued already")
    return True
