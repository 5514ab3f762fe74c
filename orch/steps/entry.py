"""Next steps of an entry of the merge queue: pure."""

from orch.model import integration_branch
from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.steps import Step

# What a run of the queue moves by itself.
MOVING = ("queued", "building", "testing", "passed", "landing", "landed")
# Statuses that their reason explains: what a pass would say of them adds nothing.
TOLD_BY_REASON = ("conflict", "failed", "held", "quarantined", "awaiting_approval")


class EntryStanding:
    """Where an entry stands: all that its next step depends on.

    `task` is R/T, "" where no task is behind it; `missing` are the approvals it lacks, in words;
    `newer` is a later entry of the same task; `task_status` how the task is now, with
    `is_taken_back` where its work was on the target and a rollback took it off, `is_replaced` where
    a newer attempt is done.
    """

    __slots__ = (
        "branch", "entry_id", "is_closed", "is_held", "is_replaced", "is_taken_back", "missing",
        "newer", "run_id", "status", "task", "task_status",
    )  # fmt: skip

    def __init__(
        self,
        entry_id: str,
        run_id: str,
        status: str,
        *,
        task: str = "",
        task_status: str = "",
        branch: str = "",
        missing: "list[str] | None" = None,
        newer: str = "",
        is_held: bool = False,
        is_closed: bool = False,
        is_taken_back: bool = False,
        is_replaced: bool = False,
    ) -> None:
        self.entry_id = entry_id
        self.run_id = run_id
        self.status = status
        self.task = task
        self.task_status = task_status
        self.branch = branch
        self.missing = missing or []
        self.newer = newer
        self.is_held = is_held
        self.is_closed = is_closed
        self.is_taken_back = is_taken_back
        self.is_replaced = is_replaced

    @property
    def is_done_again(self) -> bool:
        """Whether its task is being worked on again, so that only its worker can move it."""
        return bool(self.task) and self.task_status != "done"


def of_entry(entry: EntryStanding) -> "Step":
    """Return the command that moves an entry, or what comes after it, on."""
    return _moving(entry) or _stopped(entry) or _over(entry)


def _moving(entry: EntryStanding) -> "Step | None":
    if entry.status == "awaiting_approval" and entry.is_done_again:
        return say("wait", run=entry.run_id).because("it is done again")
    if entry.status in (*MOVING, "awaiting_approval") and entry.is_held:
        return release_queue(entry.branch)
    if entry.status in ("queued", "awaiting_approval") and entry.missing:
        return approval(entry.entry_id, entry.task, entry.missing)
    if entry.status == "awaiting_forge":
        return say("pr status", entry.entry_id).because("the forge decides")
    if entry.status in (*MOVING, "awaiting_approval"):
        return run_queue(entry.run_id)
    return None


def _stopped(entry: EntryStanding) -> "Step | None":
    if entry.status in ("conflict", "failed"):
        if not entry.task:  # It has no worker to do it again.
            return say("queue retry", entry.entry_id).because("nobody else can do it again")
        if entry.is_closed:
            step = say("queue cancel", entry.entry_id, reason="TEXT")
            return step.because("its run is closed: nobody does it again")
        if entry.is_done_again:
            return say("wait", run=entry.run_id).because("it is done again")
        if entry.is_replaced:
            return run_queue(entry.run_id)  # It takes the newer attempt in.
        step = say("queue retry", entry.entry_id, rework=True)
        return step.because("have it done again on the newest target")
    if entry.status == "error":
        step = say("queue retry", entry.entry_id)
        return step.because("when the check or the machine is mended")
    if entry.status in ("held", "quarantined"):
        return say("queue release", entry.entry_id).because("when its reason is gone")
    return None


def _over(entry: EntryStanding) -> "Step":
    if entry.status == "verified":
        return after_landing(entry.run_id, entry.branch)
    elsewhere = say("queue list", run=entry.run_id).because("nothing is to be done about it")
    if entry.status not in ("cancelled", "superseded") or not entry.task:
        return elsewhere
    if entry.newer:
        return say("queue show", entry.newer).because("this one took its place")
    if entry.is_closed:
        return elsewhere
    if entry.is_done_again:
        return say("wait", run=entry.run_id).because("its task is worked on")
    if entry.is_taken_back:
        step = say("queue retry", entry.task, rework=True, body="TEXT")
        return step.because("the target no longer has it")
    return say("queue add", entry.task, target=entry.branch).because("to land it after all")


def approval(entry: str, task: str, missing: list[str]) -> "Step":
    """Return the command that brings an approval which is missing: people's first.

    `missing` is in words, like "1 reviewer"; `task` is R/T, "" where no task is behind it.
    """
    kinds = [words.rpartition(" ")[2] for words in missing]
    if task and kinds and "human" not in kinds:
        if "reviewer" in kinds:
            return say("review", task, harness="H").because("the policy wants a reviewer")
        return say("council start", task=task).because("the policy wants a council")
    return say("queue approve", entry, as_="NAME").because("the policy wants a person")


def release_queue(branch: str) -> "Step":
    """Return how a whole queue goes on."""
    return say("queue release", target=branch).because("when the reason of the hold is gone")


def either(verb: str, entry: str, target: str) -> "list[Step]":
    """Return how one holds or releases an entry, and how its whole queue."""
    if verb == "hold":
        found = [say("queue hold", entry), say("queue hold", target=target)]
    else:
        found = [say("queue release", entry), say("queue release", target=target)]
    return [found[0].because("the entry"), found[1].because("the whole queue")]


def run_queue(run_id: str | None) -> "Step":
    """Return how what is queued lands."""
    return say("queue run", run=run_id).because("it lands what is queued")


def after_landing(run_id: str, branch: str) -> "Step":
    """Return what follows once a run's work is on a branch: its own one, or a user's."""
    if branch == integration_branch(run_id):
        return integrate(run_id)
    return cleanup(run_id)


def integrate(run_id: str, into: str | None = None) -> "Step":
    """Return how what landed on a run's own branch comes to a user's."""
    step = say("integrate", run=run_id, into=into)
    return step.because("what landed is on the run's own branch only")


def cleanup(run_id: str) -> "Step":
    """Return how the worktrees of finished attempts go."""
    step = say("cleanup", run=run_id, all_completed=True)
    return step.because("its worktrees are no longer needed")
