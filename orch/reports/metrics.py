"""Figures of runs: how much, how long, how well, at what cost; by run, by agent, by harness.

Pure: counted from histories. Lengths of time are of phases that are over; percentiles are
interpolated. What nobody recorded is null, never 0.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from orch.model import TERMINAL
from orch.reports import phases
from orch.reports.figures import percentile
from orch.store.history_model import AttemptHistory, History, TaskHistory
from schema.moments import stamp

Pair = tuple[TaskHistory, AttemptHistory]
_SHARES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
# What lengths of time are measured: name, in words.
LENGTHS = {
    "queue": "from dispatch to the first claim",
    "work": "holding the claim, without waiting for answers",
    "answer": "from a question to its answer",
    "verification": "from the end of the work to the verdict of its checks",
    "turnaround": "of a done task, from its first dispatch to done",
    "queued_to_landed": "from the queue to the target",
    "redone": "of work in attempts whose result did not count",
}
# Columns of the table, one row per attempt, or per task that was never dispatched.
COLUMNS = (
    "run_id", "task_id", "title", "kind", "task_status", "attempt_no", "attempt_status", "agent",
    "harness", "execution_mode", "dispatched_at", "claimed_at", "ended_at", "queue_seconds",
    "work_seconds", "verification_seconds", "questions", "answer_seconds", "checks_passed",
    "checks_failed", "checks_error", "turns", "input_tokens", "output_tokens", "cost_usd",
    "claims", "lost_leases", "uncommitted_files", "paths_not_owned", "branch_name",
    "base_commit", "head_commit", "landing", "landed_at", "queued_to_landed_seconds",
    "landed_unattended",
)  # fmt: skip


def figures(histories: Sequence[History]) -> dict[str, object]:
    """Return the totals, and the same by run, by agent and by harness."""
    return {
        "totals": _group(histories, lambda _: True),
        "by_run": [
            {"name": history.run_id, **_group([history], lambda _: True)} for history in histories
        ],
        "by_agent": _split(histories, lambda pair: pair[1].worker),
        "by_harness": _split(histories, lambda pair: harness(pair[1])),
        "by_kind": _split(histories, lambda pair: pair[0].kind),
    }


def harness(attempt: AttemptHistory) -> str | None:
    """Return which harness worked on an attempt last, None where none was recorded."""
    return attempt.turns[-1].harness if attempt.turns else None


def _split(
    histories: Sequence[History], key: Callable[[Pair], str | None]
) -> list[dict[str, object]]:
    names = {key(pair) for history in histories for pair in history.attempts()}
    return [
        {"name": name, **_group(histories, lambda pair, name=name: key(pair) == name)}  # type: ignore[misc]
        for name in sorted(names, key=lambda name: name or "")
    ]


def _group(histories: Sequence[History], belongs: Callable[[Pair], bool]) -> dict[str, object]:
    """Return the figures of the attempts that belong to a group, and of their tasks."""
    pairs = [(h, pair) for h in histories for pair in h.attempts() if belongs(pair)]
    attempts = [attempt for _, (_, attempt) in pairs]
    by_task: dict[tuple[str, int], list[Pair]] = {}
    for history, pair in pairs:
        by_task.setdefault((history.run_id, pair[0].task_no), []).append(pair)
    tasks = [found[0][0] for found in by_task.values()]
    over = [attempt for attempt in attempts if attempt.status in TERMINAL]
    succeeded = sum(attempt.status == "done" for attempt in over)
    done = [task for task in tasks if task.status == "done"]
    return {
        "tasks": len(tasks),
        "tasks_done": len(done),
        "attempts": len(attempts),
        "attempts_done": succeeded,
        "attempts_failed": sum(attempt.status == "failed" for attempt in over),
        "attempts_cancelled": sum(attempt.status == "cancelled" for attempt in over),
        "retries": sum(attempt.attempt_no > 1 for attempt in attempts),
        "success_rate": round(succeeded / len(over), 4) if over else None,
        "done_per_hour": _throughput(attempts, len(done)),
        "questions": sum(len(attempt.questions) for attempt in attempts),
        "checks": {
            status: sum(c.status == status for attempt in attempts for c in attempt.checks)
            for status in ("passed", "failed", "error")
        },
        "conflicts": _sum(e.conflicts for t in tasks for e in t.entries),
        **_landings(tasks),
        "lost_leases": sum(attempt.lost_leases for attempt in attempts),
        "late_reports": sum(attempt.late_event > 0 for attempt in attempts),
        "paths_not_owned": sum(_outside(attempt) > 0 for attempt in attempts),
        "worktrees": {
            "made": sum(attempt.workspace_status != "" for attempt in attempts),
            "standing": sum(attempt.workspace_status == "created" for attempt in attempts),
        },
        "turns": sum(len(attempt.turns) for attempt in attempts),
        "input_tokens": _sum(turn.input_tokens for a in attempts for turn in a.turns),
        "output_tokens": _sum(turn.output_tokens for a in attempts for turn in a.turns),
        "cost_usd": _dollars(_sum(turn.cost_microusd for a in attempts for turn in a.turns)),
        "seconds": _lengths(pairs, by_task),
    }


def _landings(tasks: Sequence[TaskHistory]) -> dict[str, object]:
    """Return how much landed, and how much of it without a person; who waited for nobody."""
    landed = [task for task in tasks if task.landed is not None]
    alone = sum(not task.is_attended for task in landed)
    free = sum(not task.is_tied for task in tasks)
    return {
        "tasks_landed": len(landed),
        "landed_unattended_share": round(alone / len(landed), 4) if landed else None,
        "independent_share": round(free / len(tasks), 4) if tasks else None,
    }


def _sum(values: "Iterable[int | None]") -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _dollars(microusd: int | None) -> float | None:
    return None if microusd is None else microusd / 1e6


def _throughput(attempts: Sequence[AttemptHistory], done: int) -> float | None:
    """Return done tasks per hour between the first dispatch and the last end."""
    ends = [a.ended_at for a in attempts if a.ended_at is not None]
    if not ends or not done:
        return None
    length = max(ends) - min(attempt.created_at for attempt in attempts)
    return round(done / (length / 3_600_000), 3) if length > 0 else None


def _outside(attempt: AttemptHistory) -> int:
    """Return how many changed paths an attempt did not own."""
    return len(json.loads(attempt.path_violations or "[]"))


def _lengths(
    pairs: "Sequence[tuple[History, Pair]]", by_task: "dict[tuple[str, int], list[Pair]]"
) -> dict[str, object]:
    found: dict[str, list[int]] = {name: [] for name in LENGTHS}
    for _, (_, attempt) in pairs:
        if attempt.leases:
            found["queue"].append(attempt.leases[0].claimed_at - attempt.created_at)
        work = phases.worked(attempt)
        if work is not None:
            found["work"].append(work)
        for question in attempt.questions:
            if question.answered_at is not None:
                found["answer"].append(question.answered_at - question.asked_at)
        found["verification"] += [
            end - start for start, end in attempt.verifications if end is not None
        ]
    for tried in by_task.values():
        last = tried[-1][1]
        task = tried[0][0]
        if task.status == "done" and last.ended_at is not None:
            found["turnaround"].append(last.ended_at - tried[0][1].created_at)
        found["redone"] += [
            work
            for _, attempt in tried
            if attempt.attempt_no < task.latest_attempt_no
            and (work := phases.worked(attempt)) is not None
        ]
        there = task.landed
        if there is not None and there.landed_at is not None:
            found["queued_to_landed"].append(there.landed_at - there.queued_at)
    return {name: _distribution(values) for name, values in found.items()}


def _distribution(values: Sequence[int]) -> dict[str, object]:
    """Return count, sum, percentiles and the longest, in seconds."""
    seconds = [max(0, value) / 1000 for value in values]
    return {
        "count": len(seconds),
        "sum": round(sum(seconds), 3),
        **{name: _rounded(percentile(seconds, share)) for name, share in _SHARES},
        "max": _rounded(max(seconds, default=None)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def rows(histories: Sequence[History]) -> list[dict[str, object]]:
    """Return the table: a row for each attempt, and for each task without any."""
    found = []
    for history in histories:
        for task in history.tasks:
            head: dict[str, object] = {
                "run_id": history.run_id, "task_id": task.task_id, "title": task.title,
                "kind": task.kind, "task_status": task.status,
                "landing": task.landing.state if task.landing is not None else None,
                **_landed(task),
            }  # fmt: skip
            for attempt in task.attempts:
                found.append(row(head, attempt))
            if not task.attempts:
                found.append(dict.fromkeys(COLUMNS) | head)
    return found


def _landed(task: TaskHistory) -> dict[str, object]:
    there = task.landed
    if there is None or there.landed_at is None:
        return {}
    return {
        "landed_at": stamp(there.landed_at),
        "queued_to_landed_seconds": (there.landed_at - there.queued_at) / 1000,
        "landed_unattended": not task.is_attended,
    }


def row(head: dict[str, object], attempt: AttemptHistory) -> dict[str, object]:
    """Return the row of one attempt; `head` is what its task and run say."""
    answers = [q.answered_at - q.asked_at for q in attempt.questions if q.answered_at is not None]
    claimed = attempt.leases[0].claimed_at if attempt.leases else None
    over = [(a, b) for a, b in attempt.verifications if b is not None]
    work = phases.worked(attempt)
    return dict.fromkeys(COLUMNS) | head | {
        "attempt_no": attempt.attempt_no,
        "attempt_status": attempt.status,
        "agent": attempt.worker,
        "harness": harness(attempt),
        "execution_mode": attempt.execution_mode,
        "dispatched_at": stamp(attempt.created_at),
        "claimed_at": stamp(claimed),
        "ended_at": stamp(attempt.ended_at),
        "queue_seconds": (claimed - attempt.created_at) / 1000 if claimed is not None else None,
        "work_seconds": work / 1000 if work is not None else None,
        "verification_seconds": sum(b - a for a, b in over) / 1000 if over else None,
        "questions": len(attempt.questions),
        "answer_seconds": sum(answers) / 1000 if answers else None,
        **{
            f"checks_{status}": sum(c.status == status for c in attempt.checks)
            for status in ("passed", "failed", "error")
        },
        "turns": len(attempt.turns),
        "input_tokens": _sum(turn.input_tokens for turn in attempt.turns),
        "output_tokens": _sum(turn.output_tokens for turn in attempt.turns),
        "cost_usd": _dollars(_sum(turn.cost_microusd for turn in attempt.turns)),
        "claims": len(attempt.leases),
        "lost_leases": attempt.lost_leases,
        "uncommitted_files": attempt.dirty_files,
        "paths_not_owned": _outside(attempt),
        "branch_name": attempt.branch_name or None,
        "base_commit": attempt.base_commit or None,
        "head_commit": attempt.head_commit,
    }  # fmt: skip
