"""Verification: the required checks, run in the attempt's worktree at the recorded head.

What a check's end means is decided by checking.py, as for the merge queue; a pass or a failure
of either counts for the other where tree, command and environment are the same.
"""

from orch import config_in_force, process
from orch.checks import delivered_tree, tree_lock
from orch.checks import run as checking
from orch.config.model import Check, Config
from orch.git import changes, names, refs, repository
from orch.model import Attempt, Run, Task
from orch.operations import attempts, checks, runs, tasks
from orch.steps.model import say
from orch.store import checks as store
from orch.store import trials
from orch.worktrees import create, inspect
from schema import crash_points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from schema.transaction import Database


def verify(
    db: "Database",
    run_id: str,
    task_id: str,
    only: tuple[str, ...],
    jobs: int,
    step: "Callable[[], None]",
    *,
    again: bool = False,
) -> None:
    """Run a task's required checks (or `only` some) and let the gate decide; `step` after each.

    `again`: those that did not pass, whatever is known of them, also of a task that they failed.
    Raises: invalid_state (not verifying, no worktree), refused/work_at_risk for uncommitted
    work, not_found for a check the task does not require, lease_conflict/held while others run
    checks in that worktree.
    """
    with db.read() as tx:
        run = runs.require_open(tx, run_id)
        task = tasks.require(tx, run_id, task_id)
        if not (again and task.status == "failed"):
            checks.require_verifying(task)
        attempt = attempts.latest(tx, task)
        newest = dict(store.newest_statuses(tx, task.task_no))
        required = list(newest)
    assert attempt is not None
    with (
        delivered_tree.at(db, run, attempt) as attempt,
        tree_lock.held(attempt.worktree_path) as lock,
    ):
        settled = _require_workspace(run, task, attempt)
        unknown = [name for name in only if name not in required]
        if unknown:
            raise Failure(
                "not_found",
                "check",
                f"task {task.name} does not require {', '.join(unknown)}",
                hint="it requires " + (", ".join(required) or "nothing"),
            )
        repo = create.open_checked(db, run, attempt.repo_path)
        settings = config_in_force.of_run(db, run, repo)
        config_in_force.tell_difference(db, run, repo)
        chosen = [name for name in required if not only or name in only]
        if again:
            chosen = [name for name in chosen if newest[name] != "passed"]
            _reopen(db, run_id, task_id)
        alone = [n for n in chosen if n in settings.checks and settings.checks[n].exclusive]
        together = [n for n in chosen if n not in alone]
        for group, side_by_side in ((together, jobs), *(([name], 1) for name in alone)):
            _run_group(db, run, task, attempt, settings, group, side_by_side, step,
                       settled=settled, afresh=again, lock=lock)  # fmt: skip


def runnable(db: "Database", run_id: str, task_id: str, known: set[str]) -> tuple[str, ...]:
    """Return the required checks that have not passed, and that orch.toml says how to run."""
    with db.read() as tx:
        task = tasks.require(tx, run_id, task_id)
        newest = store.newest_statuses(tx, task.task_no)
    return tuple(name for name, status in newest if status != "passed" and name in known)


def _reopen(db: "Database", run_id: str, task_id: str) -> None:
    """Let what its checks failed be verified again; nothing to do for what still is."""
    with db.write() as tx:
        run, task = runs.require_open(tx, run_id), tasks.require(tx, run_id, task_id)
        attempt = attempts.latest(tx, task)
        assert attempt is not None
        if task.status != "verifying":
            checks.reopen(tx, run, task, attempt)
            runs.record_run_end(tx, run)


def _require_workspace(run: Run, task: Task, attempt: Attempt) -> bool:
    """Return whether the worktree still stands at the recorded head, clean."""
    if attempt.workspace_status != "created":
        raise Failure(
            "invalid_state",
            "unsupported",
            f"attempt {attempt.attempt_no} of {task.name} has no worktree to run checks in",
            hint="record results from outside",
            next=[say("verify record", task.name, check="NAME", status="passed")],
        )
    found = inspect.left(attempt)
    if found.names:
        raise inspect.at_risk(task.name, attempt, found, "; what is checked is not what would land")
    return not _has_moved(attempt, _worktree_of(attempt))


def _run_group(
    db: "Database",
    run: Run,
    task: Task,
    attempt: Attempt,
    settings: Config,
    group: list[str],
    jobs: int,
    step: "Callable[[], None]",
    *,
    settled: bool,
    afresh: bool,
    lock: tuple[int, ...],
) -> None:
    """Run some checks side by side and record each; the store is used by this thread only."""
    if not group:
        return
    planned = []
    for name in group:
        check = settings.checks.get(name)
        key = _cache_key(attempt, check, settings) if check is not None and settled else None
        with db.read() as tx:
            known = trials.cached(tx, key) if key is not None and not afresh else None
        planned.append((name, check, key, known))
    with process.side_by_side(jobs) as pool:
        futures = [
            pool.submit(_run_check, attempt, check, settings, lock)
            if check is not None and known is None
            else None
            for _, check, _, known in planned
        ]
        for (name, _, key, known), future in zip(planned, futures, strict=True):
            db.signals.lower()  # A check may take long, and the one before it is recorded.
            result = _result(name, run, attempt, known, future)
            if result.source == "run" and result.status != "error":
                result.cache_key = key
            _record(db, run, task, result)
            step()


def _result(
    name: str,
    run: Run,
    attempt: Attempt,
    known: "tuple[str, str, str, int | None] | None",
    future: "Future[store.Result] | None",
) -> store.Result:
    """Return what is known of one check: from the cache, from its run, or that it is unknown."""
    if known is not None:
        status, summary, tail, exit_status = known
        return store.Result(
            name, status, "cache", run.leader, summary=summary, tail=tail,
            exit_status=exit_status, head_commit=attempt.head_commit,
        )  # fmt: skip
    if future is None:
        result = checking.unknown(name)
        result.head_commit = attempt.head_commit
    else:
        result = future.result()
    result.recorded_by = run.leader
    return result


def _record(db: "Database", run: Run, task: Task, result: store.Result) -> None:
    with db.write() as tx:
        fresh = runs.require_open(tx, run.run_id)
        current = tasks.require(tx, run.run_id, task.task_id)
        if current.status != "verifying" and result.source != "record":
            return  # Decided meanwhile, by another verify or a person.
        attempt = attempts.latest(tx, current)
        assert attempt is not None
        checks.record(tx, fresh, current, attempt, result)
        runs.record_run_end(tx, fresh)
    crash_points.reach("verify.recorded")


def _cache_key(attempt: Attempt, check: Check, settings: Config) -> str:
    """Return what the result depends on: tree, command, environment."""
    repo = repository.open_repository(attempt.repo_path)
    tree = refs.tree_id(repo, attempt.head_commit) if attempt.head_commit else ""
    return checking.cache_key(tree, check, settings)


def _run_check(
    attempt: Attempt, check: Check, settings: Config, lock: tuple[int, ...]
) -> store.Result:
    """Run one check in the attempt's worktree; an error where that is not as recorded."""
    result = checking.run(
        check, settings, attempt.worktree_path, lambda: _moved(attempt), lock,
        since=" since the work was reported done",
    )  # fmt: skip
    result.head_commit = attempt.head_commit
    return result


def _moved(attempt: Attempt) -> str:
    """Return in words what of the checked work is no longer as recorded, "" when all is."""
    worktree = _worktree_of(attempt)
    if _has_moved(attempt, worktree):
        return "the head changed"
    changed = changes.status(worktree).tracked
    return f"{names.display(changed[0].path)} changed" if changed else ""


def _worktree_of(attempt: Attempt) -> repository.Repository:
    repo = repository.open_repository(attempt.repo_path)
    return repository.linked_worktree(repo, attempt.worktree_path)


def _has_moved(attempt: Attempt, worktree: repository.Repository) -> bool:
    """Say whether the branch or HEAD of a worktree is elsewhere than the work that was recorded."""
    branch = refs.read_ref(worktree, "refs/heads/" + attempt.branch_name)
    return not branch == refs.head(worktree).commit == attempt.head_commit
