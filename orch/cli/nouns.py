"""The JSON Schema of the nouns that many answers carry; notation as in inbox/cli/shapes.py."""

from inbox.model import PRIORITIES
from orch.cli.table import TASK_STATUSES
from orch.model import MODES, OWNERSHIP, RISKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENDS = ("open", "land", "integrate", "finished")
_RUN_STATUSES = ("empty", "blocked", "running", "ready", "failed", "cancelled", "done")
_ATTEMPT_STATUSES = (
    "dispatched", "running", "blocked", "verifying", "done", "failed", "cancelled",
)  # fmt: skip
_RESULTS = ("passed", "failed", "error")

RUN: "dict[str, Any]" = {
    "run_id": "text",
    "goal": "text",
    "summary": "text",
    "status": _RUN_STATUSES,
    "leader": "text",
    "repo_path": "text",
    "base_ref": "text",
    "target": "text",
    "ownership": OWNERSHIP,
    "counts": {"total": "count", **dict.fromkeys(TASK_STATUSES, "count")},
    "created_at": "time",
    "updated_at": "time",
    "closed_at": "time|null",
    "end?": ENDS,
    "driver_pid?": "count|null",
    "paused?": "flag",
}
_SPENDING: "dict[str, Any]" = dict.fromkeys(("cost_usd", "tokens", "turns", "attempts", "seconds"),
                                            "number|null")  # fmt: skip
BUDGET: "dict[str, Any]" = {"?": "null", "limits": _SPENDING, "spent": _SPENDING}
GATE: "dict[str, Any]" = {
    "?": "null",
    "status": ("pending", *_RESULTS),
    "checks": [
        {
            "check": "text",
            "status": ("pending", *_RESULTS),
            "source": "text|null",
            "summary": "text|null",
            "exit_status": "number|null",
            "head_commit": "text|null",
            "flaky": "flag",
            "output_head?": "text",
            "output_tail?": "text",
            "recorded_by": "text|null",
            "recorded_at": "time|null",
        }
    ],
}
TASK: "dict[str, Any]" = {
    "run_id": "text",
    "task_id": "text",
    "title": "text",
    "summary": "text",
    "status": TASK_STATUSES,
    "priority": PRIORITIES,
    "rank": "number|null",
    "kind": "text|null",
    "default_to": "text|null",
    "execution_mode": "text|null",
    "risk": RISKS,
    "acceptance": "any",
    "allowed_paths": ["text"],
    "blocked_paths": ["text"],
    "check_profile": "text|null",
    "required_checks": ["text"],
    "metadata_json": "json",
    "depends_on": ["text"],
    "locks": ["text"],
    "max_attempts": "count",
    "latest_attempt_no": "count|null",
    "waiting_chain": "count",
    "not_before": "time|null",
    "reason": "text|null",
    "spec": {
        **dict.fromkeys(("spec_file", "path", "content", "check_profile"), "text|null"),
        "sha256": "sha256|null",
        "metadata": "json",
        **{name: ["text"] for name in ("required_checks", "allowed_paths", "blocked_paths")},
    },
    "gate": GATE,
    "status_at": "time",
    "created_at": "time",
    "updated_at": "time",
}
ATTEMPT: "dict[str, Any]" = {
    "run_id": "text",
    "task_id": "text",
    "attempt_no": "count",
    "thread_id": "text",
    "assigned_to": "text",
    "status": _ATTEMPT_STATUSES,
    "execution_mode": MODES,
    "repo_path": "text",
    "base_ref": "text",
    "base_commit": "text",
    "base_source": "text",
    "branch_name": "text",
    "worktree_path": "text",
    "machine": "text|null",
    "workspace_status": ("", "created", "cleaned"),
    "place_path": "text",
    "out_path": "text",
    "head_commit": "text|null",
    "dirty_files": "count|null",
    "uncommitted_work": "flag",
    "path_violations": "texts|null",
    "pid": "count|null",
    "pid_started": "count|null",
    "pid_boot": "text|null",
    "liveness": ("live", "stale", "gone", "unknown"),
    "end_class": "text|null",
    "begun_for": "text|null",
    "late_report": "id:msg|null",
    "ended_at": "time|null",
    "created_at": "time",
    "updated_at": "time",
}
CHANGE: "dict[str, Any]" = {
    "task_id": "text",
    "change": ("added", "updated", "unchanged", "kept"),
    "status": "text|null",
    "reason": "text|null",
    "fields": [{"field": "text", "old": "any", "new": "any"}],
}
