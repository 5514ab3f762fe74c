"""Inspection of a worktree: its head, what is uncommitted, the paths it owned."""

import json
import os

from orch import paths, process_identity
from orch.git import changes, following, merges, refs, repository, worktrees
from orch.git import names as git_names
from orch.model import Attempt, Run
from orch.operations import checks, runs
from orch.steps.model import git, say
from orch.store import attempts as store
from orch.store import tasks as task_rows
from orch.worktrees import delivered, kept_heads, moved_repository, setup_files
from schema.failures import Failure
from schema.json_text import Json, array
from schema.steps import Step
from schema.value import Value, own
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.git.following import Stray
    from schema.transaction import Database


def read(db: "Database", run: Run, attempt: Attempt) -> bool:
    """Record head, dirty files and path violations of an attempt; then its gate may decide.

    Says whether anything was new. Raises: refused/repo_tampered, git_error.
    """
    head, dirty = (delivered.bring(db, attempt), 0) if attempt.repo_id else look(attempt)
    head = head or attempt.base_commit
    if (head, dirty) == (attempt.head_commit, attempt.dirty_files):
        return False
    with db.read() as tx:
        task = task_rows.by_no(tx, attempt.task_no)
    violations: Json | None = None
    if run.ownership != "off":
        repo = open_of(attempt)
        changed = [
            git_names.display(change.path)
            for change in merges.changed_paths(repo, attempt.base_commit, head)
        ]
        outside = paths.violations(
            changed, json.loads(task.allowed_paths), json.loads(task.blocked_paths)
        )
        violations = array(outside[:200])
    kept_heads.keep(open_of(attempt), run.run_id, task.task_id, attempt, head)
    with db.write() as tx:
        current = store.find(tx, attempt.task_no, attempt.attempt_no)
        if current is None or current.head_commit != attempt.head_commit:
            return False  # Another reconcile was faster.
        store.set_head(tx, attempt.attempt_key, head, dirty, violations)
        current = store.find(tx, attempt.task_no, attempt.attempt_no)
        assert current is not None
        fresh = runs.require(tx, run.run_id)
        task = task_rows.by_no(tx, attempt.task_no)
        if task.latest_attempt_no == current.attempt_no:
            checks.decide(tx, fresh, task, current)
            runs.record_run_end(tx, fresh)
    return True


def carried(
    repo: repository.Repository, attempt: Attempt, head: str, earlier: list[Attempt]
) -> int:
    """Return how many commits of `head` were made by earlier attempts, on whose work it goes on.

    Raises: git_error.
    """
    most = 0
    for one in earlier:
        if one.attempt_no >= attempt.attempt_no or one.base_commit != attempt.base_commit:
            continue
        tip = refs.read_ref(repo, "refs/heads/" + one.branch_name) or one.head_commit or ""
        shared = refs.merge_base(repo, tip, head) if tip else ""
        most = max(most, refs.count_commits(repo, one.base_commit, shared) if shared else 0)
    return most


def is_here(attempt: Attempt) -> bool:
    """Say whether an attempt's worktree is on this machine, or would be."""
    return not attempt.repo_id or process_identity.is_this(attempt.machine_id)


def look(attempt: Attempt) -> tuple[str, int]:
    """Return (the branch's head or "", how many files are uncommitted) as they are now.

    A branch that the worker left behind is brought to the commits it made beside it, where that
    is beyond doubt; otherwise those count as one file. Raises: not_found/repository,
    refused/repo_tampered, git_error.
    """
    repo = open_of(attempt)
    worktree = place_of(repo, attempt)
    if worktree is not None:
        following.bring_branch(worktree, attempt.branch_name, attempt.base_commit)
    return refs.read_ref(repo, "refs/heads/" + attempt.branch_name), len(uncommitted(attempt))


def open_of(attempt: Attempt) -> repository.Repository:
    """Return the repository of an attempt. Raises: not_found/repository, git_error."""
    try:
        return repository.open_repository(attempt.repo_path)
    except Failure as failure:
        if failure.code != "not_found":
            raise
        raise moved_repository.not_there(attempt.repo_path) from failure


def place_of(repo: repository.Repository, attempt: Attempt) -> repository.Repository | None:
    """Return an attempt's worktree where it was made, or where `git worktree move` put it.

    None: git knows none of it any more, or nothing lies where it knows it.
    """
    places = [attempt.worktree_path]
    ref = "refs/heads/" + attempt.branch_name
    if not os.path.isdir(attempt.worktree_path):
        places += [
            p for p in worktrees.checked_out_at(repo, ref) if os.path.realpath(p) != repo.top
        ]
    for path in places:
        try:
            found = repository.linked_worktree(repo, path)
        except Failure as error:
            if error.code != "not_found":
                raise
            continue
        if os.path.isdir(found.top):
            return found
    return None


class Left(Value):
    """What would be lost with a worktree: files, commits beside its branch, or it is not there.

    `placed` are files that orch put there and that were committed: lost they are not, but they
    must not land.
    """

    files: list[str] = own(factory=list)
    stray: "Stray | None" = None
    missing: str = ""
    placed: list[str] = own(factory=list)

    @property
    def names(self) -> list[str]:
        """All that keeps the work from being whole, in names and words."""
        return [*self.at_stake, *(f"{name} (committed, and not its work)" for name in self.placed)]

    @property
    def words(self) -> str:
        """What would be lost with the worktree, in a few words."""
        if not self.files:
            return "; ".join(self.at_stake)
        return f"{len(self.files)} uncommitted: {', '.join(self.at_stake[:5])}"

    @property
    def at_stake(self) -> list[str]:
        """What would be lost with the worktree, in names and words."""
        words = [self.stray.words] if self.stray is not None else []
        return [*self.files, *words, *([self.missing] if self.missing else [])]


def left(attempt: Attempt) -> Left:
    """Return what would be lost with the worktree; nothing when that is gone.

    Raises: not_found/repository, refused/repo_tampered, git_error.
    """
    found = Left()
    if not is_here(attempt):
        return found  # What its remote has is all that counts of it here.
    repo = open_of(attempt)
    worktree = place_of(repo, attempt)
    if worktree is None:
        found.missing = why_missing(repo, attempt)
        return found
    placed = json.loads(attempt.placed_files)
    put = set(setup_files.unchanged(worktree.top, placed))
    seen = changes.status(worktree, hidden=True)
    found.files = [git_names.display(name) for name in seen.files if name not in put]
    held = attempt.head_commit or attempt.base_commit
    found.stray = following.stray_commits(worktree, attempt.branch_name, held)
    tip = refs.read_ref(repo, "refs/heads/" + attempt.branch_name) if placed else ""
    if tip and tip != attempt.base_commit:
        changed = merges.changed_paths(repo, attempt.base_commit, tip)
        found.placed = [git_names.display(name) for name in setup_files.committed(placed, changed)]
    return found


def uncommitted(attempt: Attempt) -> list[str]:
    """Return what would be lost with the worktree, in names and words. Raises: as `left`."""
    return left(attempt).names


class Mending(Value):
    """What is wrong with a worktree's work, in `words`, and what mends it: `lead`, `steps`."""

    words: str
    lead: str
    steps: list[Step]


def mending(name: str, attempt: Attempt, found: Left) -> Mending:
    """Return what task `name` left (`found` has names), and what a person does about it."""
    path, run_id = attempt.worktree_path, name.partition("/")[0]
    again = say("reconcile", run=run_id).because("so that the run knows of it")
    record = git("commit", "-m", "TEXT", where=path)
    if found.missing:
        words = f"the worktree of {name} is not where it was made"
        return Mending(words, found.missing, [])
    if found.files:
        count = len(found.files)
        words = f"{name} left {many(count, 'file')} uncommitted in {path}"
        steps = [git("add", "-A", *_named(found.files), where=path), record, again]
        return Mending(words, "commit them", steps)
    if found.placed and found.stray is None:
        words = f"{name} committed what orch put into its worktree"
        remove = git("rm", "-q", "--cached", "--", *found.placed[:20], where=path)
        return Mending(words, "take it out", [remove, record, again])
    words = f"the work of {name} in {path} is not on its branch"
    branch, stray = attempt.branch_name, found.stray
    switch = git("switch", branch, where=path)
    if stray is None or not stray.commit:
        return Mending(words, "look, then put it on its branch", [switch, again])
    tip = stray.commit[:12]
    if stray.branch_gone:
        return Mending(
            words, "make its branch anew", [git("branch", branch, tip, where=path), again]
        )
    return Mending(words, "bring it there", [switch, git("merge", tip, where=path), again])


def _named(files: list[str]) -> list[str]:
    """Return the pathspec of a few files with plain names: what orch put there stays out."""
    if len(files) > 10 or not all(name.isprintable() and "\\" not in name for name in files):
        return []
    return ["--", *files]


def at_risk(name: str, attempt: Attempt, found: Left, so: str) -> Failure:
    """Return the refusal to go on without what task `name` left, with what mends it.

    `so` says what follows from it.
    """
    way, names = mending(name, attempt, found), found.names
    return Failure(
        "refused",
        "work_at_risk",
        f"{way.words}{so}: {', '.join(names[:10])}",
        hint=way.lead,
        next=way.steps,
        details={"worktree_path": attempt.worktree_path, "files": names[:200]},
    )


def why_missing(repo: repository.Repository, attempt: Attempt) -> str:
    """Say of a worktree that is not found what keeps it from being gone, "" when it is gone."""
    path = attempt.worktree_path
    if os.path.lexists(path):
        return f"{path} is there, but git knows no worktree there: look into it"
    if repository.is_registered(repo, path):
        moved = git("worktree", "repair", "DIR", where=repo.common_dir).line
        deleted = git("worktree", "remove", path, where=repo.common_dir).line
        return (
            f"{path} is not there: moved or deleted by hand; if moved: {moved}; "
            f"if deleted: {deleted}"
        )
    return ""
