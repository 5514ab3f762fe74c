"""Cleanup: a worktree goes only with a proof that nothing is lost with it.

The proof is named (I11). Everything dirty is kept, or with force saved to a salvage ref first.
Branches stay. Nothing is removed recursively by us; git removes, and the effect is checked.
"""

import contextlib
import copy
import json
import os
from concurrent.futures import as_completed

from orch import config_in_force, process
from orch.git import changes, commits, names, proofs, refs, removing, repository, salvage
from orch.model import TERMINAL, Attempt, Run, Task
from orch.operations import runs
from orch.steps.model import say
from orch.store import attempts as store
from orch.store import entries as entry_rows
from orch.store import fleet
from orch.store import tasks as task_rows
from orch.worktrees import create, ignored_files, inspect, kept_heads, setup_files, shared
from schema import crash_points, events
from schema.failures import Failure
from schema.json_text import obj
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from orch.config.model import Config
    from orch.worktrees.ignored_files import Ignored
    from schema.transaction import Database, ReadTx


class CleanupOutcome(Value):
    """What happened, or would happen, to one attempt's worktree."""

    task: Task
    attempt: Attempt
    cleaned: bool = False
    proof: str = ""
    reason: str = ""
    salvage: str = ""
    entries: int = 0
    ignored: "Ignored | None" = None

    def document(self) -> dict[str, object]:
        """Return the published shape."""
        shared: dict[str, object] = {
            "task_id": self.task.task_id,
            "attempt_no": self.attempt.attempt_no,
            "worktree_path": self.attempt.worktree_path,
            "branch_name": self.attempt.branch_name,
        }
        if not self.cleaned:
            return {**shared, "reason": self.reason}
        more: dict[str, object] = {"proof": self.proof, "ignored": self.entries}
        if self.ignored is not None:
            more |= self.ignored.document()
        if self.salvage:
            more["salvage_ref"] = self.salvage
        return {**shared, **more}


def select(
    tx: "ReadTx", run: Run, task: Task | None, attempt_no: int | None
) -> list[tuple[Task, Attempt]]:
    """Return the attempts with a worktree that a cleanup is about, in order."""
    if task is not None:
        chosen = [(task, attempt) for attempt in store.of_task(tx, task.task_no)]
    else:
        chosen = [
            (task_rows.by_no(tx, attempt.task_no), attempt)
            for attempt in store.of_run(tx, run.run_id)
        ]
        chosen = [(t, a) for t, a in chosen if t.status in TERMINAL]
    chosen = [(t, a) for t, a in chosen if attempt_no in (None, a.attempt_no)]
    left = _left_here(tx, run, chosen) if run.repo_id else []
    return left + [(t, a) for t, a in chosen if a.workspace_status == "created"]


def _left_here(
    tx: "ReadTx", run: Run, chosen: list[tuple[Task, Attempt]]
) -> list[tuple[Task, Attempt]]:
    """Return attempts as this machine left them when another one went on."""
    found = []
    rows = {(row.task_no, row.attempt_no): row for row in fleet.left(tx, run.run_id, tx.machine)}
    for task, attempt in chosen:
        row = rows.get((task.task_no, attempt.attempt_no))
        if row is not None:
            here = copy.copy(attempt)
            here.machine_id, here.head_commit = tx.machine, None
            here.worktree_path, here.workspace_root = row.worktree_path, row.workspace_root
            here.placed_files = row.placed_files
            found.append((task, here))
    return found


def clean(
    db: "Database",
    run: Run,
    chosen: list[tuple[Task, Attempt]],
    *,
    force: bool,
    dry_run: bool,
    step: "Callable[[], None]",
) -> list[CleanupOutcome]:
    """Remove what is proven safe; keep the rest with the reason; `step` after each.

    git works on several at once, the store is used by this thread only. What git refuses for one
    keeps that one, with the reason, and the rest is looked at. Raises it when nothing could be
    cleaned and every one was refused so.
    """
    outcomes = [CleanupOutcome(task, attempt) for task, attempt in chosen]
    failures: list[Failure] = []
    sites: dict[str, _Site] = {}
    with process.side_by_side(min(_MOST_AT_ONCE, len(chosen))) as pool:
        futures: dict[Future[bool], CleanupOutcome] = {}
        for outcome in outcomes:
            attempt = outcome.attempt
            if attempt.status not in TERMINAL:
                outcome.reason = (
                    f"attempt is {attempt.status}: one that is not over is never removed"
                )
                step()
                continue
            if not inspect.is_here(attempt):
                there = say("cleanup", run=run.run_id, all_completed=True).line
                outcome.reason = f"it is on {_where(db, attempt)}; there: {there}"
                step()
                continue
            with _one_alone(outcome, failures):
                site = _site(db, run, attempt, sites)
                with db.read() as tx:
                    where = site.repo.top or site.repo.common_dir
                    landed = entry_rows.targets(tx, outcome.task.task_no, where)
                how = {"force": force, "dry_run": dry_run}
                futures[pool.submit(_clean_one, site, run, outcome, landed, **how)] = outcome
        for future in as_completed(futures):
            db.signals.lower()  # Each takes a while, and those that went are recorded.
            with _one_alone(futures[future], failures):
                if future.result():
                    _record(db, run, futures[future])
            step()
    if failures and len(failures) == len(outcomes):
        raise failures[0]
    return outcomes


def _where(db: "Database", attempt: Attempt) -> str:
    with db.read() as tx:
        known = fleet.find(tx, attempt.machine_id)
    return "another machine" if known is None else known.name


_ONE_ALONE = ("git_error", "not_found", "invalid_state", "refused")
_MOST_AT_ONCE = 4


@contextlib.contextmanager
def _one_alone(outcome: CleanupOutcome, failures: list[Failure]) -> "Iterator[None]":
    """Keep one worktree, with the reason, where something is refused for it alone."""
    try:
        yield
    except Failure as failure:
        if failure.code not in _ONE_ALONE:
            raise
        is_moved = failure.code == "not_found"  # The whole repository is elsewhere: say so.
        if not is_moved and not os.path.isdir(outcome.attempt.worktree_path):
            outcome.reason = "another command removed it meanwhile"
            return
        failures.append(failure)
        outcome.reason = "; ".join(filter(None, (failure.message, failure.advice)))
    except OSError as error:
        outcome.reason = f"{error.strerror}: {names.display(str(error.filename))}"


class _Site(Value):
    """A repository of the run, opened and compared once for all of its worktrees."""

    repo: repository.Repository
    settings: "Config | None" = None


def _site(db: "Database", run: Run, attempt: Attempt, known: dict[str, _Site]) -> _Site:
    found = known.get(attempt.repo_path)
    if found is None:
        found = _Site(create.open_checked(db, run, attempt.repo_path))
        if run.repo_id:  # What landed is on the remote's branch.
            shared.follow_target(db, run, found.repo)
        known[attempt.repo_path] = found
    if found.settings is None and os.path.isdir(attempt.worktree_path):
        found.settings = config_in_force.of_run(db, run, found.repo)
    return found


def _clean_one(
    site: _Site, run: Run, outcome: CleanupOutcome, landed: list[str], *, force: bool, dry_run: bool
) -> bool:
    """Remove one worktree, or say why not; return whether that is to be recorded. No store."""
    attempt, repo = outcome.attempt, site.repo
    _prove(repo, run, attempt, outcome, landed)
    if site.settings is None or not os.path.isdir(attempt.worktree_path):
        return _note_missing(repo, run, outcome, force=force, dry_run=dry_run)
    _examine(outcome, force=force)
    if outcome.reason:
        return False
    worktree = repository.linked_worktree(repo, attempt.worktree_path)
    outcome.ignored = ignored_files.look(worktree, site.settings)
    if outcome.ignored.saved:
        outcome.salvage = _salvage_of(outcome)
    if dry_run:
        outcome.entries = changes.status(worktree, ignored=True).ignored
        outcome.cleaned = True
        return False
    return _remove(repo, run, outcome)


def _note_missing(
    repo: repository.Repository, run: Run, outcome: CleanupOutcome, *, force: bool, dry_run: bool
) -> bool:
    """Take note of a worktree that somebody removed; keep one that lies elsewhere, or may.

    With force one of which nothing is found counts as removed: its registration goes.
    """
    attempt = outcome.attempt
    elsewhere = inspect.place_of(repo, attempt)
    registered = repository.is_registered(repo, attempt.worktree_path)
    if elsewhere is not None:
        path = attempt.worktree_path
        outcome.reason = (
            f"it was moved to {elsewhere.top}: put it back with git -C {repo.common_dir} "
            f"worktree move {elsewhere.top} {path}"
        )
    elif registered and not force:
        outcome.reason = inspect.why_missing(repo, attempt)
    elif dry_run:
        outcome.cleaned, outcome.reason = True, ""
    else:
        if registered:
            removing.remove_worktree(repo, attempt.worktree_path)
        _delete_kept_heads(repo, run, outcome)
        return True
    return False


def _prove(
    repo: repository.Repository,
    run: Run,
    attempt: Attempt,
    outcome: CleanupOutcome,
    landed: list[str],
) -> None:
    """Name the proof: integrated where it `landed` or in the target, or else its branch is kept.

    Of a branch that is gone, the head that was recorded may be integrated; a worktree that holds
    more than that is dirty, its branch being gone.
    """
    branch = refs.read_ref(repo, "refs/heads/" + attempt.branch_name)
    head = branch or _recorded(repo, attempt)
    targets = [*(refs.read_ref(repo, ref) for ref in landed), _target(repo, run)]
    for target in dict.fromkeys(filter(None, targets)):
        if head and not outcome.proof:
            outcome.proof = proofs.find_integration(repo, head, target).proof
    if not outcome.proof and branch:
        outcome.proof = "branch_kept"
    if not outcome.proof:
        outcome.reason = f"branch {attempt.branch_name} is gone: nothing proves its work is kept"


def _recorded(repo: repository.Repository, attempt: Attempt) -> str:
    """Return the head that an attempt was done at, "" when git has it no more."""
    head = attempt.head_commit or ""
    return "" if not head or commits.missing_objects(repo, [head]) else head


def _target(repo: repository.Repository, run: Run) -> str:
    """Return where the work is to be found: the run's target, else HEAD; "" for none yet."""
    if not run.target:
        return refs.head(repo).commit
    try:
        return refs.resolve(repo, run.target)
    except Failure:
        return ""  # A branch that is still to come holds nothing.


def _examine(outcome: CleanupOutcome, *, force: bool) -> None:
    """Say why a worktree must stay: uncommitted files count, untracked ones too."""
    attempt = outcome.attempt
    if outcome.reason and not force:
        return
    left = inspect.left(attempt)
    if not left.at_stake and not outcome.reason:
        return
    if force:
        outcome.reason = ""
        outcome.salvage = _salvage_of(outcome)
        outcome.proof = "salvaged"
        return
    outcome.reason = left.words


def _salvage_of(outcome: CleanupOutcome) -> str:
    task = outcome.task
    return names.salvage_ref(task.run_id, task.task_id, outcome.attempt.attempt_no)


def _remove(repo: repository.Repository, run: Run, outcome: CleanupOutcome) -> bool:
    attempt = outcome.attempt
    copies = setup_files.digests(json.loads(attempt.placed_files))
    saved = outcome.ignored.saved if outcome.ignored is not None else ()
    head = _recorded(repo, attempt)  # Where the branch of HEAD is gone, this keeps its commits.
    try:
        if outcome.salvage:
            worktree = repository.linked_worktree(repo, attempt.worktree_path)
            put = setup_files.unchanged(attempt.worktree_path, copies)
            salvage.save_salvage(
                worktree, outcome.salvage, why="cleanup", leave_out=put, ignored=saved,
                instead=head,
            )  # fmt: skip
            crash_points.reach("cleanup.salvaged")
        removed = removing.remove_worktree(
            repo, attempt.worktree_path, salvage=outcome.salvage, copies=copies, ignored=saved,
            instead=head,
        )  # fmt: skip
        outcome.entries = removed.ignored
    except Failure as failure:
        if os.path.lexists(attempt.worktree_path) or repository.is_registered(
            repo, attempt.worktree_path
        ):
            gone = False
        else:
            gone = failure.code in ("not_found", "git_error")
        if gone:
            pass  # Another cleanup was faster; the record follows.
        elif failure.reason in ("work_at_risk", "unsupported"):
            outcome.reason = failure.message
            return False
        else:
            raise
    _delete_kept_heads(repo, run, outcome)
    return True


def _delete_kept_heads(repo: repository.Repository, run: Run, outcome: CleanupOutcome) -> None:
    """Let go of what belonged to a worktree that is gone."""
    crash_points.reach("cleanup.removed")
    attempt = outcome.attempt
    outcome.cleaned, outcome.reason, outcome.proof = True, "", outcome.proof or "gone"
    setup_files.drop_empty(attempt.worktree_path, attempt.workspace_root)
    if outcome.proof not in ("branch_kept", "gone"):  # Else it may still be queued, or landed.
        kept_heads.delete(repo, run.run_id, outcome.task.task_id, attempt)


def _record(db: "Database", run: Run, outcome: CleanupOutcome) -> None:
    """Record that a worktree is gone; told once."""
    attempt = outcome.attempt
    with db.write() as tx:
        current = store.find(tx, attempt.task_no, attempt.attempt_no)
        if current is None:
            return
        if current.worktree_path != attempt.worktree_path:
            fleet.set_left_removed(tx, attempt.attempt_key, tx.machine)
        elif current.workspace_status == "cleaned":
            return
        else:
            store.set_workspace_status(tx, attempt.attempt_key, "cleaned")
        events.record(
            tx,
            "task_cleaned",
            runs.require(tx, run.run_id).leader,
            thread_no=attempt.thread_no,
            run_id=run.run_id,
            task_id=outcome.task.task_id,
            status=outcome.task.status,
            summary=f"worktree of attempt {attempt.attempt_no} removed: {outcome.proof}",
            payload=obj(
                attempt_no=attempt.attempt_no,
                proof=outcome.proof,
                salvage_ref=outcome.salvage or None,
            ),
        )
