"""Attempts whose code moves by git: planned by a leader's machine, placed on a worker's.

The base is pushed before the attempt exists (`refs/orch/base/…`), and a worktree is made only at
the commit that was pushed, never at the tip of a branch. What comes back: delivered.py.
"""

import os

from inbox.operations import leases
from inbox.store import deliveries
from orch import config_in_force
from orch.fleet import here, mirrors
from orch.git import names, refs, remotes, salvage, worktrees
from orch.model import Attempt, Run, Workspace
from orch.store import attempts
from orch.store import deliveries as delivery_rows
from orch.store import fleet as store
from orch.worktrees import create
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from orch.git import repository
    from orch.model import Task
    from orch.operations.work import HeldThread
    from orch.store.fleet import Checkout
    from orch.worktrees.create import Needed
    from schema.transaction import Database

HEADS = "refs/heads/"
_BASE = "refs/orch/base/"


def base_ref(branch: str) -> str:
    """Return where on the remote an attempt's base is, by its branch."""
    return _BASE + branch.removeprefix("orch/")


def plan(
    db: "Database",
    run: Run,
    task: "Task",
    wanted: "list[Needed]",
    *,
    repo_path: str | None,
    base_ref: str | None,
    workspace_root: str | None,
    goes_on: Attempt | None,
) -> "tuple[repository.Repository, Workspace, Config]":
    """Decide the base of an attempt that any machine may work on, and write nothing here.

    Without a base named by hand it is where the remote has the run's target, with the unlanded work
    of prerequisites. Raises: as create.plan does.
    """
    checkout = mirrors.need(db, run.repo_id)
    repo = create.open_checked(db, run, checkout.path)
    settings = config_in_force.of_run(db, run, repo)
    config_in_force.tell_difference(db, run, repo)
    workspace = Workspace()
    workspace.repo_path, workspace.repo_id = checkout.path, run.repo_id
    workspace.remote = checkout.remote
    named = base_ref or run.base_ref
    if goes_on is not None:
        workspace.base_ref, workspace.base_source = goes_on.base_ref, goes_on.base_source
        workspace.base_commit = goes_on.base_commit
        workspace.tip = _of_remote(repo, checkout, goes_on.branch_name) or goes_on.base_commit
    elif named:
        named = _of_remote(repo, checkout, named) or named
        create.choose_base(db, run, task, wanted, repo, named, workspace, settings)
    else:
        tip = tip_of(repo, checkout, run, settings)
        create.choose_base(db, run, task, wanted, repo, None, workspace, settings, tip=tip)
    workspace.branch_name = names.attempt_branch(run.run_id, task.task_id, task.next_attempt_no)
    return repo, workspace, settings


def _of_remote(repo: "repository.Repository", checkout: "Checkout", named: str) -> str:
    """Return where the remote has a branch named by hand, "" where it is no branch there."""
    try:
        ref = names.require_branch(named.removeprefix(HEADS))
    except Failure:
        return ""
    return mirrors.follow(repo, checkout.remote, ref)


def tip_of(
    repo: "repository.Repository", checkout: "Checkout", run: Run, settings: "Config"
) -> str:  # fmt: skip
    """Return where the remote has the branch that work is meant for, "" where it is to come."""
    named = run.target or settings.queue.target
    if named:
        found = mirrors.follow(repo, checkout.remote, HEADS + named.removeprefix(HEADS))
        if found:
            return found
    branch = remotes.default_branch(repo, checkout.remote)
    return mirrors.follow(repo, checkout.remote, branch) if branch else ""


def follow_target(db: "Database", run: Run, repo: "repository.Repository") -> None:
    """Bring the branch that work is meant for to where the remote has it. Raises: git_error."""
    checkout = mirrors.need(db, run.repo_id)
    tip_of(repo, checkout, run, config_in_force.of_run(db, run, repo))


def publish(repo: "repository.Repository", workspace: Workspace, _: "Config") -> None:
    """Push the base and see that it is there, before the attempt exists.

    Raises: invalid_state/branch_exists where another one is, git_error.
    """
    remote, ref = workspace.remote, base_ref(workspace.branch_name)
    if not remotes.push(repo, remote, workspace.start, ref, ""):
        raise Failure(
            "invalid_state",
            "branch_exists",
            f"{ref} is on the remote already, at another commit",
            hint=f"another store used it; look, then: git push {remote} :{ref}",
            details={"ref": ref},
        )
    crash_points.reach("machines.base_pushed")
    remotes.confirm(repo, remote, ref, workspace.start)


def arrive(db: "Database", held: "HeldThread") -> None:
    """Make the worktree of an attempt on this machine, where it is not; `held` is brought up to it.

    Another machine that worked on it before leaves its worktree, and what it pushed is the start.
    Raises: git_error (the remote), invalid_state (stale base, setup), refused/repo_tampered.
    """
    attempt, run, task = held.attempt, held.run, held.task
    if attempt is None or not attempt.repo_id or run is None or task is None:
        return
    here.appear(db)
    if not attempt.branch_name:
        return  # Analysis: its place is made where its worker is.
    if attempt.machine_id == db.machine and os.path.isdir(attempt.worktree_path):
        return
    checkout = mirrors.need(db, run.repo_id)
    repo = create.open_checked(db, run, checkout.path)
    tip_of(repo, checkout, run, config_in_force.of_run(db, run, repo))
    settings = config_in_force.of_run(db, run, repo)
    workspace = Workspace()
    workspace.repo_path, workspace.repo_id = checkout.path, run.repo_id
    workspace.branch_name, workspace.base_commit = attempt.branch_name, attempt.base_commit
    with db.read() as tx:
        known = deliveries.find(tx, held.thread_no)
    assert known is not None  # It is written with the attempt.
    workspace.tip = _start(repo, checkout, attempt, known.start_commit)
    workspace.workspace_root = create.root_of(repo, None, settings)
    workspace.worktree_path = os.path.join(
        workspace.workspace_root, run.run_id, task.task_id, f"attempt-{attempt.attempt_no}"
    )
    _set_aside(repo, held, workspace, settings)
    crash_points.reach("machines.fetched")
    create.make(repo, workspace, settings)
    crash_points.reach("machines.made")
    with db.write() as tx:
        thread = leases.require_thread(tx, held.thread_id)
        leases.require_holder(tx, thread, held.agent, held.token)
        store.set_placed(tx, attempt.attempt_key, tx.machine, workspace)
        where = workspace.worktree_path
        delivery_rows.place(tx, held.thread_no, tx.machine, where, workspace.start)
    crash_points.reach("machines.placed")
    with db.read() as tx:
        held.attempt = attempts.of_thread(tx, held.thread_no)


def _set_aside(
    repo: "repository.Repository", held: "HeldThread", workspace: Workspace, settings: "Config"
) -> None:
    """Keep what this machine has of the attempt from before it went elsewhere, or from a kill.

    Files go to a salvage ref, commits that the remote does not have to another one. Raises:
    invalid_state/not_ready while an agent is still at work there, refused, git_error.
    """
    if os.path.isdir(workspace.worktree_path):
        from orch.harness import orphans

        if held.thread_id in orphans.carriers("INBOX_THREAD").values():
            raise Failure(
                "invalid_state", "not_ready",
                f"an agent of before is still at work in {workspace.worktree_path}",
                hint="its runner ends it",
            )  # fmt: skip
    create.undo(workspace, settings)
    ref = HEADS + workspace.branch_name
    old = refs.read_ref(repo, ref)
    if not old:
        return
    if not refs.is_ancestor(repo, old, workspace.start):
        kept = f"{salvage.SALVAGE}{workspace.branch_name.removeprefix('orch/')}-{old[:12]}"
        refs.swap_ref(repo, kept, old, refs.read_ref(repo, kept), "orch: went on elsewhere")
    worktrees.delete_branch(repo, workspace.branch_name, old)


def _start(
    repo: "repository.Repository", checkout: "Checkout", attempt: Attempt, start: str
) -> str:
    """Return where the worktree begins: what was pushed of the attempt, else its base.

    Raises: invalid_state/base_conflict where the remote's base is not the recorded one.
    """
    ref = base_ref(attempt.branch_name)
    base = remotes.fetch(repo, checkout.remote, ref)
    if base != start:
        raise Failure(
            "invalid_state",
            "base_conflict",
            f"{ref} on the remote is {base[:12]}; the attempt begins at {start[:12]}",
            hint="somebody changed it there; try the task again",
            details={"ref": ref},
        )
    branch = HEADS + attempt.branch_name
    if remotes.commit_of(repo, checkout.remote, branch):
        return remotes.fetch(repo, checkout.remote, branch)
    remotes.forget(repo, checkout.remote, branch)
    return base
