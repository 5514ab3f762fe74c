"""What the operations of orch pass around; slotted classes, since hot commands load this."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Row

OWNERSHIP = ("enforce", "warn", "off")
RISKS = ("low", "medium", "high")
MODES = ("analysis", "code")
DEFAULT_MAX_ATTEMPTS = 3
REQUEST_STATUSES = ("new", "planning", "asked", "planned", "refused", "failed", "applied")
ACTIVE = ("dispatched", "running", "blocked", "verifying")  # An attempt works on the task.
TERMINAL = ("done", "failed", "cancelled")


def integration_branch(run_id: str) -> str:
    """Return the branch on which a run's work lands when nothing else is named."""
    return f"orch-integration/{run_id}"


class Run:
    """One goal with its tasks; its status follows from theirs."""

    __slots__ = (
        "base_ref", "closed_at", "leader", "ownership", "reconciled_through", "repo_path",
        "run_id", "settled_event", "status", "target",
    )  # fmt: skip

    def __init__(self, row: "Row") -> None:
        (self.run_id, self.leader, self.repo_path, self.base_ref, self.target,
         self.ownership, self.reconciled_through, self.settled_event, self.closed_at,
         self.status) = row  # fmt: skip


class Task:
    """A task as operations see it."""

    __slots__ = (
        "acceptance", "allowed_paths", "blocked_paths", "default_to", "execution_mode",
        "latest_attempt_no", "max_attempts", "next_attempt_no", "not_before_at", "priority",
        "required_checks", "run_id", "spec_text", "status", "summary", "task_id", "task_no",
        "title", "unmet",
    )  # fmt: skip

    def __init__(self, row: "Row") -> None:
        (self.task_no, self.run_id, self.task_id, self.title, self.summary, self.default_to,
         self.priority, self.acceptance, self.spec_text, self.required_checks,
         self.allowed_paths, self.blocked_paths, self.max_attempts, self.execution_mode,
         self.status, self.unmet, self.not_before_at, self.latest_attempt_no,
         self.next_attempt_no) = row  # fmt: skip

    @property
    def name(self) -> str:
        """How a person names it: run/task."""
        return f"{self.run_id}/{self.task_id}"


class Attempt:
    """One try at a task: its thread, and for code its branch and worktree."""

    __slots__ = (
        "assigned_to", "attempt_key", "attempt_no", "base_commit", "base_ref", "base_source",
        "branch_name", "dirty_files", "execution_mode", "head_commit", "late_event", "liveness",
        "path_violations",
        "placed_files", "repo_path", "status", "task_no", "thread_id", "thread_no",
        "workspace_root", "workspace_status", "worktree_path",
    )  # fmt: skip

    def __init__(self, row: "Row") -> None:
        (self.attempt_key, self.task_no, self.attempt_no, self.thread_no, self.thread_id,
         self.assigned_to, self.status, self.execution_mode, self.repo_path,
         self.workspace_root, self.base_ref, self.base_commit, self.base_source,
         self.branch_name, self.worktree_path, self.workspace_status, self.placed_files,
         self.head_commit, self.dirty_files, self.liveness, self.late_event,
         self.path_violations) = row  # fmt: skip


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
        "placed_files", "repo_path", "tip", "workspace_root", "worktree_path",
    )  # fmt: skip

    def __init__(self, place: PlannedPlace | None = None) -> None:
        self.place = place
        self.tip = ""
        self.repo_path = ""
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
