"""Bringing a run's integration branch into the user's branch: an entry of that branch's queue.

The same passes, checks and landing as for any other entry; where the branch has not moved, it is
brought forward to the very commit that was tested.
"""

from orch import config_in_force
from orch.git import candidates, landing, names, refs, repository, workbench
from orch.landing import approval_gate, open_queue
from orch.landing.open_queue import HEADS
from orch.machines import IN_TARGET
from orch.model import Run
from orch.operations import entries, runs
from orch.steps.model import git, say
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import trials
from orch.store.queues import Queue
from orch.worktrees import create
from schema import crash_points
from schema.failures import Failure
from schema.json_text import Json, array, merge
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, ReadTx, Tx


class IntegrationPlan:
    """What is to be brought where."""

    __slots__ = ("actor", "base", "head", "repo", "run", "source", "target", "tip")

    def __init__(self, run: Run, repo: repository.Repository) -> None:
        self.run = run
        self.repo = repo
        self.source = ""
        self.target = ""
        self.head = ""
        self.base = ""
        self.tip = ""
        self.actor: str = run.leader


def _shown(*branches: str) -> list[str]:
    return [branch.removeprefix(HEADS) for branch in branches]


def decide(db: "Database", run_id: str, into: str | None, repo_path: str | None) -> IntegrationPlan:
    """Return what would be integrated. Raises: invalid_state/not_ready, no_matching_work/empty."""
    with db.read() as tx:
        run = runs.require_open(tx, run_id)
    path = create.repository_of(run, repo_path)
    repo = open_queue.repository(db, run, path)
    plan = IntegrationPlan(run, repo)
    plan.source = open_queue.target_of(run, config_in_force.of_run(db, run, repo), None)
    plan.target = names.require_branch(_into(repo, into))
    plan.head = refs.read_ref(repo, plan.source)
    if plan.source == plan.target:
        raise Failure(
            "no_matching_work",
            "empty",
            f"run {run_id} lands on {into or plan.target.removeprefix(HEADS)} itself",
            next=[say("queue run", run=run_id)],
        )
    if not plan.head:
        raise Failure(
            "invalid_state",
            "not_ready",
            f"nothing of run {run_id} has landed: there is no {plan.source.removeprefix(HEADS)}",
        )
    tip = refs.read_ref(repo, plan.target)
    if not tip:
        raise Failure(
            "invalid_input",
            "value",
            f"there is no branch {plan.target.removeprefix(HEADS)}",
            hint="name an existing one with --into",
        )
    if refs.is_ancestor(repo, plan.head, tip):
        raise Failure(
            "no_matching_work",
            "empty",
            f"{plan.target.removeprefix(HEADS)} holds all of {plan.source.removeprefix(HEADS)}",
            hint="see what waits",
            next=[say("queue list", run=run_id)],
        )
    plan.tip = tip
    plan.base = refs.merge_base(repo, plan.head, tip)
    if not plan.base:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{plan.source.removeprefix(HEADS)} and {plan.target.removeprefix(HEADS)} share no "
            "history",
            hint="was one of them replaced? look",
            next=[git("log", "--oneline", "--graph", *_shown(plan.source, plan.target))],
        )
    return plan


def _into(repo: repository.Repository, into: str | None) -> str:
    branch = (into or "").removeprefix(HEADS) or refs.head(repo).branch
    if not branch:
        raise Failure(
            "invalid_input",
            "flag",
            f"{repo.top or repo.common_dir} is on no branch",
            hint="name the branch: --into BRANCH",
        )
    return branch


def commits(plan: IntegrationPlan) -> list[str]:
    """Return what would come in, the newest first, in one line each."""
    found = refs.list_commits(plan.repo, plan.base, plan.head, 200)
    return [f"{one.commit[:12]} {one.subject}" for one in found]


class Rehearsal(Value):
    """What bringing it in now would meet: files that do not merge, or that are in the way."""

    conflicts: list[str]
    in_the_way: list[str]


def rehearse(plan: IntegrationPlan) -> Rehearsal:
    """Return what would hinder it now; no ref and no file is touched. Raises: git_error."""
    with workbench.open_workbench(plan.repo) as bench:
        made = candidates.make_candidate(
            plan.repo, plan.tip, plan.head, plan.base, "merge", "", fast_forward=True, bench=bench
        )
    if not made.is_clean:
        return Rehearsal([names.display(name) for name in made.files], [])
    hindering = [
        blocker.why
        for checkout in landing.checkouts_of(plan.repo, plan.target)
        for blocker in landing.rehearse(checkout, plan.tip, made.commit)
    ]
    return Rehearsal([], hindering)


def queue_it(db: "Database", plan: IntegrationPlan) -> tuple[int, Queue]:
    """Put the branch's present head into its target's queue; return (entry number, queue).

    The same head is queued once, and tried again when the target moved since it conflicted; an
    entry with an older one is superseded.
    """
    seen = approval_gate.look(plan.repo, plan.base, plan.head, None, None)
    approval_gate.require_no_store(plan.source.removeprefix(HEADS), seen)
    repo_path = plan.repo.top or plan.repo.common_dir
    with db.read() as tx:
        source = queue_rows.find(tx, repo_path, plan.source)
        came = source is not None and _came_by_queue(tx, source, plan)
    facts = merge(seen.facts, came_by_queue=came)
    with db.write() as tx:
        queue = queue_rows.open_one(tx, repo_path, plan.target)
        number = _known(tx, queue, plan)
        if number is None:
            made = entries.add(
                tx,
                queue,
                {
                    "run_id": plan.run.run_id, "kind": "integrate", "task_no": None,
                    "attempt_key": None, "reverts": None, "head_commit": plan.head,
                    "base_commit": plan.base, "strategy": "merge", "priority": 1, "rank": 0,
                    "changed_paths": array(seen.paths), "facts": facts, "bounces": 0,
                    "risk": "high", "approvals": Json('{"needed":[],"given":[],"missing":[]}'),
                    "added_by": plan.actor,
                },
                None,
            )  # fmt: skip
            number = made.entry_no
    crash_points.reach("integrate.queued")
    return number, queue


def withdraw(db: "Database", number: int, reason: str) -> None:
    """Take an integration that was refused out of its queue: no later runner may land it."""
    with db.write() as tx:
        entry = entry_rows.get(tx, number)
        if entry.status not in ("landing", "landed", *entries.FINAL):
            entries.cancel(tx, entry, entries.ACTOR, reason)


def bring(db: "Database", run_id: str, into: str) -> str:
    """Bring a run's integration branch into a branch; return in words what came of it.

    Raises: what `decide` does, refused/approval_required, invalid_state/not_ready; unless it is an
    approval that lacks, the entry is withdrawn then.
    """
    from orch.landing import runner, snapshot

    plan = decide(db, run_id, into, None)
    number, queue = queue_it(db, plan)
    try:
        runner.run(db, queue, snapshot.Options())
    except BaseException:
        withdraw(db, number, "the integration was refused or stopped")
        raise
    with db.read() as tx:
        entry = entry_rows.get(tx, number)
    source, target = _shown(plan.source, plan.target)
    if entry.status in IN_TARGET:
        return f"{source} is in {target}"
    why = entry.reason or entry.why or f"it is {entry.status}"
    if entry.status == "awaiting_approval":
        raise Failure(
            "refused", "approval_required", f"{entry.entry_id} ({source} into {target}) {why}"
        )
    withdraw(db, number, f"the integration was refused: {why}"[:300])
    raise Failure(
        "invalid_state",
        "not_ready",
        f"{source} does not come into {target}: {why}",
        next=[say("integrate", run=run_id, into=target)],
    )


def _came_by_queue(tx: "ReadTx", source: Queue, plan: IntegrationPlan) -> bool:
    """Say whether all that is to be integrated landed by a queue, one entry on the other.

    Then each of them was approved as the policy wants it, and nothing else comes along.
    """
    landed = {
        str(entry.landed_commit): entry
        for entry in entry_rows.chosen(tx, None, source.queue_no, None)
        if entry.landed_commit  # Also what a revert took back, by the queue again.
    }
    at = plan.head
    while at != plan.base:
        entry = landed.pop(at, None)
        if entry is None:
            return False
        at = trials.made_on(tx, source.queue_no, entry.entry_no, at)
    return True


def _known(tx: "Tx", queue: Queue, plan: IntegrationPlan) -> int | None:
    found = None
    for entry in entry_rows.integrating(tx, queue.queue_no, plan.run.run_id):
        if entry.head_commit == plan.head:
            found = int(entry.entry_no)
            met = trials.conflict_of(tx, queue.queue_no, entry.entry_no)
            if entry.status == "conflict" and met is not None and met.onto != plan.tip:
                entries.retry(tx, entry, plan.actor, "the target moved, and it was asked for again")
        elif entry.status not in ("landing", "landed"):
            entries.move(tx, entry, "supersede", reason="the integration branch moved on")
    return found
