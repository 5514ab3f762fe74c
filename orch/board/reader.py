"""Reading the board: as often as it is asked for, every run reconciled first.

Guarantees: nothing shown is older than the bus; every list is bounded and says how much it leaves
out; writes nothing else.
"""

import json
import time
from dataclasses import replace

from orch import run_end
from orch.board import needs, time_left
from orch.board.model import COUNTED, AtWork, Board, Need, Waiting
from orch.model import WORKED
from orch.operations import attempts as attempt_rules
from orch.operations import driving, runs, scheduling
from orch.operations import tasks as task_rules
from orch.operations.telling import ToTell
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.steps import task as task_steps
from orch.steps.model import say
from orch.steps.urgency import rank
from orch.store import board as store
from orch.store import drives, ends, history, landings
from orch.store import runs as run_rows
from orch.worktrees import create, inspect
from schema import events, steps
from schema.failures import Failure
from schema.json_text import merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.model import Run
    from schema.json_text import Json
    from schema.transaction import Database, ReadTx

_DOCTOR = steps.command(say("doctor"))
_REPOSITORY_SECONDS = 10.0
_MOST_WORKTREES = 20  # That a board looks into: each starts git.


class BoardReader:
    """Reads the board of all open runs, or of one, as often as it is asked to.

    `reviewed` tells by open review run what it reviews, as R/T: beside one run stand its reviews.
    `limit` bounds ready and done of each run. Repositories are looked at anew after
    _REPOSITORY_SECONDS only: that starts git.
    """

    def __init__(
        self, db: "Database", run_id: str | None, limit: int,
        reviewed: "Callable[[Database], dict[str, str]] | None" = None,
    ) -> None:  # fmt: skip
        self._db = db
        self._reviewed = reviewed
        self._run_id = run_id
        self._limit = limit
        self._pace = Pace(waits=True)
        self._tampered: dict[str, tuple[float, list[Need]]] = {}
        self._left: dict[tuple[str, str | None], tuple[float, int, Need]] = {}

    def names(self) -> list[str]:
        """Return the runs that it is about."""
        if self._run_id is not None:
            reviews = self._reviewed(self._db) if self._reviewed is not None else {}
            beside = [run for run, of in reviews.items() if of.split("/")[0] == self._run_id]
            return [self._run_id, *beside]
        with self._db.read() as tx:
            return history.list_runs(tx, only_open=True)

    def read(self) -> Board:
        """Return the board as it is now, every run reconciled first. Raises: not_found/run."""
        found = Board()
        for name in self.names():
            report = reconcile(self._db, name, pace=self._pace)
            with self._db.read() as tx:
                run = runs.require(tx, name)
            if run.closed_at is None:
                now = self._db.clock.now().wall_ms
                for text in report.problems:
                    found.needs.append(Need(name, None, "problem", None, now, text, _DOCTOR))
                found.needs += self._of_repository(run, now)
            end = run_end.of(self._db, name)
            with self._db.read() as tx:
                _add(tx, found, run, self._limit, end)
        with self._db.read() as tx:
            found.now, found.high_event_id = tx.now.wall_ms, events.last_id(tx)
        found.needs = [
            self._of_worktree(need) if need.kind == "uncommitted" else need for need in found.needs
        ]
        found.needs.sort(key=lambda need: (rank(need.kind), need.since))
        found.at_work.sort(key=lambda one: (not one.task.is_claimed, one.task.since))
        found.done.sort(key=lambda one: -one[1].at)
        return found

    def to_tell(self, run_id: str) -> list[ToTell]:
        """Return what a run needs of people now, as it is recorded and told (operations/telling).

        By its kind and the moment it began; what has no such moment is one need while it holds.
        """
        self._run_id = run_id
        return [
            ToTell(need.task_id or "", need.kind, _cause(need), need.who or "", need.since,
                   need.text, need.command)
            for need in self.read().needs
        ]  # fmt: skip

    def _of_repository(self, run: "Run", now: int) -> list[Need]:
        """Return what changed of the repository behind the run's back."""
        looked, known = self._tampered.get(run.run_id, (0.0, []))
        if looked and time.monotonic() - looked < _REPOSITORY_SECONDS:
            return known
        found = []
        try:
            changed = create.tampering(self._db, run)
        except Failure as failure:
            text, command = failure.message, _DOCTOR
            found.append(Need(run.run_id, None, "problem", None, now, text, command))
        else:
            if changed:
                text, command = (
                    "; ".join(changed[:5]),
                    steps.command(say("repo accept", run=run.run_id)),
                )
                found.append(Need(run.run_id, None, "tampered", None, now, text, command))
        self._tampered[run.run_id] = (time.monotonic(), found)
        return found

    def _of_worktree(self, need: Need) -> Need:
        """Return what a worktree's work lacks as it is seen there: files, or commits elsewhere.

        The store knows only how much it is. What cannot be looked at stays as the store tells it.
        """
        key = (need.run_id, need.task_id)
        looked, since, known = self._left.get(key, (0.0, 0, need))
        if looked and since == need.since and time.monotonic() - looked < _REPOSITORY_SECONDS:
            return known
        if len(self._left) >= _MOST_WORKTREES and key not in self._left:
            return need
        with self._db.read() as tx:
            task = task_rules.require(tx, need.run_id, str(need.task_id))
            attempt = attempt_rules.latest(tx, task)
        if attempt is None or self._pace.known(attempt.worktree_path):
            return need
        seen = need
        try:
            with self._pace.at(attempt.worktree_path):
                left = inspect.left(attempt)
            if left.names:
                way = inspect.mending(task.name, attempt, left)
                text = f"{way.words}: {', '.join(left.names[:5])}"
                command = " && ".join(step.line for step in way.steps) or _DOCTOR
                seen = replace(need, text=text, command=command)
        except Failure:
            pass  # doctor and reconcile name the place.
        self._left[key] = (time.monotonic(), need.since, seen)
        return seen


def _cause(need: Need) -> str:
    return "" if need.kind in ("problem", "tampered", "budget") else f"at:{need.since}"


def _add(tx: "ReadTx", found: Board, run: "Run", limit: int, end: run_end.RunEnd) -> None:
    counts = json.loads(run_rows.document(tx, run.run_id))["counts"]
    for name, statuses in COUNTED.items():
        found.totals[name] += sum(counts[status] for status in statuses)
    active = store.active(tx, run.run_id, needs.MOST_ACTIVE)
    found.landing[run.run_id] = landings.of_run(tx, run.run_id)
    found.done += [(run.run_id, one) for one in store.done(tx, run.run_id, limit)]
    found.at_work += [AtWork(run.run_id, one) for one in active if one.status in WORKED]
    chosen, _ = scheduling.ready(tx, run, limit)
    own = (
        needs.of_run(tx, run, active, found.landing[run.run_id], counts, end)
        if run.closed_at is None
        else []
    )
    found.needs += own
    found.runs.append(_document(tx, run, active, counts, end, own))
    if run.closed_at is not None:
        return
    owed = {need.task_id for need in own}
    found.again += [
        AtWork(run.run_id, one)
        for one in active
        if one.status == "failed" and one.task_id not in owed
    ]
    is_spent = any(need.kind == "budget" for need in own)
    for task in chosen:
        step = task_steps.dispatch(task.name, task.execution_mode, task.default_to)
        command = "" if is_spent else step.line
        found.ready.append(Waiting(run.run_id, task.task_id, task.title, task.default_to, command))


def _document(
    tx: "ReadTx", run: "Run", active: "list[store.Active]", counts: dict[str, int],
    end: run_end.RunEnd, own: list[Need],
) -> "Json":  # fmt: skip
    """Return a run as the board publishes it."""
    driven = drives.find(tx, run.run_id)
    is_there = end.word in ("integrate", "finished")
    landed = counts["done"] - (0 if is_there else len(ends.unlanded(tx, run.run_id)))
    pace = store.pace(tx, run.run_id)
    working = [
        one
        for one in active
        if one.status in WORKED and one.status != "blocked" and one.liveness not in needs.SILENT
    ]
    left = time_left.seconds(
        pace.took_ms, counts["ready"] + counts["planned"],
        [max(0, tx.now.wall_ms - one.begun_at) for one in working], pace.chain,
    )  # fmt: skip
    return merge(
        run_rows.document(tx, run.run_id), end=end.word,
        driver_pid=driving.driver(tx, run.run_id) or None,
        paused=driven is not None and bool(driven.paused),
        landed=landed,
        locked=len(scheduling.waiting(tx, run)) if counts["ready"] else 0,
        cost_usd=None if pace.cost_microusd is None else pace.cost_microusd / 1e6,
        seconds_left=left,
        holds=next((need.text for need in own if need.kind == "storm"), None),
    )  # fmt: skip
