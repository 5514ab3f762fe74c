"""An opened queue: its repository, its settings, its target, the folder of its slots."""

import os

from orch import config_in_force
from orch.config.model import Config
from orch.fleet import mirrors
from orch.git import names, refs, remotes, worktrees
from orch.git import repository as git_repository
from orch.model import Run, Task, integration_branch
from orch.operations import entries, runs
from orch.steps.model import say
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store.queues import Queue
from orch.worktrees import create
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, ReadTx

HEADS = "refs/heads/"
_FOLDER = "_queue"


class OpenQueue:
    """An opened queue. `tip` is where its target stands, or will begin; "" in an empty repository.

    `exists` says whether the target is there already. `remote`: of a shared repository, whose
    target is the remote's, as it was fetched last; "" where it is the branch here.
    """

    __slots__ = ("exists", "folder", "queue", "remote", "repo", "run", "settings", "tip")

    def __init__(
        self,
        queue: Queue,
        run: Run,
        repo: git_repository.Repository,
        settings: Config,
        remote: str = "",
    ) -> None:
        self.remote = remote
        self.queue = queue
        self.run = run
        self.repo = repo
        self.settings = settings
        root = create.root_of(repo, None, settings)
        self.folder = os.path.join(root, _FOLDER, str(queue.queue_no))
        self.exists = False
        self.tip = ""
        self.look()

    @property
    def by_pull_request(self) -> bool:
        """Whether work lands by pull requests here: never on a branch of orch's own."""
        own = self.queue.branch == integration_branch(self.run.run_id)
        return self.settings.forge.by_pull_request and not own

    @property
    def target_ref(self) -> str:
        """Where it is read in this repository at which commit the target is."""
        if not self.remote:
            return self.queue.target
        return remotes.kept_ref(self.remote, self.queue.target)

    def fetch(self) -> str:
        """Ask the remote of a shared repository where the target is, and return it as `look` does.

        Raises: git_error.
        """
        if self.remote:
            mirrors.follow(self.repo, self.remote, self.queue.target)
        return self.look()

    def look(self) -> str:
        """Look again where the target stands, and return it."""
        self.tip = refs.read_ref(self.repo, self.target_ref)
        self.exists = bool(self.tip)
        if not self.tip:
            self.tip = begin_of(self.repo, self.run)
        return self.tip


def begin_of(repo: git_repository.Repository, run: Run) -> str:
    """Return where a target that is still to come begins: the run's base, else HEAD."""
    return refs.resolve(repo, run.base_ref) if run.base_ref else refs.head(repo).commit


def open_queue(db: "Database", queue: Queue) -> OpenQueue:
    """Open a queue's repository. Raises: not_found/repository, refused/repo_tampered, git_error."""
    with db.read() as tx:
        run = _run_of(tx, queue)
    repo = create.open_checked(db, run, queue.repo_path)
    remote = ""
    if queue.repo_id:
        remote = mirrors.need(db, queue.repo_id).remote
        mirrors.follow(repo, remote, queue.target)
    settings = config_in_force.of_run(db, run, repo, queue.target)
    return OpenQueue(queue, run, repo, settings, remote)


def is_current(db: "Database", opened: OpenQueue) -> bool:
    """Look again which orch.toml counts; say whether it is the one that was known.

    What another process kept of its meaning is not believed: a landing may follow.
    """
    before = opened.settings.source
    opened.settings = config_in_force.of_run(
        db, opened.run, opened.repo, opened.queue.target, anew=True
    )
    return opened.settings.source == before


def settings_of(db: "Database", queue: Queue) -> Config:
    """Return which orch.toml counts for a queue. Raises: invalid_input, git_error."""
    with db.read() as tx:
        run = _run_of(tx, queue)
    return config_in_force.at(db, run, queue.repo_path, queue.target)


def settings_for(db: "Database", task: Task, repo_path: str) -> Config:
    """Return which orch.toml counts for a task's work: its queue's, or that of the run's target.

    Raises: invalid_input, git_error.
    """
    with db.read() as tx:
        run = runs.require(tx, task.run_id)
        open_ones = [
            e for e in entry_rows.of_task(tx, task.task_no) if e.status not in entries.FINAL
        ]
    return config_in_force.at(db, run, repo_path, open_ones[0].target if open_ones else "")


def _run_of(tx: "ReadTx", queue: Queue) -> Run:
    """Return a run that is in a queue."""
    waiting = entry_rows.open_of_queue(tx, queue.queue_no)
    known = waiting or entry_rows.chosen(tx, None, queue.queue_no, None)
    return runs.require(tx, known[0].run_id)


def repository(db: "Database", run: Run, path: str) -> git_repository.Repository:
    """Return the main checkout of the repository at `path`, compared with the run's first sight."""
    repo = create.open_checked(db, run, path)
    if not repo.is_linked:
        return repo
    return create.open_checked(db, run, worktrees.main_checkout(repo))


def target_of(run: Run, settings: Config, given: str | None) -> str:
    """Return the full ref of where work is to land: asked for, the run's, orch.toml's, its own.

    Raises: invalid_input for what is no branch name.
    """
    named = given
    if named is None:
        named = run.target or settings.queue.target or integration_branch(run.run_id)
    branch = named.removeprefix(HEADS)
    if named.startswith("refs/") and not named.startswith(HEADS):
        raise invalid_input(f"{named} is not a branch, and a target must be one", hint="like main")
    return names.require_branch(branch)


def require_makeable(repo: git_repository.Repository, target: str) -> None:
    """Raise invalid_state/branch_exists where a branch keeps the target's name from being made."""
    if refs.read_ref(repo, target):
        return
    other = refs.ref_in_the_way(repo, target)
    if not other:
        return
    name, branch = other.removeprefix(HEADS), target.removeprefix(HEADS)
    raise Failure(
        "invalid_state",
        "branch_exists",
        f"{branch} cannot be made: there is a branch {name}, and git keeps only one of the two",
        hint=f"give that one another name (git branch -m {name} NAME), or land elsewhere: --target",
        details={"branch": name, "target": branch},
    )


def queues_of(
    db: "Database", run_id: str | None, target: str | None, repo_path: str | None
) -> list[Queue]:
    """Return the queues that a command is about. Raises: not_found/entry when there is none."""
    with db.read() as tx:
        if run_id is not None:
            runs.require(tx, run_id)
        found = queue_rows.all_of(tx, run_id)
    if repo_path is not None:
        repo = git_repository.open_repository(os.path.realpath(repo_path))
        top = worktrees.main_checkout(repo) if repo.is_linked else repo.top or repo.common_dir
        found = [q for q in found if q.repo_path == top]
    if target is not None:
        branch = target.removeprefix(HEADS)
        found = [q for q in found if q.branch == branch]
        if not found:
            raise Failure(
                "not_found",
                "entry",
                f"no queue for {branch}",
                hint="see them",
                next=[say("queue list")],
            )
        if len({q.repo_path for q in found}) > 1:
            where = " or ".join(q.repo_path for q in found)
            raise invalid_input(
                f"{branch} is the target of {len(found)} repositories",
                reason="flag",
                hint=f"say which: --repo-path {where}",
            )
    return found
