"""Needs of a run on the board, each with the command that helps: read from rows alone."""

import json

from orch.board.model import Need
from orch.operations import budgets, telling
from orch.steps import run as run_steps
from orch.steps import task as task_steps
from orch.steps.entry import cleanup, integrate
from orch.steps.model import say
from orch.store import board as store
from orch.store import landings, requests, tasks
from schema import steps
from schema.failures import Failure
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orch.model import Run
    from orch.run_end import RunEnd
    from orch.store.board import Active
    from orch.store.history_model import Landing
    from schema.transaction import ReadTx

MOST_ACTIVE = 500
SILENT = ("gone", "stale")
# Of a driven run: what its driver does not look at, or says later than the rows do.
_BESIDE_A_DRIVER = ("question", "uncommitted", "paths", "late_report")


def of_run(
    tx: "ReadTx", run: "Run", active: "list[Active]", landing: "dict[int, Landing]",
    counts: dict[str, int], end: "RunEnd",
) -> list[Need]:  # fmt: skip
    """Return the needs of an open run; of one that a living driver has, its word counts."""
    silent = {one.worker for one in active if one.liveness in SILENT}
    found = [need for one in active if (need := _of_task(run, one, silent)) is not None]
    found += _left_behind(tx, run)
    if telling.is_driven(tx, run.run_id):
        return _with_driver(tx, run, found)
    found += _landing(tx, run, landing)
    found += _budget(tx, run, counts)
    plans = list(_plans(tx, run))
    return [*found, *(plans or _end(tx, run, counts, end))]


def _with_driver(tx: "ReadTx", run: "Run", seen: list[Need]) -> list[Need]:
    own = [need for need in seen if need.kind in _BESIDE_A_DRIVER]
    known = {(need.task_id, need.kind) for need in own}
    own += [
        Need(run.run_id, one.task_id or None, one.kind, one.who or None, one.since, one.text,
             one.command)
        for one in telling.holding(tx, run)
        if one.kind != "question" and (one.task_id or None, one.kind) not in known
    ]  # fmt: skip
    return own


def _of_task(run: "Run", one: "Active", silent: set[str]) -> Need | None:
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
    if one.liveness in SILENT and one.status in ("running", "blocked"):
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
    for one in store.left_behind(tx, run.run_id, MOST_ACTIVE):
        if one.dirty_files:
            yield Need(run.run_id, one.task_id, "uncommitted", one.worker, one.ended_at,
                       _files(one.dirty_files), commit_command(run, one.worktree_path))  # fmt: skip
        outside = json.loads(one.path_violations)
        if outside:
            yield Need(run.run_id, one.task_id, "paths", one.worker, one.ended_at,
                       f"changed paths it does not own: {', '.join(outside[:5])}",
                       steps.command(say("trace", f"{run.run_id}/{one.task_id}")))  # fmt: skip
    for late in store.late(tx, run.run_id, MOST_ACTIVE):
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
            text = landings.APPROVED if landing.detail == landings.APPROVED else text
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


def _plans(tx: "ReadTx", run: "Run") -> "Iterator[Need]":
    """What an engineer has planned, and only a person makes tasks of."""
    for name, since in requests.planned(tx, run.run_id):
        step = run_steps.apply_plan(name)
        yield Need(run.run_id, None, "plan", None, since, run_steps.plan_waits(name),
                   steps.command(step))  # fmt: skip


def _end(tx: "ReadTx", run: "Run", counts: dict[str, int], end: "RunEnd") -> "Iterator[Need]":
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
