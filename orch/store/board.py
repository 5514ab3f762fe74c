"""Queries of the leader's board: bounded, whatever the size of the run. Times are ms."""

from schema import queries
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)
_ACTIVE = array(("blocked", "failed", "verifying", "running", "dispatched"))


class Active(queries.Record):
    """A task that is at work or waits for somebody, with its latest attempt."""

    task_id: str
    title: str
    status: str
    reason: str
    status_at: int
    default_to: str | None
    attempt_no: int
    worker: str
    machine: str  # "" where a store has one, and before a worktree is there.
    liveness: str
    worktree_path: str
    workspace_status: str
    dirty_files: int
    path_violations: str
    base_commit: str
    repo_path: str
    begun_at: int
    max_attempts: int
    log_path: str | None
    cost_microusd: int | None
    since: int
    is_claimed: bool
    harness: str | None
    turn_no: int | None
    last_from: str | None
    last_summary: str | None
    last_at: int | None
    asked_at: int | None
    question: str | None
    is_answered: bool
    gate: str | None
    lease_until: int | None


class RunPace(queries.Record):
    """What a run cost, how long its last tasks took (ms), the longest row of those to come."""

    cost_microusd: int | None
    took_ms: float | None
    chain: int


class LeftBehind(queries.Record):
    """A done task whose worktree or paths are not in order."""

    task_id: str
    attempt_no: int
    worker: str
    worktree_path: str
    dirty_files: int
    path_violations: str
    ended_at: int


class Late(queries.Record):
    """An attempt that reported after it was superseded."""

    task_id: str
    attempt_no: int
    worker: str
    reported_at: int


class EndedTask(queries.Record):
    """A task that ended; without a worker if it was cancelled before anybody had it."""

    task_no: int
    task_id: str
    title: str
    status: str
    worker: str | None
    at: int
    result: str | None


def active(tx: "ReadTx", run_id: str, limit: int) -> list[Active]:
    """Return what is at work or waits for a person, what waits longest first."""
    return Active.many(tx, _SQL["board_active"], run_id=run_id, statuses=_ACTIVE, limit=limit)


def pace(tx: "ReadTx", run_id: str) -> RunPace:
    """Return what a run costs and how fast it goes."""
    return RunPace.one(tx, _SQL["board_pace"], run_id=run_id)


def left_behind(tx: "ReadTx", run_id: str, limit: int) -> list[LeftBehind]:
    """Return the done tasks that left something behind, the newest first."""
    return LeftBehind.many(tx, _SQL["board_left_behind"], run_id=run_id, limit=limit)


def is_any_standing(tx: "ReadTx", run_id: str) -> bool:
    """Say whether any worktree of the run stands."""
    return tx.maybe(_SQL["board_standing"], run_id=run_id) is not None


def settled_at(tx: "ReadTx", run_id: str) -> int:
    """Return when the last of the run's tasks came to be as it is."""
    found: int = tx.value(_SQL["board_settled"], run_id=run_id)
    return found


def spent_at(tx: "ReadTx", run_id: str) -> int:
    """Return when the run last spent anything: an attempt began, or a turn ended."""
    found: int = tx.value(_SQL["board_spent"], run_id=run_id)
    return found


def late(tx: "ReadTx", run_id: str, limit: int) -> list[Late]:
    """Return late reports that could be adopted."""
    return Late.many(tx, _SQL["board_late"], run_id=run_id, limit=limit)


def done(tx: "ReadTx", run_id: str, limit: int) -> list[EndedTask]:
    """Return what ended, the newest first."""
    return EndedTask.many(tx, _SQL["board_done"], run_id=run_id, limit=limit)
