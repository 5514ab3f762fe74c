"""Worktrees of code attempts: base, branch, directory; planned, made, and undone.

The only workflow module that turns a task into a worktree. It writes nothing to the store:
dispatch writes the intent before `make` and the attempt after it.
"""

import os

from orch import config_in_force
from orch.fleet import mirrors
from orch.git import attributes, config_fingerprint, merges, refs, repository, worktrees
from orch.git import names as git_names
from orch.model import Attempt, Run, Task, Workspace
from orch.operations import attempts, runs
from orch.steps.model import say
from orch.store import dependencies as dependency_rows
from orch.store import runs as run_rows
from orch.store import tasks as task_rows
from orch.worktrees import clean, moved_repository
from schema import crash_points, file
from schema.failures import Failure, not_found
from schema.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from schema.transaction import Database, ReadTx

DEFAULT_ROOT = ".orch/worktrees"


class Needed:
    """A prerequisite's finished work: its head, or the files it left uncommitted."""

    __slots__ = ("attempt", "dirty_files", "head", "task_id", "worktree_path")

    def __init__(self, task_id: str, attempt: Attempt) -> None:
        self.task_id = task_id
        self.attempt = attempt
        self.head: str = attempt.head_commit or ""
        self.dirty_files: int = attempt.dirty_files or 0
        self.worktree_path: str = attempt.worktree_path


def needed(tx: "ReadTx", task: Task) -> list[Needed]:
    """Return the code work that `task` depends on.

    Through work without a branch, and past one whose base was named by hand, it goes on to
    what that depends on in turn; any other branch contains its own prerequisites already.
    """
    found = []
    seen = {task.task_no}
    pending = [task.task_no]
    while pending:
        for number, name, status in dependency_rows.prerequisites(tx, pending.pop(0)):
            if number in seen:
                continue
            seen.add(number)
            attempt = attempts.latest(tx, task_rows.by_no(tx, number))
            if status != "done" or attempt is None:
                continue
            has_code = attempt.execution_mode == "code"
            if has_code:
                found.append(Needed(name, attempt))
            if not has_code or attempt.base_source == "explicit":
                pending.append(number)
    return found


def repository_of(run: Run, given: str | None) -> str:
    """Return the repository's path: the flag's, the run's, else the current directory."""
    return os.path.realpath(given or run.repo_path or os.getcwd())


def open_checked(db: "Database", run: Run, path: str) -> repository.Repository:
    """Open a repository for a run and compare its configuration with the run's first sight.

    One that its machines share is opened where this one has it. Raises: not_found/repository,
    refused/repo_tampered with old and new values.
    """
    if run.repo_id and not os.path.isdir(path):
        path = mirrors.need(db, run.repo_id).path
    repo = repository.find_repository(path)
    if repo is None:
        with db.read() as tx:
            if _is_seen(_known(tx, run.run_id)):
                raise moved_repository.not_there(path, run.run_id)
        raise not_found("repository", path, hint="name a git repository with --repo-path")
    seen = config_fingerprint.fingerprint(repo)
    with db.read() as tx:
        known = _known(tx, run.run_id)
    changed = _changes(known, repo, seen)
    if changed:
        raise Failure(
            "refused",
            "repo_tampered",
            f"the configuration of {repo.top or repo.common_dir} changed since run "
            f"{run.run_id} began: " + "; ".join(changed[:5]),
            hint="look at each change; a person accepts them",
            next=[say("repo accept", run=run.run_id)],
            details={"changes": changed},
        )
    if repo.git_dir not in known:
        with db.write() as tx:
            known = _known(tx, run.run_id)
            if repo.git_dir not in known:
                known[repo.git_dir] = seen
                run_rows.set_fingerprint(tx, run.run_id, dumps(known))
    return repo


def tampering(db: "Database", run: Run) -> list[str]:
    """Return what changed of the run's repository since the run began, in words; write nothing.

    A repository that the run has not seen yet, or that is gone, tells nothing. Raises: git_error.
    """
    with db.read() as tx:
        known = _known(tx, run.run_id)
    repo = repository.find_repository(run.repo_path) if _is_seen(known) and run.repo_path else None
    return _changes(known, repo, config_fingerprint.fingerprint(repo)) if repo is not None else []


def accept(db: "Database", run_id: str, path: str | None) -> list[str]:
    """Record the repository's present configuration; return what changed, in words."""
    with db.read() as tx:
        run = runs.require_open(tx, run_id)
    repo = repository.find_repository(repository_of(run, path))
    if repo is None:
        raise not_found("repository", repository_of(run, path), hint="say --repo-path")
    seen = config_fingerprint.fingerprint(repo)
    accepted, told = config_in_force.accept(db, repo, run)
    with db.write() as tx:
        known = _known(tx, run_id) | accepted
        changed = _changes(known, repo, seen) + told
        # Other checkouts share what changed: they are looked at anew.
        known = {git_dir: v for git_dir, v in known.items() if not _is_of(repo, git_dir)}
        run_rows.set_fingerprint(tx, run_id, dumps(known | {repo.git_dir: seen}))
    return changed


def _is_seen(known: dict[str, dict[str, str]]) -> bool:
    """Say whether a run has recorded the configuration of any repository."""
    return any(os.path.isabs(git_dir) for git_dir in known)


def _known(tx: "ReadTx", run_id: str) -> dict[str, dict[str, str]]:
    """Return the recorded fingerprints of a run by git directory."""
    import json

    found: dict[str, dict[str, str]] = json.loads(run_rows.fingerprint(tx, run_id) or "{}")
    return found


def _is_of(repo: repository.Repository, git_dir: str) -> bool:
    return git_dir == repo.common_dir or git_dir.startswith(repo.common_dir + "/")


def _changes(
    known: dict[str, dict[str, str]], repo: repository.Repository, seen: dict[str, str]
) -> list[str]:
    """Return what differs from the recorded state, in words.

    A checkout that is new to the run is compared with another one of its repository, as far
    as they share.
    """
    old = known.get(repo.git_dir)
    if old is not None:
        return [str(change) for change in config_fingerprint.differences(old, seen)]
    for git_dir, values in known.items():
        if _is_of(repo, git_dir):
            return [str(c) for c in config_fingerprint.differences(_shared(values), _shared(seen))]
    return []


def _shared(values: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in values.items() if not k.startswith("worktree:") and k != "file:.git"}


def root_of(repo: repository.Repository, given: str | None, settings: "Config") -> str:
    """Return the workspace root; a relative one is taken from the repository's root."""
    return os.path.normpath(
        os.path.join(mirrors.worktrees_of(repo), given or settings.worktree_root or DEFAULT_ROOT)
    )


def plan(
    db: "Database",
    run: Run,
    task: Task,
    wanted: list[Needed],
    *,
    repo_path: str | None,
    base_ref: str | None,
    workspace_root: str | None,
    goes_on: Attempt | None = None,
) -> "tuple[repository.Repository, Workspace, Config]":
    """Decide everything about a new worktree, and write nothing.

    With `goes_on` it begins where that attempt's branch ends, and from the same base: what that
    committed is work of this task, to be judged and landed with the rest.

    Raises: not_found/repository, invalid_state (dirty, base_conflict, unsupported),
    refused (work_at_risk, repo_tampered), invalid_input for a bad ref.
    """
    repo = open_checked(db, run, repository_of(run, repo_path))
    settings = config_in_force.of_run(db, run, repo)
    config_in_force.tell_difference(db, run, repo)
    workspace = Workspace()
    workspace.repo_path = repo.top or repo.common_dir
    workspace.workspace_root = root_of(repo, workspace_root, settings)
    if goes_on is not None:
        workspace.base_ref, workspace.base_source = goes_on.base_ref, goes_on.base_source
        workspace.base_commit = goes_on.base_commit
        workspace.tip = refs.resolve(repo, goes_on.branch_name)
    else:
        given = base_ref or run.base_ref or None
        choose_base(db, run, task, wanted, repo, given, workspace, settings)
    lacking = attributes.read_traits(repo, workspace.start).unsupported
    if lacking:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"no worktree for {task.name}: {lacking}",
            hint="start from a base without it (--base-ref BRANCH), or let the agent work in a "
            "clone of its own (--execution-mode analysis)",
        )
    workspace.branch_name = git_names.attempt_branch(run.run_id, task.task_id, task.next_attempt_no)
    workspace.worktree_path = os.path.join(
        workspace.workspace_root, run.run_id, task.task_id, f"attempt-{task.next_attempt_no}"
    )
    if refs.read_ref(repo, "refs/heads/" + workspace.branch_name) or os.path.lexists(
        workspace.worktree_path
    ):
        taken = workspace.branch_name
        raise Failure(
            "invalid_state",
            "branch_exists",
            f"branch {taken} or its directory {workspace.worktree_path} exists already",
            hint=f"look at it: git log {taken}; orch never reuses or replaces one",
        )
    return repo, workspace, settings


def choose_base(
    db: "Database",
    run: Run,
    task: Task,
    wanted: list[Needed],
    repo: repository.Repository,
    explicit: str | None,
    workspace: Workspace,
    settings: "Config",
    *,
    tip: str = "",
) -> None:
    """Set base_ref, base_commit and base_source: explicit, HEAD, or with unlanded work merged.

    `tip`: where the remote of a shared repository stands, instead of HEAD here.
    """
    if explicit is not None:
        workspace.base_ref, workspace.base_source = explicit, "explicit"
        workspace.base_commit = refs.resolve(repo, explicit)
        return
    workspace.base_ref, workspace.base_source = "HEAD", "head"
    _require_committed(db, run, wanted)
    if not tip:
        clean.require_clean(db, repo, workspace.workspace_root, settings)
    here = tip or refs.head(repo).commit
    if not here:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{repo.top} has no commit yet",
            hint="make the first commit, then dispatch again",
        )
    missing = merges.heads_missing_from(repo, here, [other.head for other in wanted if other.head])
    if not missing:
        workspace.base_commit = here
        return
    names = [other.task_id for other in wanted if other.head in missing]
    merged = merges.merge_heads(
        repo, [here, *missing], f"orch: base of {task.name} with {', '.join(names)}"
    )
    if not merged.is_clean:
        raise Failure(
            "invalid_state",
            "base_conflict",
            f"the work of {', '.join(names)} and HEAD cannot be merged: "
            + ", ".join(map(git_names.display, merged.files[:10])),
            hint="merge them yourself and name the result with --base-ref",
            details={"files": [git_names.display(name) for name in merged.files], "tasks": names},
        )
    workspace.base_commit = merged.commit
    workspace.base_source = f"{merged.kind} of HEAD and " + ", ".join(names)


def _require_committed(db: "Database", run: Run, wanted: list[Needed]) -> None:
    """Refuse while a prerequisite's work is not all in a commit, or could not be looked at."""
    from orch.worktrees import delivered, inspect

    for other in wanted:
        if other.head or other.attempt.workspace_status != "created":
            continue
        if other.attempt.repo_id:  # Either raises what kept reconcile from reading it.
            delivered.bring(db, other.attempt)
        else:
            inspect.look(other.attempt)
    for other in wanted:
        if not other.dirty_files or other.attempt.workspace_status != "created":
            continue
        left = inspect.left(other.attempt)
        if left.names:
            name = f"{run.run_id}/{other.task_id}"
            raise inspect.at_risk(name, other.attempt, left, ", and no base is named (--base-ref)")


def make(repo: repository.Repository, workspace: Workspace, settings: "Config") -> None:
    """Make the worktree, put files in place, run the setup. Undone as a whole on failure."""
    _ignore_store_folder(workspace)
    try:
        worktree = worktrees.add_worktree(
            repo,
            workspace.worktree_path,
            workspace.branch_name,
            workspace.start,
            root=workspace.workspace_root,
        )
    except Failure as failure:
        if "unable to write" in str(failure.details.get("stderr")):
            failure.hint = _room(workspace.workspace_root)
        raise
    crash_points.reach("dispatch.worktree_added")
    try:
        from orch.worktrees import setup_files

        placed = setup_files.place(repo.top, worktree.top, settings)
        workspace.placed_files = dumps(placed.files)
        setup_files.setup(worktree.top, settings)
        if placed.files or settings.setup:
            setup_files.take_baseline(worktree, placed)
        workspace.placed_files, workspace.notes = dumps(placed.files), placed.notes
        workspace.loose = placed.loose
    except Exception:
        undo(workspace, settings)
        raise


def _room(folder: str) -> str:
    """Return the hint for files that could not be written: git does not say that a disk is full."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize // 1024
    return (
        f"is the disk full? {folder} has space for {free} kB: free some, "
        "or name another place with --workspace-root"
    )


def _ignore_store_folder(workspace: Workspace) -> None:
    """Keep the store's folder and the default workspace root out of the user's git status."""
    folder = os.path.join(workspace.repo_path, file.STORE_FOLDER)
    if workspace.workspace_root.startswith(folder + "/") or os.path.isdir(folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, ".gitignore")
        if not os.path.lexists(path):
            with open(path, "w", encoding="ascii") as ignore:
                ignore.write("*\n")


def undo(workspace: Workspace, settings: "Config") -> None:
    """Take back a worktree that no worker has seen: its files, its registration, its branch."""
    if not workspace.worktree_path:
        return
    repo = repository.find_repository(workspace.repo_path)
    if repo is None:
        return
    left = worktrees.recover_worktree(
        repo,
        workspace.worktree_path,
        workspace.branch_name,
        workspace.start,
        root=workspace.workspace_root,
        finish=False,
    )
    if left == "complete":
        from orch.worktrees import setup_files

        if workspace.placed_files == "{}":
            workspace.placed_files = setup_files.expected(
                repo.top, workspace.worktree_path, settings
            )
        setup_files.discard(repo, workspace)
