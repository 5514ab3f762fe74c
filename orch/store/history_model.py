"""A run's history as plain values: what reports, pictures and figures are made of. Times are ms."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from orch.machines import IN_TARGET


@dataclass(frozen=True, slots=True)
class Landing:
    """What the queue says of a task: its state, in words why, the command that a person owes it.

    `commit` is what it became on the target (`branch`), "" while it is not there; `position`: its
    place in its queue, 0 for none.
    """

    state: str
    detail: str = ""
    command: str = ""
    conflicts: int = 0
    since: int = 0
    commit: str = ""
    branch: str = ""
    is_rolled_back: bool = False
    position: int = 0
    repo_path: str = ""

    def document(self) -> dict[str, object]:
        """Return the published shape."""
        return {"state": self.state, "detail": self.detail}


@dataclass(slots=True)
class LeaseHistory:
    """One claim; `ended_at` is None while it lasts."""

    holder: str
    claimed_at: int
    ended_at: int | None
    ended_by: str | None


@dataclass(slots=True)
class Question:
    """A worker's question; `answer` and `answered_at` are None while nobody answered."""

    asked_by: str
    text: str
    asked_at: int
    answer: str | None = None
    answered_at: int | None = None


@dataclass(slots=True)
class CheckResult:
    """One result of one check."""

    name: str
    status: str
    source: str
    summary: str
    duration_ms: int | None
    recorded_by: str
    recorded_at: int
    output_head: str
    output_tail: str


@dataclass(slots=True)
class TurnHistory:
    """One start of an agent's program; money in millionths of a dollar."""

    turn_no: int
    agent: str
    harness: str
    outcome: str | None
    started_at: int
    ended_at: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_microusd: int | None


@dataclass(slots=True)
class AttemptHistory:
    """One try at a task with everything that happened in it."""

    attempt_key: int
    task_no: int
    attempt_no: int
    thread_no: int
    thread_id: str
    assigned_to: str
    status: str
    execution_mode: str
    repo_path: str
    base_commit: str
    head_commit: str | None
    branch_name: str
    worktree_path: str
    workspace_status: str
    dirty_files: int | None
    path_violations: str | None
    liveness: str
    late_event: int
    lost_leases: int
    created_at: int
    ended_at: int | None
    result: str | None
    leases: list[LeaseHistory] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    verifications: list[tuple[int, int | None]] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    turns: list[TurnHistory] = field(default_factory=list)

    @property
    def worker(self) -> str:
        """Who worked on it last: the last holder, else whom it is for."""
        return self.leases[-1].holder if self.leases else self.assigned_to


@dataclass(slots=True)
class EntryHistory:
    """One time that a task's work was queued; `landed_at` is None where it did not land."""

    status: str
    conflicts: int
    queued_at: int
    landed_at: int | None


@dataclass(slots=True)
class TaskHistory:
    """A task with its attempts; `landing` is None while the merge queue knows nothing of it.

    `is_attended`: a person had a hand in it. `is_tied`: it waits for another task of its run, or
    shares a lock with one.
    """

    task_no: int
    task_id: str
    title: str
    status: str
    priority: int
    default_to: str | None
    reason: str
    latest_attempt_no: int
    created_at: int
    updated_at: int
    gate: str | None
    kind: str | None
    attempts: list[AttemptHistory] = field(default_factory=list)
    entries: list[EntryHistory] = field(default_factory=list)
    landing: Landing | None = None
    is_attended: bool = False
    is_tied: bool = False

    @property
    def landed(self) -> EntryHistory | None:
        """The entry by which its work came to the target, and is there."""
        there = [e for e in self.entries if e.landed_at is not None and e.status in IN_TARGET]
        return there[-1] if there else None


@dataclass(slots=True)
class History:
    """A run's tasks in the order they were added, and its edges (first, then)."""

    run_id: str
    now: int
    tasks: list[TaskHistory]
    edges: list[tuple[str, str]]

    def attempts(self) -> Iterator[tuple[TaskHistory, AttemptHistory]]:
        """Return every attempt with its task."""
        return ((task, attempt) for task in self.tasks for attempt in task.attempts)
