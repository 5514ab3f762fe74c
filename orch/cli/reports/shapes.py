"""The shapes of the answers of the commands that show runs; see inbox/cli/shapes.py."""

from orch.cli.landing.table import ENTRY_STATUSES
from orch.cli.table import TASK_STATUSES
from orch.model import RISKS
from orch.reports.metrics import LENGTHS
from orch.steps.urgency import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LENGTH = {
    "count": "count", "sum": "number", "p50": "number|null", "p90": "number|null",
    "p99": "number|null", "max": "number|null",
}  # fmt: skip
_FIGURES: "dict[str, Any]" = {
    "tasks": "count",
    "tasks_done": "count",
    "attempts": "count",
    "attempts_done": "count",
    "attempts_failed": "count",
    "attempts_cancelled": "count",
    "retries": "count",
    "success_rate": "number|null",
    "done_per_hour": "number|null",
    "questions": "count",
    "checks": {"passed": "count", "failed": "count", "error": "count"},
    "conflicts": "count|null",
    "tasks_landed": "count",
    "landed_unattended_share": "number|null",
    "independent_share": "number|null",
    "lost_leases": "count",
    "late_reports": "count",
    "paths_not_owned": "count",
    "worktrees": {"made": "count", "standing": "count"},
    "turns": "count",
    "input_tokens": "count|null",
    "output_tokens": "count|null",
    "cost_usd": "number|null",
    "seconds": dict.fromkeys(LENGTHS, _LENGTH),
}
_NAMED = {"name": "text|null", **_FIGURES}
# A piece of news: a need, or the end of something; the latter has no command.
NEWS: "dict[str, Any]" = {
    "kind": (*KINDS, "done", "cancelled", "landed", "run_done"),
    "run_id": "text",
    "task_id": "text|null",
    "event_id": "count",
    "who": "text|null",
    "since": "time",
    "text": "text",
    "command": "text|null",
    "again": "flag",
}
NEED: "dict[str, Any]" = {
    "run_id": "text",
    "task_id": "text|null",
    "kind": KINDS,
    "who": "text|null",
    "since": "time",
    "text": "text",
    "command": "text",
}
_LANDING: "dict[str, Any]" = {"?": "null", "state": "text", "detail": "text"}
_ENTRY: "dict[str, Any]" = {
    "entry_id": "text", "kind": ("task", "revert", "integrate"), "attempt_no": "count|null",
    "status": ENTRY_STATUSES, "target": "text",
    "risk": RISKS, "reason": "text|null", "conflicts": "count", "landed_commit": "text|null",
    "landed_at": "time|null", "rolled_back_by": "text|null", "created_at": "time",
    "updated_at": "time",
    "trials": [
        {
            "purpose": "text", "status": "text", "summary": "text", "started_at": "time",
            "ended_at": "time|null", "output": "text",
        }
    ],
    "verdicts": [
        {
            "given_by": "text", "kind": "text", "verdict": "text", "note": "text",
            "proof": "text|null",
            "at": "time",
        }
    ],
}  # fmt: skip
_ATTEMPT: "dict[str, Any]" = {
    "attempt_no": "count",
    "status": TASK_STATUSES,
    "who": "text",
    "harness": "text|null",
    "execution_mode": "text",
    "dispatched_at": "time",
    "claimed_at": "time|null",
    "ended_at": "time|null",
    "seconds": {"queued": "number", "working": "number", "asking": "number",
                "verifying": "number"},
    "result": "text|null",
    "branch_name": "text",
    "base_commit": "text",
    "head_commit": "text|null",
    "commits": [{"commit": "text", "subject": "text", "author": "text", "at": "time",
                 "added": "count", "removed": "count"}],
    "added": "count|null",
    "removed": "count|null",
    "files_changed": "count|null",
    "files": ["text"],
    "target": "text|null",
    "integrated": "text|null",
    "checks": [
        {
            "check": "text", "status": ("passed", "failed", "error"), "source": "text",
            "summary": "text", "seconds": "number|null", "recorded_by": "text",
            "recorded_at": "time", "output_head": "text", "output_tail": "text",
        }
    ],
    "questions": [
        {
            "asked_by": "text", "question": "text", "asked_at": "time", "answer": "text|null",
            "answered_at": "time|null",
        }
    ],
    "turns": "count",
    "input_tokens": "count|null",
    "output_tokens": "count|null",
    "cost_usd": "number|null",
    "uncommitted_files": "count|null",
    "paths_not_owned": ["text"],
}  # fmt: skip
REVIEW: "dict[str, Any]" = {
    "run_id": "text",
    "mode": "text",
    "attempt_no": "count|null",
    "tally": {
        "?": "null", "revision": "count", "status": "text", "verdict": "text",
        "summary": {"consensus": "count", "majority": "count", "minority": "count"},
    },
    "groups": [{"level": "text", "severity": "text|null", "title": "text", "reviewers": ["text"]}],
}  # fmt: skip
_DOCUMENT: "dict[str, Any]" = {"path": "text|null", "text": "text|null"}

_PROGRESS: "dict[str, Any]" = {
    "landed": "count",
    "locked": "count",
    "cost_usd": "number|null",
    "seconds_left": "count|null",
    "holds": "text|null",
}
_TOP: "dict[str, Any]" = {
    "at": "time",
    "needs": [NEED],
    "at_work": [
        {
            "run_id": "text", "task_id": "text", "title": "text", "status": TASK_STATUSES,
            "attempt_no": "count", "who": "text", "machine": "text|null", "claimed": "flag",
            "since": "time",
            "liveness": ("live", "stale", "gone", "unknown"), "harness": "text|null",
            "turn_no": "count|null", "answered": "flag", "last_message": "text|null",
            "last_message_from": "text|null", "last_message_at": "time|null",
            "max_attempts": "count", "begun_at": "time", "doing": "text|null",
            "added": "count|null", "removed": "count|null", "cost_usd": "number|null",
            "checks": [{"check": "text", "status": ("pending", "passed", "failed", "error")}],
        }
    ],
    "again": [
        {
            "run_id": "text", "task_id": "text", "title": "text", "attempt_no": "count",
            "max_attempts": "count", "reason": "text", "who": "text|null", "since": "time",
            "due": "time|null", "cost_usd": "number|null",
        }
    ],
    "ready": [
        {
            "run_id": "text", "task_id": "text", "title": "text", "default_to": "text|null",
            "command": "text",
        }
    ],
    "done": [
        {
            "run_id": "text", "task_id": "text", "title": "text", "status": TASK_STATUSES,
            "who": "text|null", "at": "time", "result": "text|null",
            "landing": "text|null", "landing_since": "time|null", "landed_commit": "text|null",
            "landed_on": "text|null", "position": "count|null", "waits_for": "text|null",
            "added": "count|null", "removed": "count|null",
        }
    ],
    "more": dict.fromkeys(("needs", "at_work", "again", "ready", "done"), "count"),
    "high_event_id": "count",
}  # fmt: skip
_REPORT: "dict[str, Any]" = {
    "run_id": "text",
    "at": "time",
    "began_at": "time|null",
    "seconds": "number",
    "totals": _FIGURES,
    "by_agent": [_NAMED],
    "by_harness": [_NAMED],
    "reviews": [REVIEW],
    "tasks": [
        {
            "task_id": "text", "title": "text", "status": TASK_STATUSES, "reason": "text|null",
            "gate": "text|null", "depends_on": ["text"], "landing": _LANDING,
            "entries": [_ENTRY], "reviews": [REVIEW], "attempts": [_ATTEMPT],
        }
    ],
    "left": [NEED],
    "format": ("markdown", "html"),
    **_DOCUMENT,
}  # fmt: skip


def shapes(run: "dict[str, Any]") -> "dict[str, Any]":
    """Return the shapes by command; `run` is the shape of a run."""
    return {
        "top": {**_TOP, "runs": [run | _PROGRESS | {"review_of": "text|null"}]},
        "web": {"url": "text", "read_only": "flag"},
        "graph": {
            "run_id": "text",
            "tasks": "count",
            "edges": "count",
            "format": ("mermaid", "dot", "svg", "text"),
            **_DOCUMENT,
        },
        "report": {**_REPORT, "run": run | _PROGRESS},
        "metrics": {
            "runs": ["text"],
            "at": "time",
            "totals": _FIGURES,
            "by_run": [_NAMED],
            "by_agent": [_NAMED],
            "by_harness": [_NAMED],
            "by_kind": [_NAMED],
            "format": ("json", "csv", "prometheus"),
            **_DOCUMENT,
        },
    }
