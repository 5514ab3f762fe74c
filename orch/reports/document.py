"""The account of a run: everything that a report says, as one plain document. Pure."""

import json
from dataclasses import dataclass, field
from typing import Any

from orch.reports import metrics, phases
from orch.store.history_model import AttemptHistory, History, TaskHistory
from schema.moments import stamp

_MOST_FILES = 200


@dataclass(slots=True)
class AttemptWork:
    """What git knows of an attempt: its commits, newest first, the paths it changed, and the
    proof that it is in the target, "" while it is not; lines added and removed in all."""

    commits: list[dict[str, object]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    target: str = ""
    proof: str = ""
    added: int = 0
    removed: int = 0


@dataclass(slots=True)
class Account:
    """What a report is made of. `run` is the published run, `left` are needs as published."""

    run: dict[str, Any]
    history: History
    works: dict[int, AttemptWork] = field(default_factory=dict)
    reviews: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    left: list[dict[str, Any]] = field(default_factory=list)
    landings: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the account as published."""
        history = self.history
        line = phases.timeline(history)
        figures = metrics.figures([history])
        waits: dict[str, list[str]] = {}
        for other, task_id in history.edges:
            waits.setdefault(task_id, []).append(other)
        return {
            "run": self.run,
            "at": stamp(history.now),
            "began_at": stamp(line.start) if line.lanes else None,
            "seconds": (line.end - line.start) / 1000,
            "totals": figures["totals"],
            "by_agent": figures["by_agent"],
            "by_harness": figures["by_harness"],
            "reviews": self.reviews.get("", []),
            "tasks": [self._task(task, waits.get(task.task_id, [])) for task in history.tasks],
            "left": self.left,
        }

    def _task(self, task: TaskHistory, waits: list[str]) -> dict[str, Any]:
        return {
            "task_id": task.task_id,
            "title": task.title,
            "status": task.status,
            "reason": task.reason or None,
            "gate": task.gate,
            "depends_on": waits,
            "landing": task.landing.document() if task.landing is not None else None,
            "entries": self.landings.get(task.task_no, []),
            "reviews": self.reviews.get(task.task_id, []),
            "attempts": [self._attempt(attempt) for attempt in task.attempts],
        }

    def _attempt(self, attempt: AttemptHistory) -> dict[str, Any]:
        work = self.works.get(attempt.attempt_key)
        spent = phases.lengths(attempt, self.history.now)
        row = metrics.row({}, attempt)
        return {
            "attempt_no": attempt.attempt_no,
            "status": attempt.status,
            "who": attempt.worker,
            "harness": metrics.harness(attempt),
            "execution_mode": attempt.execution_mode,
            "dispatched_at": row["dispatched_at"],
            "claimed_at": row["claimed_at"],
            "ended_at": row["ended_at"],
            "seconds": {name: ms / 1000 for name, ms in spent.items()},
            "result": attempt.result,
            "branch_name": attempt.branch_name,
            "base_commit": attempt.base_commit,
            "head_commit": attempt.head_commit,
            "commits": work.commits if work is not None else [],
            "added": work.added if work is not None else None,
            "removed": work.removed if work is not None else None,
            "files_changed": len(work.files) if work is not None else None,
            "files": work.files[:_MOST_FILES] if work is not None else [],
            "target": work.target or None if work is not None else None,
            "integrated": work.proof or None if work is not None else None,
            "checks": [
                {
                    "check": check.name,
                    "status": check.status,
                    "source": check.source,
                    "summary": check.summary,
                    "seconds": check.duration_ms / 1000 if check.duration_ms is not None else None,
                    "recorded_by": check.recorded_by,
                    "recorded_at": stamp(check.recorded_at),
                    "output_head": check.output_head if check.status != "passed" else "",
                    "output_tail": check.output_tail if check.status != "passed" else "",
                }
                for check in attempt.checks
            ],
            "questions": [
                {
                    "asked_by": question.asked_by,
                    "question": question.text,
                    "asked_at": stamp(question.asked_at),
                    "answer": question.answer,
                    "answered_at": stamp(question.answered_at),
                }
                for question in attempt.questions
            ],
            "turns": row["turns"],
            "input_tokens": row["input_tokens"],
            "output_tokens": row["output_tokens"],
            "cost_usd": row["cost_usd"],
            "uncommitted_files": attempt.dirty_files,
            "paths_not_owned": json.loads(attempt.path_violations or "[]"),
        }
