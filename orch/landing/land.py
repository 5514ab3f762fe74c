"""Landing: the target moves to a tested commit, by compare-and-swap, and only then is it told.

1. Asked once more, under the lease: tree, target, checkouts, orch.toml, approvals (I18).
2. Intent row: the file refuses a tree that passed no trial. `landing.intended`
3. The target's ref. `landing.target_made` where it is new, then `landing.moved`
4. The checkouts that stand on it. `landing.refreshed`
5. Confirmation: landed, or queued again. `landing.confirmed`
6. `verify` looks for the work on the target. `landing.looked_for`, `landing.verified`

Killed between any two, `settle` finds out where it was and finishes or takes it back.
"""

import contextlib
import json

from orch.git import checkout_conflicts, landing, merges, proofs, refs, remotes, workbench
from orch.git import commits as git_commits
from orch.landing import approval_gate, candidates, open_queue
from orch.landing.open_queue import OpenQueue
from orch.landing.planner.model import Land
from orch.landing.runner_lease import RunnerLease
from orch.machines import ENTRY
from orch.operations import entries
from orch.steps.model import say
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import trials
from orch.store.entries import Entry
from schema import crash_points
from schema.failures import Failure
from schema.json_text import array, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.transaction import Tx


class Blocked(Exception):
    """A checkout of the target stands in the way; nothing was changed."""

    def __init__(self, blockers: "list[checkout_conflicts.Blocker]") -> None:
        super().__init__(f"in the way of the landing: {many(len(blockers), 'checkout')}")
        self.blockers = blockers


def land(lease: RunnerLease, opened: OpenQueue, step: Land, links: dict[int, str]) -> list[Entry]:
    """Move the target from `step.onto` to `step.commit`; return what landed, [] if it may not.

    `links` are the commits at which each entry of the step is on the chain. Raises: Blocked,
    lease_conflict/superseded, invalid_state/branch_exists, git_error.
    """
    with lease.effects():
        opened.fetch()
        if refs.tree_id(opened.repo, step.commit) != step.tree:
            raise Failure(
                "internal_error", "bug", f"{step.commit} does not have the tree that was tested"
            )
        if opened.look() != step.onto:
            return []  # Somebody moved the target; the next pass looks again.
        open_queue.require_makeable(opened.repo, opened.queue.target)
        found = blockers(opened, step.onto, step.commit)
        if found:
            raise Blocked(found)
        if not open_queue.is_current(lease.db, opened):
            return []  # Another orch.toml counts by now; the next pass decides by it.
        if not _intend(lease, opened, step, links):
            return []
        crash_points.reach("landing.intended")
        try:
            moved = _move(opened, step.onto, step.commit)
        except Failure as failure:
            _take_back(lease, opened, step, failure)
            raise
        crash_points.reach("landing.moved")
        if moved:
            refresh(opened, step.onto, step.commit)
            crash_points.reach("landing.refreshed")
        landed = _confirm(lease, opened, moved=moved)
    crash_points.reach("landing.confirmed")
    return landed


def settle(lease: RunnerLease, opened: OpenQueue) -> list[Entry]:
    """Finish or take back a landing that was killed half-way; return what landed by it."""
    with lease.db.read() as tx:
        intent = queue_rows.intent_of(tx, lease.queue_no)
    if intent is None:
        return []
    with lease.effects():
        opened.fetch()  # Where nobody answers, nothing is decided: the next pass asks again.
        now = refs.read_ref(opened.repo, opened.target_ref)
        # A commit that git has no more is on no branch: it never got there.
        moved = now == intent.to_commit or (
            bool(now)
            and not git_commits.missing_objects(opened.repo, [intent.to_commit])
            and refs.is_ancestor(opened.repo, intent.to_commit, now)
        )
        if moved:  # Somebody may have built on it since: the files go where the branch is.
            refresh(opened, intent.from_commit, now)
        else:
            landing.release_checkouts(opened.repo, opened.queue.target)
        crash_points.reach("landing.settled")
        return _confirm(lease, opened, moved=moved)


def blockers(opened: OpenQueue, old: str, new: str) -> "list[checkout_conflicts.Blocker]":
    """Return what in the target's checkouts stands in the way of a move; asked without writing."""
    found: list[checkout_conflicts.Blocker] = []
    if opened.remote:
        return found  # Checkouts follow as they can: the target is the remote's.
    for checkout in landing.checkouts_of(opened.repo, opened.queue.target):
        found += landing.rehearse(checkout, old, new)
    return found


def dirty(opened: OpenQueue, found: "list[checkout_conflicts.Blocker]") -> Failure:
    """Return the refusal to move a target whose checkouts stand in the way."""
    return Failure(
        "invalid_state",
        "dirty",
        f"{opened.queue.branch} is checked out: " + "; ".join(b.why for b in found),
        hint=found[0].hint,
        next=found[0].steps,
        details={
            "checkouts": [b.checkout for b in found],
            "files": [name for b in found for name in b.files][:200],
            "busy": [b.operation for b in found if b.operation],
        },
    )


def _intend(lease: RunnerLease, opened: OpenQueue, step: Land, links: dict[int, str]) -> bool:
    """Write the landing down if all of it may still land; say whether."""
    with lease.write() as tx:
        queue = queue_rows.get(tx, lease.queue_no)
        if queue.hold_reason and not queue.hold_tree:
            return False  # By a person, since the plan was made.
        found = [entry_rows.find(tx, number) for number in step.entries]
        _require_told(tx, step.entries)
        ready = [entry for entry in found if entry is not None and _may_land(tx, opened, entry)]
        if len(ready) != len(step.entries):
            return False
        rows = [obj(entry_no=e.entry_no, commit=links[e.entry_no]) for e in ready]
        queue_rows.intend(
            tx, lease.queue_no, lease.fence, step.onto, step.commit, step.tree, array(rows)
        )
        for entry in ready:
            entries.move(tx, entry, "land")
        for number in step.overtaken:
            entry_rows.count(tx, number, "overtaken")
    return True


def _require_told(tx: "Tx", numbers: "Iterable[int]") -> None:
    """Raise store_error/corrupt where rows that decide a landing are not as the events tell."""
    wrong = [words for number in numbers for words in entry_rows.untold(tx, number)]
    if wrong:
        raise Failure(
            "store_error",
            "corrupt",
            "nothing lands: the store does not agree with its own log: " + "; ".join(wrong[:5]),
            hint="somebody changed it by hand; see everything",
            next=[say("doctor", deep=True)],
            details={"rows": wrong[:20]},
        )


def _may_land(tx: "Tx", opened: OpenQueue, entry: Entry) -> bool:
    """Say whether an entry is still on its way, with every approval it needs, under the lock."""
    if entry.status not in ENTRY.moving:
        return False
    return approval_gate.evaluate_now(tx, opened, entry).state == "granted"


def _move(opened: OpenQueue, old: str, new: str) -> bool:
    """Move the target's ref, made first where it is still to come; say whether it moved."""
    target = opened.queue.target
    if opened.remote:
        seen = old if opened.exists else ""
        if not remotes.push(opened.repo, opened.remote, new, target, seen):
            return False
        remotes.note(opened.repo, opened.remote, target, new)
        return True
    if not opened.exists and not landing.create_target(opened.repo, target, old):
        return False
    crash_points.reach("landing.target_made")
    return landing.move_target(opened.repo, target, old, new, "orch queue: landing")


def refresh(opened: OpenQueue, old: str, new: str) -> None:
    """Bring every checkout of the target to the new commit, the user's own files untouched.

    Of a shared repository those of this machine, as far as nothing stands in their way.
    """
    if opened.remote:
        follow_checkouts(opened, new)
        return
    for checkout in landing.checkouts_of(opened.repo, opened.queue.target):
        landing.refresh_checkout(checkout, old, new)


def follow_checkouts(opened: OpenQueue, new: str) -> None:
    """Bring the target's branch here, and the checkouts on it, to where the remote's is."""
    target = opened.queue.target
    here = refs.read_ref(opened.repo, target)
    if here == new or (here and not refs.is_ancestor(opened.repo, here, new)):
        return
    with contextlib.suppress(Failure):
        if not here:
            landing.create_target(opened.repo, target, new)
        elif landing.move_target(opened.repo, target, here, new, f"orch: follow {opened.remote}"):
            for checkout in landing.checkouts_of(opened.repo, target):
                landing.refresh_checkout(checkout, here, new)


def _take_back(lease: RunnerLease, opened: OpenQueue, step: Land, refused: Failure) -> None:
    """Forget a landing of which nothing was done; what git does not tell now, `settle` will."""
    with contextlib.suppress(Failure):
        if opened.fetch() != step.commit:
            landing.release_checkouts(opened.repo, opened.queue.target)
            _confirm(lease, opened, moved=False, why=refused.message[:300])


def _confirm(
    lease: RunnerLease, opened: OpenQueue, *, moved: bool, why: str = "the target moved meanwhile"
) -> list[Entry]:
    """Record what the landing came to: landed, or back in the queue."""
    landed: list[Entry] = []
    with lease.write() as tx:
        intent = queue_rows.intent_of(tx, lease.queue_no)
        if intent is None:
            return []
        for row in json.loads(intent.entries):
            entry = entry_rows.get(tx, row["entry_no"])
            if entry.status != "landing":
                continue
            if not moved:
                entries.move(tx, entry, "requeue", reason=why)
                continue
            entry_rows.set_landed(tx, entry, row["commit"], intent.tree)
            payload = obj(
                entry_id=entry.entry_id,
                target=entry.target,
                commit=row["commit"],
                tree=intent.tree,
            )
            entries.move(tx, entry, "confirm", payload=payload)
            if entry.reverts is not None:
                entries.take_back(tx, entry_rows.get(tx, entry.reverts), entry)
            landed.append(entry_rows.get(tx, entry.entry_no))
        queue_rows.forget_intent(tx, lease.queue_no)
    return landed


def verify(lease: RunnerLease, opened: OpenQueue, landed: list[Entry]) -> None:
    """Look for the work on the target; what is seen there is verified."""
    if not landed:
        return
    with lease.db.read() as tx:
        resolved = {
            entry.entry_no
            for entry in landed
            if trials.was_resolved(tx, entry.queue_no, entry.entry_no, entry.landed_commit)
        }
    seen = _seen(lease, opened, landed, resolved)
    crash_points.reach("landing.looked_for")
    with lease.write() as tx:
        for entry in landed:
            current = entry_rows.get(tx, entry.entry_no)
            if current.status != "landed":
                continue
            if entry.entry_no in seen:
                entries.move(tx, current, "verify")
            else:
                missing = f"{entry.landed_commit[:12]} is not on {opened.queue.branch}"
                entries.move(tx, current, "miss", reason=missing)
    crash_points.reach("landing.verified")


def _seen(
    lease: RunnerLease, opened: OpenQueue, landed: list[Entry], resolved: set[int]
) -> set[int]:
    """Return the entries whose commit the target holds, and whose change that commit holds.

    What was `resolved` mechanically is no longer the change as its worker wrote it.
    """
    commits = [entry.landed_commit for entry in landed]
    try:
        missing = merges.heads_missing_from(opened.repo, opened.look(), commits)
    except Failure:
        gone = git_commits.missing_objects(opened.repo, commits)
        rest = [commit for commit in commits if commit not in gone]
        missing = (*gone, *merges.heads_missing_from(opened.repo, opened.tip, rest))
    there = [entry for entry in landed if entry.landed_commit not in missing]
    parents = git_commits.parents_of(opened.repo, [entry.landed_commit for entry in there])
    return {
        entry.entry_no
        for entry in there
        if entry.kind == "revert"
        or entry.entry_no in resolved
        or entry.head_commit in (entry.landed_commit, *parents[entry.landed_commit])
        or _is_made_again(lease, opened, entry)
        or proofs.find_integration(opened.repo, entry.head_commit, entry.landed_commit)
    }


def _is_made_again(lease: RunnerLease, opened: OpenQueue, entry: Entry) -> bool:
    """Say whether the landed tree comes again when the entry is put where it was put.

    A squash or a rebase of work that is stacked on other work shows none of the proofs of git.
    """
    with lease.db.read() as tx:
        onto = trials.made_on(tx, entry.queue_no, entry.entry_no, entry.landed_commit)
    if not onto:
        return False
    with workbench.open_workbench(opened.repo) as bench:
        made = candidates.put_on_top(lease, opened, entry, onto, bench)
    return made.is_clean and made.tree == refs.tree_id(opened.repo, entry.landed_commit)
