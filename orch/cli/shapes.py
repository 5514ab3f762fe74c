"""The JSON Schema of `data` of every command of orch; see inbox/cli/shapes.py for the notation.

Adding a member to an answer? Add it here; tests/contract/tasks/test_shapes.py runs every command.
"""

from inbox.cli.shapes import DATA as BUS
from inbox.cli.shapes import EVENT, MESSAGE, THREAD, compiled
from orch.cli.agents.shapes import CHECKED, TURN, USAGE, WORKED
from orch.cli.drive.shapes import DRIVE_ANSWERS, DRIVING
from orch.cli.forge.shapes import DATA as PULLS
from orch.cli.machines.shapes import DATA as MACHINES
from orch.cli.nouns import ATTEMPT, BUDGET, CHANGE, GATE, RUN, TASK
from orch.cli.reports.shapes import NEWS, REVIEW
from orch.cli.reports.shapes import shapes as seeing
from orch.cli.setup.shapes import KNOWN, SETUP
from orch.cli.start.shapes import START
from orch.cli.table import TASK_STATUSES
from orch.cli.worktrees.shapes import WORKSPACES
from orch.model import MODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.shapes import Shape

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

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
    "changes?": [CHANGE],
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

_NOTICE: "dict[str, Any]" = {
    "channel": ("command", "desktop", "ntfy", "webhook"),
    "kind": "text",
    "run_id": "text",
    "task_id": "text|null",
    "title": "text",
    "command": "text",
    "reminder": "count",
    "again": "flag",
    "problem": "text|null",
}

DATA: "dict[str, Shape]" = {
    **PULLS,
    **MACHINES,
    **WORKSPACES,
    **DRIVING,
    "start": START,
    "init": {
        "db_path": "text",
        "status": ("initialized",),
        "created": "flag",
        "written?": ["text"],
    },
    "store init": BUS["init"],
    "store migrate": {
        "db_path": "text",
        "from_version": "count",
        "version": "count",
        "changed": "flag",
    },
    "store backup": BUS["backup"],
    "store move": {
        "db_path": "text",
        "moved_from": "text",
        "rows": "count",
        "high_event_id": "count",
    },
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
                "left_behind": "texts|null",
                "mending": "text|null",
            }
        ],
        "reviews": [REVIEW],
    },
    "task list": {"run_id": "text", "tasks": [TASK]},
    "task edit": _TASK_CHANGE,
    "dep add": _TASK_CHANGE,
    "dep rm": _TASK_CHANGE,
    "dep list": {"run_id": "text", "task_id": "text", "depends_on": [_EDGE], "dependents": [_EDGE]},
    "lock list": {
        "run_id": "text|null",
        "locks": [
            {
                "lock": "text",
                "held_by": {
                    "?": "null",
                    **_EDGE,
                    "run_id": "text",
                    "assigned_to": "text|null",
                    "since": "time|null",
                },
                "waiting": [{**_EDGE, "run_id": "text"}],
            }
        ],
    },
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
        "news?": [NEWS],
        "more?": "count",
        "still_waiting?": "count",
        "again?": "flag",
        "seen?": "count",
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
        "repaired": ["text"],
        "problems": ["text"],
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
        "path": "text|null",
        "size": "count",
        "running": "flag",
        "raw": "flag",
        "check": "text|null",
        "check_status?": ("passed", "failed", "error"),
        "turn": {"?": "null", **TURN},
        "text": "text",
    },
    "stop": {"task": TASK, "attempt": ATTEMPT, "turn": TURN, "replayed?": "flag"},
    "continue": {**_DISPATCHED, "previous_attempt?": ATTEMPT},
    "mcp": {},
    "notify": {"sent": [_NOTICE], "failed": [_NOTICE]},
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
    from orch.cli.requests import shapes

    found |= {words: _titled(words, schema) for words, schema in shapes.schemas().items()}
    works = [compiled(shape) for shape in (WORKED, CHECKED)]
    setups = [compiled(shape) for shape in (SETUP, KNOWN)]
    found["setup"] = _titled("setup", {"anyOf": setups})
    found["drive"] = _titled("drive", {"anyOf": [compiled(shape) for shape in DRIVE_ANSWERS]})
    found["work"] = _titled("work", {"anyOf": works})
    found["dispatch"] = _titled("dispatch", {"anyOf": ways})
    from orch.cli.landing import shapes as queue_shapes

    for words, several in queue_shapes.DATA.items():
        found[words] = _titled(words, {"anyOf": [compiled(shape) for shape in several]})
    return found


def _titled(words: str, schema: "dict[str, Any]") -> "dict[str, object]":
    return {"$schema": _DRAFT, "title": f"orch {words}: data", **schema}
