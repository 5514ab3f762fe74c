"""The driver's values: what its planner is told, and what it decides; JSON in `drive_pass`.

Everything here is a value: a snapshot of one run, read in one transaction, and the steps decided
from it. Nothing in it may come from a clock, a file or git while the planner runs. Times are ms on
the wall clock; `event` is the event that brought about what a fact says (a need's cause).
"""

from dataclasses import dataclass

from orch.config.drive_policy import DrivePolicy

PLANNER = "drive-plan/4"  # Rises when the same snapshot could lead to other steps.


# How an attempt ended (`attempt.end_class`); those of PEOPLE are never begun again by themselves.
PEOPLE = ("stopped", "rejected", "cancelled", "permanent")
CLASSES = (
    "crashed", "timeout", "limited", "logged_out", "no_change", "failed", "gone", "check_failed",
    "paths", "revise", "conflict", "trial_failed", "lost", *PEOPLE,
)  # fmt: skip

# What a task's gate says (TaskFacts.gate); `external`: only somebody outside can tell.
GATES = ("", "running", "failed", "error", "external")
# What is lacking before a done task may land (TaskFacts.review); `asked`: a reviewer is at it.
REVIEWS = ("", "needed", "nobody", "asked", "silent", "revise")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that was refused for a task, without an attempt: `count` times for one cause.

    `kind`: setup, base_conflict, or the reason of the failure. `text` is its message. A
    base_conflict is forgotten by whoever tells the facts once something has landed.
    """

    kind: str
    text: str
    count: int
    at: int
    event: int


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task that is neither landed nor called off; its number is its arrival.

    `to` is its own assignee, "" for the run's pool. `hindrance` says in words what keeps it from
    beginning besides its status (a lock, paths, somebody's dispatch under way; until
    `hindered_until` if that is known); `waits_for` names what it depends on and is not done, with
    `stack = "landed"` what is not landed; `stranded_by` what it waits for will never be.

    Of its newest attempt: its number, how it ended (`ended`, of CLASSES, "" while it works), when,
    with which last line; whether its branch holds commits. `spent`: attempts that worked; `lost`:
    dispatches in a row that were killed; `automatic`: how many attempts were begun by themselves,
    by the class they were begun for (`attempt.begun_for`). `late_attempt` reported after its end.

    At work: `is_claimed`, `live` (live, stale, gone, unknown), `silent_since` when its lease
    ended or its process was missed, `is_answered` when its question was, `is_served` when somebody
    takes work of its name or pool, `is_ours` when it is for the workers of this driver, `is_left`
    when a turn of it has not been brought to its end yet.

    `gate_runs`: how often its failed checks ran on that same tree; `gate_tries`: how often a check
    could not run, in a row, the last time at `gate_at`; an outside result is waited for since
    `gate_at`. `entry`: its newest entry's status, "" for none. `approval`: what its entry lacks, in
    words. `review_kind`: reviewer, or council. `has_nothing_to_land`: analysis, or code without a
    commit. `is_conflict_held`: orch.toml leaves conflicts to people.
    """

    task_no: int
    task_id: str
    status: str
    priority: int = 1
    rank: int = 0
    chain: int = 0
    mode: str = ""
    to: str = ""
    repo: str = ""
    since: int = 0
    event: int = 0
    reason: str = ""
    hindrance: str = ""
    hindered_until: int = 0
    waits_for: tuple[str, ...] = ()
    stranded_by: str = ""
    not_before: int = 0
    overtaken: int = 0
    attempt_no: int = 0
    spent: int = 0
    max_attempts: int = 3
    lost: int = 0
    automatic: tuple[tuple[str, int], ...] = ()
    ended: str = ""
    ended_at: int = 0
    last_line: str = ""
    has_commits: bool = False
    late_attempt: int = 0
    refusal: Refusal | None = None
    is_claimed: bool = False
    is_served: bool = False
    is_ours: bool = False
    is_answered: bool = False
    is_left: bool = False
    live: str = "unknown"
    silent_since: int = 0
    gate: str = ""
    gate_runs: int = 0
    gate_tries: int = 0
    gate_at: int = 0
    gate_check: str = ""
    review: str = ""
    review_kind: str = "reviewer"
    reviewer: str = ""
    has_nothing_to_land: bool = False
    entry_no: int = 0
    entry: str = ""
    entry_text: str = ""
    approval: tuple[str, ...] = ()
    is_conflict_held: bool = False


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue that the run's entries stand in.

    `moving`: entries that a pass could bring on. `is_running`: a runner is at it, here or
    elsewhere. `is_changed`: something happened in it since it was last run (or it never was);
    `looked_at` is that last time, `wake_at` when an entry's wait is over. `hold` is "", "red" or
    "person", said in `hold_text`; `may_mend`: a red target moved, or a revert waits in it.
    `in_the_way`: in words, what of people's checkouts kept the target from moving; `mending` is
    the command that helps.
    """

    queue_no: int
    target: str
    moving: int = 0
    is_running: bool = False
    is_changed: bool = True
    looked_at: int = 0
    wake_at: int = 0
    hold: str = ""
    hold_text: str = ""
    may_mend: bool = False
    in_the_way: str = ""
    mending: tuple[str, ...] = ()
    event: int = 0


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """A worker of this driver; one that is down starts again at `not_before`, for `reason`.

    The driver keeps its workers up by itself, in every look: no step is recorded for it.
    """

    slot_no: int
    is_up: bool
    not_before: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HarnessFacts:
    """The agent client of this driver's workers: until when it rests, whether it has a login."""

    rests_until: int = 0
    is_logged_out: bool = False
    login: tuple[str, ...] = ()
    event: int = 0


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """A repository in which nothing may begin now: `trouble` is "dirty" or "tampered"."""

    repo: str
    trouble: str
    text: str = ""
    event: int = 0


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A ticket that cannot be applied: its path, and why in words. `since` for one that waits."""

    path: str
    text: str
    since: int = 0
    is_waiting: bool = False
    event: int = 0


@dataclass(frozen=True, slots=True)
class EndFacts:
    """How an attempt of the run ended lately; nothing of before the run was last resumed."""

    task_no: int
    end_class: str
    last_line: str
    at: int


@dataclass(frozen=True, slots=True)
class DriveSnapshot:
    """All that one pass knows of one run.

    `tasks` are open ones, the ready ones cut to the first in dispatch order; `ready_left` counts
    the others. `retries`: automatic attempts of the run so far. `budget`: in words why nothing
    may begin, with the `budget_flags` that allow more. `end`: open, land, integrate or finished,
    once no task is open; `plans`: requests whose plans wait for a person then. `told`: the ids of
    the needs that are recorded as open; `has_news`: this driver has told one that nobody had told
    before. `is_cleaned`, `is_integrating`: that step was done, or is under way.
    """

    now: int
    run_id: str
    policy: DrivePolicy
    until: str = "blocked"
    tasks: tuple[TaskFacts, ...] = ()
    ready_left: int = 0
    queues: tuple[QueueFacts, ...] = ()
    slots: tuple[SlotFacts, ...] = ()
    harness: HarnessFacts = HarnessFacts()
    repositories: tuple[RepositoryFacts, ...] = ()
    tickets: tuple[TicketFacts, ...] = ()
    ends: tuple[EndFacts, ...] = ()
    retries: int = 0
    budget: str = ""
    budget_flags: str = ""
    budget_event: int = 0
    is_paused: bool = False
    paused_event: int = 0
    end: str = "open"
    target: str = ""
    is_integrating: bool = False
    integrate_text: str = ""
    integrate_event: int = 0
    plans: tuple[str, ...] = ()
    is_cleaned: bool = True
    is_closed: bool = False
    told: tuple[str, ...] = ()
    has_news: bool = False


@dataclass(frozen=True, slots=True)
class DriveNeed:
    """Something that waits for a person: since when, why, and one command that helps.

    The same need is (run, task, kind, cause): a second question is news, the same one is not.
    """

    run_id: str
    task_id: str
    kind: str
    event: int
    since: int
    text: str
    argv: tuple[str, ...]

    @property
    def need_id(self) -> str:
        """By what it is known: to `told`, to notices, to `orch wait`."""
        return f"{self.run_id}/{self.task_id}:{self.kind}:{self.event or self.text}"


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin an attempt by `event` (dispatch, retry, reassign, rework), given to `to`.

    `cause` is the class of end that it answers, "" for a first attempt; `start` is where it starts
    from: "fresh", "branch" (what the attempt before committed) or "target".
    """

    task_no: int
    event: str
    to: str
    mode: str
    cause: str = ""
    start: str = "fresh"
    entry_no: int = 0


@dataclass(frozen=True, slots=True)
class Verify:
    """Run a task's checks; `again`: those that failed, on the tree on which they did."""

    task_no: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """Ask for exactly the review that a done task lacks."""

    task_no: int


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put these tasks' heads into their queue, in order."""

    tasks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunQueue:
    """Let a queue do what it can."""

    queue_no: int


@dataclass(frozen=True, slots=True)
class Integrate:
    """Bring the run's target into `branch`."""

    branch: str


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Remove the worktrees of what landed, by proof."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the run."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Record which needs hold now (their ids), so that each is told once."""

    needs: tuple[str, ...]


DriveStep = Begin | Verify | Review | Enqueue | RunQueue | Integrate | Cleanup | Close | Tell


@dataclass(frozen=True, slots=True)
class DrivePlan:
    """What one pass does, in order; what waits for people; why each open task is where it is.

    After its steps the pass reads a new snapshot and plans again. `wake_at` is when something may
    change by itself, 0 for never. `end` is "" while the driver goes on, else how it ends by its
    `until`: landed, needs_people, idle. `is_moving`: something is under way or has a moment.
    """

    steps: tuple[DriveStep, ...]
    needs: tuple[DriveNeed, ...]
    why: tuple[tuple[int, str], ...]
    wake_at: int = 0
    end: str = ""
    is_moving: bool = False
