"""Values of orch that operations pass around; no dataclasses, since hot commands load this."""

from schema.queries import Record

OWNERSHIP = ("enforce", "warn", "off")
RISKS = ("low", "medium", "high")
MODES = ("analysis", "code")
UNTIL = ("blocked", "need", "done", "idle", "forever")  # When a driver ends.
KINDS = ("feature", "bugfix", "refactor", "docs", "test", "chore")
DEFAULT_MAX_ATTEMPTS = 3
REQUEST_STATUSES = ("new", "planning", "asked", "planned", "refused", "failed", "applied")
ACTIVE = ("dispatched", "running", "blocked", "verifying")  # An attempt works on the task.
WORKED = ACTIVE[:3]  # Somebody has its thread, or is to take it.
TERMINAL = ("done", "failed", "cancelled")


def integration_branch(run_id: str) -> str:
    """Return the branch on which a run's work lands when nothing else is named."""
    return f"orch-integration/{run_id}"


def undefined_check(name: str) -> str:
    """Return what a result says of a check that no orch.toml defines: it runs elsewhere."""
    return f"orch.toml defines no check {name}"


class Run(Record):
    """One goal with its tasks; its status follows from theirs."""

    run_id: str
    leader: str
    repo_path: str
    repo_id: str  # Of a repository that several machines share, else "".
    base_ref: str
    target: str
    ownership: str
    reconciled_through: int
    settled_event: int
    closed_at: int | None
    status: str


class Task(Record):
    """A task as operations see it."""

    task_no: int
    run_id: str
    task_id: str
    title: str
    summary: str
    default_to: str | None
    priority: int
    acceptance: str | None
    spec_text: str | None
    required_checks: str
    allowed_paths: str
    blocked_paths: str
    max_attempts: int
    execution_mode: str | None
    status: str
    unmet: int
    not_before_at: int
    latest_attempt_no: int
    next_attempt_no: int

    @property
    def name(self) -> str:
        """How a person names it: run/task."""
        return f"{self.run_id}/{self.task_id}"


class Attempt(Record):
    """One try at a task: its thread, and for code its branch and worktree."""

    attempt_key: int
    task_no: int
    attempt_no: int
    thread_no: int
    thread_id: str
    assigned_to: str
    status: str
    execution_mode: str
    repo_path: str
    repo_id: str
    machine_id: str  # Where its worktree is; "" on a file, and until a worker has taken it up.
    workspace_root: str
    base_ref: str
    base_commit: str
    base_source: str
    branch_name: str
    worktree_path: str
    workspace_status: str
    placed_files: str
    head_commit: str | None
    dirty_files: int | None
    liveness: str
    late_event: int
    path_violations: str | None


class PlannedPlace:
    """Where an attempt without a worktree is to work, and the folder for what it hands in.

    `commit` is what it shows of the repository, "" for HEAD; without `repo_path` it is empty.
    """

    __slots__ = ("commit", "out_path", "place_path", "repo_path")

    def __init__(self, place_path: str, out_path: str, repo_path: str, commit: str) -> None:
        self.place_path = place_path
        self.out_path = out_path
        self.repo_path = repo_path
        self.commit = commit


class Workspace:
    """Where an attempt is to work: everything decided before git is asked to make it.

    A branch and a worktree for code; for analysis a `place`, and nothing else.
    """

    __slots__ = (
        "base_commit", "base_ref", "base_source", "branch_name", "loose", "notes", "place",
        "placed_files", "remote", "repo_id", "repo_path", "tip", "workspace_root",
        "worktree_path",
    )  # fmt: skip

    def __init__(self, place: PlannedPlace | None = None) -> None:
        self.place = place
        self.tip = ""
        self.repo_path = ""
        self.repo_id = ""  # Shared: the worker's machine makes the worktree.
        self.remote = ""  # By which name, where it is shared.
        self.workspace_root = ""
        self.base_ref = ""
        self.base_commit = ""
        self.base_source = ""
        self.branch_name = ""
        self.worktree_path = ""
        self.placed_files = "{}"
        self.loose: list[str] = []  # Put there, and not ignored by git.
        self.notes: list[str] = []  # What there is to say of the files that lie in it.

    @property
    def start(self) -> str:
        """The commit its branch is made at: its base, or work on top that is there already."""
        return self.tip or self.base_commit
