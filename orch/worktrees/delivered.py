"""Delivered work of a worker on another machine: brought to a remote, and from there.

It goes to the attempt's own branch on the remote, which is moved only from what was seen there
last, by who holds the thread's lease.
"""

from inbox.operations import leases
from inbox.store import deliveries
from orch.fleet import mirrors
from orch.git import commits, following, refs, remotes, repository
from orch.model import Attempt, Run
from orch.steps.model import git, say
from orch.store import attempts as attempt_rows
from orch.store import deliveries as delivery_rows
from orch.store import tasks as task_rows
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from schema.steps import Step
    from schema.transaction import Database

HEADS = "refs/heads/"


def push(db: "Database", attempt: Attempt, epoch: int) -> str:
    """Push an attempt's branch from the machine it is worked on; return the head that is there.

    Moves the remote's only from what was last seen there. Raises: lease_conflict/superseded where
    the work is another's by now, invalid_state/not_ready where the remote does not take it.
    """
    checkout = mirrors.need(db, attempt.repo_id)
    repo = repository.open_repository(checkout.path)
    worktree = repository.linked_worktree(repo, attempt.worktree_path)
    following.bring_branch(worktree, attempt.branch_name, attempt.base_commit)
    head = refs.read_ref(repo, HEADS + attempt.branch_name)
    _push(db, repo, checkout.remote, attempt, epoch, head)
    return head


def push_meanwhile(db: "Database", attempt: Attempt, epoch: int) -> str:
    """Push what an agent has committed so far, while it works on; return it, "" for nothing new.

    Its worktree is left alone. Raises: as push does.
    """
    checkout = mirrors.need(db, attempt.repo_id)
    repo = repository.open_repository(checkout.path)
    branch = HEADS + attempt.branch_name
    head = refs.read_ref(repo, branch)
    seen = refs.read_ref(repo, remotes.kept_ref(checkout.remote, branch))
    if head in ("", seen, attempt.base_commit):
        return ""
    _push(db, repo, checkout.remote, attempt, epoch, head)
    return head


def _push(
    db: "Database",
    repo: repository.Repository,
    remote: str,
    attempt: Attempt,
    epoch: int,
    head: str,
) -> None:
    branch = HEADS + attempt.branch_name
    with db.read() as tx:
        known = deliveries.find(tx, attempt.thread_no)
        thread = leases.require_thread(tx, attempt.thread_id)
    if known is None or known.machine_id != db.machine or thread.epoch != epoch:
        raise Failure(
            "lease_conflict", "superseded", f"{attempt.branch_name} is worked on elsewhere by now",
            hint="stop: it continues there",
        )  # fmt: skip
    try:
        moved = _move(repo, remote, branch, head)
    except Failure as failure:
        if failure.code != "git_error":
            raise
        raise not_there(db, attempt, failure.message) from failure
    if moved:
        merge = git("merge", moved[:12], where=attempt.worktree_path)
        why = f"somebody else moved {branch} there to {moved[:12]}"
        raise not_there(db, attempt, why, [merge])
    remotes.note(repo, remote, branch, head)
    crash_points.reach("machines.pushed")
    with db.write() as tx:
        if leases.require_thread(tx, attempt.thread_id).epoch == epoch:
            delivery_rows.note(tx, attempt.thread_no, tx.machine, head, epoch)


def _move(repo: repository.Repository, remote: str, branch: str, head: str) -> str:
    """Move the remote's branch from where it was seen last; return where others moved it, or "".

    What they put there and `head` holds is no obstacle. Raises: git_error.
    """
    seen = refs.read_ref(repo, remotes.kept_ref(remote, branch))
    if not remotes.push(repo, remote, head, branch, seen):
        there = (
            remotes.fetch(repo, remote, branch) if remotes.commit_of(repo, remote, branch) else ""
        )
        if there and not refs.is_ancestor(repo, there, head):
            remotes.note(repo, remote, branch, seen)  # Not agreed to: it is never pushed over.
            return there
        if not remotes.push(repo, remote, head, branch, there):
            return there or "another place"
    remotes.confirm(repo, remote, branch, head)
    return ""


def push_salvage(repo: repository.Repository, remote: str, ref: str, epoch: int) -> None:
    """Push a salvage ref, under a name of its own for each lease. Raises: git_error."""
    commit = refs.read_ref(repo, ref)
    there = f"{ref}/{epoch}"
    seen = remotes.commit_of(repo, remote, there)
    if commit and commit != seen:
        remotes.push(repo, remote, commit, there, seen)


def not_there(
    db: "Database", attempt: Attempt, why: str, first: "Sequence[Step]" = ()
) -> Failure:  # fmt: skip
    """Return the refusal to call work done that its remote does not have; `first` helps it."""
    with db.read() as tx:
        name = task_rows.by_no(tx, attempt.task_no).name
    return Failure(
        "invalid_state",
        "not_ready",
        f"the remote does not have the work of {name}: {why}",
        hint="nothing was reported; push it, then report again",
        next=[*first, say("push", name)],
        details={"branch": attempt.branch_name},
    )


def bring_missing(db: "Database", run: Run) -> list[str]:
    """Fetch what other machines finished for a run and this one has not; return what failed.

    Whoever queues, lands, checks or builds on it reads it here, and may be on any machine.
    """
    with db.read() as tx:
        done = attempt_rows.elsewhere(tx, run.run_id, tx.machine)
    heads = [str(attempt.head_commit) for attempt in done]
    if not heads:
        return []
    repo = repository.open_repository(mirrors.need(db, run.repo_id).path)
    missing = set(commits.missing_objects(repo, heads))
    problems = []
    for attempt in done:
        if attempt.head_commit in missing:
            try:
                bring(db, attempt)
            except Failure as failure:
                if failure.code != "git_error":
                    raise
                problems.append(f"cannot fetch {attempt.branch_name}: {failure.message}")
    return problems


def bring(db: "Database", attempt: Attempt) -> str:
    """Return the delivered head, fetched to this machine with a branch that holds it.

    "" where nothing was delivered. Raises: git_error.
    """
    with db.read() as tx:
        found = deliveries.find(tx, attempt.thread_no)
    if found is None or not found.epoch:
        return ""
    checkout = mirrors.need(db, attempt.repo_id)
    repo = repository.open_repository(checkout.path)
    if commits.missing_objects(repo, [found.head]):
        if found.ref:
            remotes.fetch(repo, checkout.remote, found.ref)
        if commits.missing_objects(repo, [found.head]):
            raise Failure(
                "git_error", "failed",
                f"{attempt.branch_name} on the remote has no {found.head[:12]}",
                hint="somebody changed it there",
            )  # fmt: skip
    old = refs.read_ref(repo, HEADS + attempt.branch_name)
    if found.ref and old != found.head and attempt.machine_id != db.machine:
        refs.swap_ref(repo, found.ref, found.head, old, "orch: delivered")
    return found.head
