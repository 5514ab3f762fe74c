"""The leader's board: what needs a person first, each with its command; then what runs.

Guarantees: reconciles first, so that nothing shown is older than the bus; every list is bounded
and says how much it leaves out; writes nothing else.
"""

import json
import time
from dataclasses import dataclass, field, replace

from orch import run_end
from orch.model import WORKED
from orch.operations import attempts as attempt_rules
from orch.operations import budgets, driving, runs, scheduling
from orch.operations import tasks as task_rules
from orch.operations.telling import ToTell
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.steps import run as run_steps
from orch.steps import task as task_steps
from orch.steps.entry import cleanup, integrate
from orch.steps.model import say
from orch.steps.urgency import rank
from orch.store import board as store
from orch.store import drives, history, landings, tasks
from orch.store import runs as run_rows
from orch.worktrees import create, inspect
from schema import events, steps
from schema.failures import Failure
from schema.json_text import merge
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orch.model import Run
    from orch.store.board import Active
    from orch.store.history_model import Landing
    from schema.json_text import Json
    from schema.transaction import Database, ReadTx

_MOST_ACTIVE = 500
_DOCTOR = steps.command(say("doctor"))
_REPOSITORY_SECONDS = 10.0
_MOST_WORKTREES = 20  # That a board looks into: each starts git.
# list of a board: the statuses of the tasks in it.
_COUNTED = {
    "at_work": WORKED,
    "ready": ("ready",),
    "done": ("done", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person. `text` may hold a peer's words; `since` is in ms."""

    run_id: str
    task_id: str | None
    kind: str
    who: str | None
    since: int
    text: str
    command: str


@dataclass(frozen=True, slots=True)
class AtWork:
    """A task that somebody works on, or will; its turn where a harness was started for it."""

    run_id: str
    task: "Active"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that can be dispatched, with the command."""

    run_id: str
    task_id: str
    title: str
    default_to: str | None
    command: str


@dataclass(slots=True)
class Board:
    """All open runs, or one, at one moment (`now`, ms); `totals` of the lists that are cut."""

    now: int = 0
    high_event_id: int = 0
    runs: "list[Json]" = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    at_work: list[AtWork] = field(default_factory=list)
    ready: list[Waiting] = field(default_factory=list)
    done: "list[tuple[str, store.EndedTask]]" = field(default_factory=list)
    landing: "dict[str, dict[int, Landing]]" = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))


class BoardReader:
    """Reads the board of all open runs, or of one, as often as it is asked to.

    `limit` bounds ready and done of each run. Repositories are looked at anew after
    _REPOSITORY_SECONDS only: that starts git.
    """

    def __init__(self, db: "Database", run_id: str | None, limit: int) -> None:
        self._db = db
        self._run_id = run_id
        self._limit = limit
        self._pace = Pace(waits=True)
        self._tampered: dict[str, tuple[float, list[Need]]] = {}
        self._left: dict[tuple[str, str | None], tuple[float, int, Need]] = {}

    def names(self) -> list[str]:
        """Return the runs that it is about."""
        if self._run_id is not None:
            return [self._run_id]
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
    driven = drives.find(tx, run.run_id)
    document = merge(
        run_rows.document(tx, run.run_id), end=end.word,
        driver_pid=driving.driver(tx, run.run_id) or None,
        paused=driven is not None and bool(driven.paused),
    )  # fmt: skip
    found.runs.append(document)
    counts = json.loads(document)["counts"]
    for name, statuses in _COUNTED.items():
        found.totals[name] += sum(counts[status] for status in statuses)
    active = store.active(tx, run.run_id, _MOST_ACTIVE)
    found.landing[run.run_id] = landings.of_run(tx, run.run_id)
    found.done += [(run.run_id, one) for one in store.done(tx, run.run_id, limit)]
    for one in active:
        if one.status in WORKED:
            found.at_work.append(AtWork(run.run_id, one))
    if run.closed_at is not None:
        return
    silent = {one.worker for one in active if one.liveness in ("gone", "stale")}
    for one in active:
        need = _need(run, one, silent)
        if need is not None:
            found.needs.append(need)
    found.needs += _left_behind(tx, run)
    found.needs += _landing(tx, run, found.landing[run.run_id])
    spent = [*_budget(tx, run, counts)]
    found.needs += spent
    chosen, _ = scheduling.ready(tx, run, limit)
    for task in chosen:
        step = task_steps.dispatch(task.name, task.execution_mode, task.default_to)
        command = "" if spent else step.line
        found.ready.append(Waiting(run.run_id, task.task_id, task.title, task.default_to, command))
    found.needs += _end(tx, run, counts, end)


def _need(run: "Run", one: "Active", silent: set[str]) -> Need | None:
    """Return what a task that is not over needs of a person, if anything.

    `silent` are the workers of whom nothing is heard: none of them is proposed for anything.
    """
    name = f"{run.run_id}/{one.task_id}"

    def _of(kind: str, text: str, step: Step, since: int = one.status_at) -> Need:
        command = steps.command(step)
        return Need(run.run_id, one.task_id, kind, one.worker, since, text, command)

    if one.status == "failed":
        return _of("failed", one.reason or "no reason given", task_steps.retry(name))
    if one.status == "verifying":
        if one.dirty_files and one.workspace_status == "created":
            return Need(
                run.run_id, one.task_id, "uncommitted", one.worker, one.status_at,
                _files(one.dirty_files), commit_command(run, one.worktree_path),
            )  # fmt: skip
        wrong = _errors(one.gate)
        kind, text = ("check_error", wrong) if wrong else ("unverified", "its checks are to run")
        return _of(kind, text, task_steps.verify(name))
    if one.status == "blocked" and not one.is_answered:
        text, since = one.question or one.reason, one.asked_at or one.status_at
        return _of("question", text, task_steps.answer(name), since)
    if one.liveness in ("gone", "stale") and one.status in ("running", "blocked"):
        is_gone = one.liveness == "gone"
        to = one.default_to if one.default_to and one.default_to not in silent else "AGENT"
        why = "its process is gone" if is_gone else "its lease ran out"
        text = f"{why} (attempt {one.attempt_no}, {one.worker})"
        heard = one.last_at or one.since
        since = heard if is_gone else one.lease_until or heard
        return _of(one.liveness, text, task_steps.reassign(name, to), since)
    return None


def _files(count: int) -> str:
    return f"{count} uncommitted file{'' if count == 1 else 's'}: what is not committed can be lost"


def commit_command(run: "Run", worktree: str) -> str:
    """Return how a person commits what a worker left, in one line."""
    return " && ".join(map(steps.command, task_steps.commit(worktree, run.run_id)))


def _errors(gate: str | None) -> str:
    """Return the checks that could not run, in words."""
    checks = json.loads(gate)["checks"] if gate else []
    wrong = [f"{c['check']}: {c['summary'] or 'error'}" for c in checks if c["status"] == "error"]
    return "; ".join(wrong)


def _left_behind(tx: "ReadTx", run: "Run") -> "Iterator[Need]":
    """What done tasks left: uncommitted files, paths they did not own, late reports of others."""
    for one in store.left_behind(tx, run.run_id, _MOST_ACTIVE):
        if one.dirty_files:
            yield Need(run.run_id, one.task_id, "uncommitted", one.worker, one.ended_at,
                       _files(one.dirty_files), commit_command(run, one.worktree_path))  # fmt: skip
        outside = json.loads(one.path_violations)
        if outside:
            yield Need(run.run_id, one.task_id, "paths", one.worker, one.ended_at,
                       f"changed paths it does not own: {', '.join(outside[:5])}",
                       steps.command(say("trace", f"{run.run_id}/{one.task_id}")))  # fmt: skip
    for late in store.late(tx, run.run_id, _MOST_ACTIVE):
        name = f"{run.run_id}/{late.task_id}"
        yield Need(run.run_id, late.task_id, "late_report", late.worker, late.reported_at,
                   f"attempt {late.attempt_no} reported after it was given to another",
                   steps.command(task_steps.adopt(name, late.attempt_no)))  # fmt: skip


def _landing(tx: "ReadTx", run: "Run", known: "dict[int, Landing]") -> "Iterator[Need]":
    """What the merge queue wants of a person."""
    for task_no, landing in known.items():
        if landing.command:
            task = tasks.by_no(tx, task_no)
            text = f"{landing.state}: {landing.detail}" if landing.detail else landing.state
            yield Need(run.run_id, task.task_id, "landing", None, landing.since, text,
                       landing.command)  # fmt: skip


def _budget(tx: "ReadTx", run: "Run", counts: dict[str, int]) -> "Iterator[Need]":
    """Whether what is still to be begun is held up by a budget that is spent."""
    if not counts["ready"] + counts["planned"] + counts["failed"] + counts["blocked"]:
        return
    try:
        budgets.refuse_attempt(tx, run)
    except Failure as spent:
        command = "; ".join(map(steps.command, spent.next))
        since = store.spent_at(tx, run.run_id)
        yield Need(run.run_id, None, "budget", None, since, spent.message, command)


def _end(tx: "ReadTx", run: "Run", counts: dict[str, int], end: run_end.RunEnd) -> "Iterator[Need]":
    """Whether nothing goes on by itself any more: all is over, or cancelled work is waited for."""
    moving = sum(counts[name] for name in ("ready", "dispatched", "running", "verifying"))
    if moving or counts["blocked"] or counts["failed"] or not counts["total"]:
        return
    since = store.settled_at(tx, run.run_id)
    if counts["planned"]:
        text = f"{counts['planned']} planned, and nothing they wait for will be done"
        command = steps.command(say("ready", run=run.run_id, explain=True))
        yield Need(run.run_id, None, "stranded", None, since, text, command)
        return
    if end.unqueued:
        text = f"done, and on no target yet: {', '.join(end.unqueued[:5])}"
        command = steps.command(run_steps.queue_all(run.run_id))
        yield Need(run.run_id, None, "landing", None, since, text, command)
    elif end.word == "integrate":
        text = f"what landed on {end.source} is not in {end.target or 'your branch'} yet"
        command = steps.command(integrate(run.run_id))
        yield Need(run.run_id, None, "integrate", None, since, text, command)
    if end.word != "finished":
        return
    text = f"all is over: {counts['done']} done, {counts['cancelled']} cancelled"
    last = [run_steps.close(run.run_id)]
    if store.is_any_standing(tx, run.run_id):
        last.insert(0, cleanup(run.run_id))
    command = " && ".join(map(steps.command, last))
    yield Need(run.run_id, None, "finished", None, since, text, command)
