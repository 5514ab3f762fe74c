"""The JSON Schema of `data` of every command of orch; see inbox/cli/shapes.py for the notation.

Adding a member to an answer? Add it here; tests/contract/test_orch_shapes.py runs every command.
"""

from inbox.cli.shapes import DATA as BUS
from inbox.cli.shapes import EVENT, MESSAGE, THREAD, compiled
from inbox.model import PRIORITIES
from orch.cli.seeing_shapes import shapes as seeing
from orch.cli.setup_shapes import KNOWN, SETUP
from orch.cli.table import TASK_STATUSES
from orch.cli.work_shapes import CHECKED, TURN, USAGE, WORKED
from orch.cli.workspace_shapes import WORKSPACES
from orch.model import MODES, OWNERSHIP, RISKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.shapes import Shape

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_ENDS = ("open", "land", "integrate", "finished")
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
    "end?": _ENDS,
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
    "late_report": "id:msg|null",
    "ended_at": "time|null",
    "created_at": "time",
    "updated_at": "time",
}
_NO_TASK: "dict[str, Any]" = {"?": "null", **TASK}
_NO_ATTEMPT: "dict[str, Any]" = {"?": "null", **ATTEMPT}
_NO_MESSAGE: "dict[str, Any]" = {"?": "null", **MESSAGE}
_REPLAYED: "dict[str, Any]" = {"replayed?": "flag"}
_CHANGED: "dict[str, Any]" = {"event_id": "count", **_REPLAYED}
_RUN_CHANGE: "dict[str, Any]" = {"run": RUN, **_CHANGED}
_BUDGETED: "dict[str, Any]" = {**RUN, "budget": BUDGET}
_TASK_CHANGE: "dict[str, Any]" = {"task": TASK, **_CHANGED}
_UPDATED: "dict[str, Any]" = {**TASK, "latest_attempt": _NO_ATTEMPT}
_DISPATCHED: "dict[str, Any]" = {
    "task": TASK,
    "attempt": ATTEMPT,
    "thread": THREAD,
    "message": MESSAGE,
    "notes?": ["text"],
    **_CHANGED,
}
_RETRIED: "dict[str, Any]" = {**_DISPATCHED, "previous_attempt": ATTEMPT}
_ERROR: "dict[str, Any]" = {"code": "text", "reason": "text", "message": "text", "hint": "text"}
_EDGE: "dict[str, Any]" = {"task_id": "text", "status": TASK_STATUSES}
_GATED: "dict[str, Any]" = {"task": TASK, "attempt": _NO_ATTEMPT, "gate": GATE, **_REPLAYED}
_PLAN: "dict[str, Any]" = {
    "path": "text",
    "run_id": "text|null",
    "tasks": "count",
    "changes?": [
        {
            "task_id": "text",
            "change": ("added", "updated", "unchanged", "kept"),
            "status": "text|null",
            "reason": "text|null",
            "fields": [{"field": "text", "old": "any", "new": "any"}],
        }
    ],
    "figures": {
        "tasks": "count",
        "minutes": "count",
        "critical_path": ["text"],
        "critical_minutes": "count",
        "at_once": "count",
        "share": "number",
        "least_minutes": "count",
    },
}
_FINDING: "dict[str, Any]" = {
    "line": "count|null",
    "path": "text",
    "task_id": "text|null",
    "rule": "text|null",
    "message": "text",
}

_INTEGRATION: "dict[str, Any]" = {"?": "null", "landed_commit": "text|null", "reason": "text|null",
    "integrated_into": "text|null",
    "entry_id": "text|null", "status": "text", "target": "text|null"}  # fmt: skip

DATA: "dict[str, Shape]" = {
    **WORKSPACES,
    "init": BUS["init"],
    "run init": {"run": _BUDGETED, **_CHANGED},
    "run show": {"run": _BUDGETED},
    "run list": {"runs": [RUN]},
    "run close": _RUN_CHANGE,
    "run reopen": _RUN_CHANGE,
    "task add": _TASK_CHANGE,
    "task show": {
        "task": {
            **TASK,
            "request_id": "text|null",
            "integration": _INTEGRATION,
            "waits_for": "text|null",
        },
        "attempts": [
            {
                **ATTEMPT,
                "result": _NO_MESSAGE,
                "last_message": _NO_MESSAGE,
                "changed_files": "texts|null",
            }
        ],
    },
    "task list": {"run_id": "text", "tasks": [TASK]},
    "task edit": _TASK_CHANGE,
    "dep add": _TASK_CHANGE,
    "dep rm": _TASK_CHANGE,
    "dep list": {"run_id": "text", "task_id": "text", "depends_on": [_EDGE], "dependents": [_EDGE]},
    "plan check": _PLAN,
    "plan lint": {**_PLAN, "findings": [_FINDING]},
    "plan apply": {**_PLAN, "dry_run": "flag", **_CHANGED},
    "plan export": {
        "run_id": "text|null",
        "path": "text|null",
        "format": ("yaml", "toml", "json"),
        "tasks": "count",
        "text": "text",
        "warnings": ["text"],
        "request_id": "text|null",
    },
    "plan schema": BUS["schema"],
    "ready": {
        "run_id": "text",
        "tasks": [TASK],
        "truncated": "flag",
        "waiting": [{"task_id": "text", "why": "text"}],
        "not_ready?": [{"task_id": "text", "status": TASK_STATUSES, "why": "text"}],
    },
    "reconcile": {
        "run": RUN,
        "updated_tasks": [_UPDATED],
        "repaired": ["text"],
        "problems": ["text"],
        "high_event_id": "count",
        **_REPLAYED,
    },
    "wait": {
        "woke": "flag",
        "event": EVENT,
        "task": _NO_TASK,
        "attempt": _NO_ATTEMPT,
        "run": RUN,
        "next_event_id": "count",
        "resume": "text",
    },
    "blocked": {
        "run_id": "text",
        "tasks": [{"task": TASK, "attempt": ATTEMPT, "question": _NO_MESSAGE, "answered": "flag"}],
    },
    "answer": {"task": TASK, "attempt": ATTEMPT, "thread": THREAD, "message": MESSAGE, **_CHANGED},
    "status": {
        "run": _BUDGETED,
        "tasks": [
            {
                **_UPDATED,
                "latest_message": _NO_MESSAGE,
                "blocked_question": _NO_MESSAGE,
                "integration": _INTEGRATION,
                "waits_for": "text|null",
            }
        ],
        "high_event_id": "count",
    },
    "cancel": {"run": RUN, "cancelled": [_UPDATED], "entries": ["text"], **_CHANGED},
    "adopt": {"task": TASK, "attempt": ATTEMPT, **_CHANGED},
    "retry": _RETRIED,
    "reassign": _RETRIED,
    "verify run": _GATED,
    "verify record": _GATED,
    "verify status": _GATED,
    "events": {"run_id": "text", "events": [EVENT], "next_after": "count|null"},
    "trace": {
        "run_id": "text",
        "task_id": "text",
        "title": "text",
        "request_id": "text|null",
        "steps": [{"at": "time", "what": "text", "detail": "text"}],
    },
    "logs": {
        "run_id": "text",
        "task_id": "text",
        "attempt_no": "count",
        "path": "text",
        "size": "count",
        "running": "flag",
        "text": "text",
    },
    "stop": {"task": TASK, "attempt": ATTEMPT, "turn": TURN},
    "continue": {**_DISPATCHED, "previous_attempt?": ATTEMPT},
    "usage": {
        "run_id": "text",
        "task_id": "text|null",
        "usage": USAGE,
        "tasks": [{"name": "text", **USAGE}],
        "agents": [{"name": "text", **USAGE}],
        "turns": [TURN],
    },
    **seeing(RUN),
    "doctor": BUS["doctor"],
    "schema": BUS["schema"],
    "prime": BUS["prime"],
    "completion": BUS["completion"],
}
_PLANNED: "dict[str, Any]" = {
    "dry_run": "flag",
    "planned": [
        {
            "task_id": "text",
            "assigned_to?": "text",
            "execution_mode?": MODES,
            "base_commit?": "text",
            "base_source?": "text",
            "branch_name?": "text",
            "worktree_path?": "text",
            "error?": _ERROR,
        }
    ],
}
_BATCH: "dict[str, Any]" = {
    "dispatched": [_DISPATCHED],
    "skipped": [{"task_id": "text", "error": _ERROR}],
    **_REPLAYED,
}


def schemas() -> "dict[str, object]":
    """Return the JSON Schema of `data` by the words of its command."""
    found: dict[str, object] = {
        words: _titled(words, compiled(shape)) for words, shape in DATA.items()
    }
    ways = [compiled(shape) for shape in (_DISPATCHED, _BATCH, _PLANNED)]
    from orch.cli import request_shapes

    found |= {words: _titled(words, schema) for words, schema in request_shapes.schemas().items()}
    works = [compiled(shape) for shape in (WORKED, CHECKED)]
    setups = [compiled(shape) for shape in (SETUP, KNOWN)]
    found["setup"] = _titled("setup", {"anyOf": setups})
    found["work"] = _titled("work", {"anyOf": works})
    found["dispatch"] = _titled("dispatch", {"anyOf": ways})
    from orch.cli import queue_shapes

    for words, several in queue_shapes.DATA.items():
        found[words] = _titled(words, {"anyOf": [compiled(shape) for shape in several]})
    return found


def _titled(words: str, schema: "dict[str, Any]") -> "dict[str, object]":
    return {"$schema": _DRAFT, "title": f"orch {words}: data", **schema}
