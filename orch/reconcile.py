"""Reconciliation of a run: tasks follow threads, killed dispatches are undone, heads are read.

Guarantees: killed at any point, the next one finishes what is left; a second call finds
nothing. Costs two small reads when there is nothing to do, and loads nothing more.
"""

from orch.operations import runs
from orch.store import due
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.config.model import Config
    from orch.model import Run
    from orch.pace import Pace
    from schema.transaction import Database

_UNSEEN_MS = 3_600_000  # How long a dispatch may take whose process cannot be seen from here.


class ReconcileReport:
    """What a reconcile changed: task numbers; what it repaired and could not do, in words.

    `round_two` says that a council's second round has not begun: orch/cli/main.py may begin it.
    """

    __slots__ = ("changed", "problems", "repaired", "round_two")

    def __init__(self) -> None:
        self.changed: dict[int, None] = {}
        self.repaired: list[str] = []
        self.problems: list[str] = []
        self.round_two = False


def reconcile(
    db: "Database",
    run_id: str,
    tell: "Callable[[str], None] | None" = None,
    pace: "Pace | None" = None,
) -> ReconcileReport:
    """Bring a run up to date. Raises: not_found/run.

    A closed run is only tidied up. What git refuses, or a place that does not answer in the time
    that `pace` gives it, is reported and tried again next time: one lost repository must not hide
    the rest of the run. `tell` hears of all that was repaired and of each problem.
    """
    report = _reconcile(db, run_id, pace)
    if tell is not None:
        for text in (*report.repaired, *report.problems):
            tell(text)
    return report


def _reconcile(db: "Database", run_id: str, pace: "Pace | None") -> ReconcileReport:
    report = ReconcileReport()
    with db.read() as tx:
        run = runs.require(tx, run_id)
        told, dispatches, turns, heads, planning, unmade = due.due(tx, run)
        report.round_two = due.has_round_two(tx, run)
    if run.repo_id:
        from orch.fleet import here

        here.appear(db)
    if dispatches or told or turns or heads:
        from orch.pace import Pace

        pace = pace or Pace()
        pace.begin_look()
    if dispatches:
        assert pace is not None
        _repair(db, run_id, report, pace)
    if told:
        _absorb(db, run_id, report)
    if turns:
        from orch.agents import liveness

        for number in liveness.note_gone(db, run_id):
            report.changed[number] = None
    if told or turns or heads:
        assert pace is not None
        _read_heads(db, run, report, pace)
    if run.repo_id:
        from orch.worktrees import delivered

        report.problems += delivered.bring_missing(db, run)
    if planning:
        _follow_requests(db, run_id, report)
    if unmade:
        from orch.worktrees import places

        report.problems += places.make_due(db, run_id)
    return report


def _follow_requests(db: "Database", run_id: str, report: ReconcileReport) -> None:
    """Let requests follow the tasks in which they are planned."""
    from orch.store import requests

    with db.read() as tx:
        if not requests.due(tx, run_id):
            return
    from orch.requests import planning

    changed, failures = planning.follow(db, run_id)
    report.changed |= dict.fromkeys(changed)
    report.problems += [f"a request waits: {failure.message}" for failure in failures]


def _absorb(db: "Database", run_id: str, report: ReconcileReport) -> None:
    """Carry the news over to the tasks."""
    from orch.operations import reconciliation
    from schema import crash_points

    with db.write() as tx:
        for number in reconciliation.absorb(tx, runs.require(tx, run_id)):
            report.changed[number] = None
    crash_points.reach("reconcile.absorbed")


def _read_heads(db: "Database", run: "Run", report: ReconcileReport, pace: "Pace") -> None:
    """Record what finished code attempts left: their head, and what is uncommitted."""
    from orch.store import attempts

    with db.read() as tx:
        unread = attempts.without_head(tx, run.run_id)
    if not unread:
        return
    from orch.pace import described
    from orch.worktrees import inspect as heads
    from schema import crash_points

    for attempt in unread:
        known = pace.known(attempt.worktree_path)
        try:
            if not known:
                with pace.at(attempt.worktree_path):
                    is_new = heads.read(db, run, attempt)
                if is_new:
                    report.changed[attempt.task_no] = None
        except Failure as failure:
            if failure.code not in _GIT_SAYS:
                raise
            known = described(failure)
        if known:
            report.problems.append(f"cannot read {attempt.worktree_path}: {known}")
        crash_points.reach("reconcile.head_read")


_GIT_SAYS = ("git_error", "refused", "not_found", "invalid_state")


def _settings(db: "Database", run_id: str, repo_path: str) -> "Config":
    """Return what orch.toml says, by which files that orch placed are told from a worker's."""

    from orch import config_in_force
    from orch.config.model import Config

    with db.read() as tx:
        run = runs.require(tx, run_id)
    try:
        return config_in_force.at(db, run, repo_path)
    except Failure as failure:
        if failure.code != "invalid_input":
            raise
        return Config()  # Then nothing is known to be ours, and everything is kept.


def _repair(db: "Database", run_id: str, report: ReconcileReport, pace: "Pace") -> None:
    """Undo dispatches whose process is gone: their worktree, their branch, their intent."""
    from orch import process_identity
    from orch.operations import attempts as operations
    from orch.store import attempts, tasks
    from orch.worktrees import create
    from schema import crash_points

    with db.read() as tx:
        found = attempts.intents(tx, run_id)
    now = db.clock.now().wall_ms
    for intent in found:
        gone = process_identity.is_gone(*intent.process)
        if gone is False or (gone is None and now - intent.created_at < _UNSEEN_MS):
            continue
        try:
            with pace.at(intent.place.worktree_path):
                create.undo(intent.place, _settings(db, run_id, intent.place.repo_path))
        except Failure as failure:
            if failure.code not in _GIT_SAYS:
                raise
            report.problems.append(f"cannot undo a dispatch that was killed: {failure.message}")
            continue
        crash_points.reach("reconcile.undone")
        with db.write() as tx:
            if operations.abandon(tx, intent.task_no, intent.attempt_no):
                name = tasks.by_no(tx, intent.task_no).name
                report.repaired.append(
                    f"undid the dispatch of {name} (attempt {intent.attempt_no}) "
                    "that was killed half-way"
                )
                report.changed[intent.task_no] = None
