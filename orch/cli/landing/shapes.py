"""The JSON Schema of `data` of the commands about landing; notation as in inbox/cli/shapes.py."""

from inbox.model import PRIORITIES
from orch.cli import nouns
from orch.cli.landing.table import ENTRY_STATUSES, STRATEGIES
from orch.model import RISKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.shapes import Shape

ENTRY: "dict[str, Any]" = {
    "entry_id": "text",
    "run_id": "text",
    "task_id": "text|null",
    "attempt_no": "count|null",
    "kind": ("task", "revert", "integrate"),
    "status": ENTRY_STATUSES,
    "reason": "text|null",
    "target": "text",
    "repo_path": "text",
    "strategy": STRATEGIES,
    "priority": (*PRIORITIES, "rollback"),
    "head_commit": "text",
    "base_commit": "text",
    "changed_paths": ["text"],
    "risk": RISKS,
    "approvals": {"needed": ["text"], "given": ["text"], "missing": ["text"]},
    "bounces": "count",
    "overtaken": "count",
    "failures": "count",
    "conflicts": "count",
    "errors": "count",
    "flakes": "count",
    "not_before": "time|null",
    "tested_tree": "text|null",
    "landed_commit": "text|null",
    "landed_on": "text|null",
    "landed_at": "time|null",
    "position": "count|null",
    "waits_for": "text|null",
    "reverts": "text|null",
    "rolled_back_by": "text|null",
    "created_at": "time",
    "updated_at": "time",
}
QUEUE: "dict[str, Any]" = {
    "target": "text",
    "repo_path": "text",
    "hold_reason": "text|null",
    "window": "count",
    "runner_pid": "count|null",
    "open": "count",
}
VERDICT: "dict[str, Any]" = {
    "approval_no": "count",
    "kind": ("human", "council", "reviewer", "leader"),
    "verdict": ("approve", "reject", "abstain"),
    "given_by": "text",
    "proof": "text|null",
    "given_from": {
        "?": "null",
        "pid": "count",
        "parents": [{"pid": "count", "name": "text"}],
        "tty": "text|null",
        "cwd": "text",
    },
    "note": "text",
    "head_commit": "text",
    "policy_digest": "text",
    "created_at": "time",
}
_TRIAL: "dict[str, Any]" = {
    "trial_no": "count",
    "commit": "text",
    "tree": "text",
    "purpose": ("batch", "bisect", "rerun", "base"),
    "status": ("running", "passed", "failed", "error", "interrupted"),
    "summary": "text",
    "entries": ["count"],
    "started_at": "time",
    "ended_at": "time|null",
    "checks": [
        {
            "check": "text",
            "status": ("passed", "failed", "error"),
            "source": ("run", "cache"),
            "summary": "text",
            "output_tail": "text",
            "exit_status": "number|null",
            "duration_ms": "count|null",
        }
    ],
}
_ERROR: "dict[str, Any]" = {"code": "text", "reason": "text", "message": "text", "hint": "text"}
_CHANGED: "dict[str, Any]" = {"event_id": "count", "replayed?": "flag"}
_ONE: "dict[str, Any]" = {"entry": ENTRY, "next_command": "text", **_CHANGED}
_SKIPPED: "list[Any]" = [{"task_id": "text", "error": _ERROR}]
_GIVEN: "dict[str, Any]" = {
    "entry": {"?": "null", **ENTRY}, "name": "text", "verdict": VERDICT, "next_command": "text",
    **_CHANGED,
}  # fmt: skip
_WAITING: "dict[str, Any]" = {
    "entry_id": "text",
    "name": "text",
    "status": ENTRY_STATUSES,
    "why": "text",
    "command": "text",
}
_INTEGRATES: "dict[str, Any]" = {
    "run_id": "text", "source": "text", "target": "text", "head_commit": "text",
}  # fmt: skip

_RAN: "dict[str, Any]" = {
    "run_id": "text|null",
    "landed": [ENTRY],
    "changed": [ENTRY],
    "waiting": [_WAITING],
    "queues": [QUEUE],
    "passes": "count",
    "trials": "count",
    "problems": ["text"],
    "high_event_id": "count",
    "replayed?": "flag",
}

# Of each command the ways its answer may look.
DATA: "dict[str, tuple[Shape, ...]]" = {
    "queue add": (
        {"entries": [ENTRY], "skipped": _SKIPPED, "notes?": ["text"], **_CHANGED},
        {
            "dry_run": "flag",
            "planned": [
                {
                    "run_id": "text",
                    "task_id": "text",
                    "target": "text",
                    "strategy": STRATEGIES,
                    "head_commit": "text",
                    "changed_paths": ["text"],
                }
            ],
            "skipped": _SKIPPED,
        },
    ),
    "queue list": (
        {
            "run_id": "text|null",
            "entries": [ENTRY],
            "queues": [QUEUE],
            "next_command": "text",
        },
    ),
    "queue show": (
        {
            "entry": ENTRY,
            "queue": QUEUE,
            "verdicts": [{**VERDICT, "is_void": "flag"}],
            "trials": [_TRIAL],
            "conflict": {
                "?": "null",
                "onto": "text",
                "files": ["text"],
                "notes": ["text"],
                "landed": ["text"],
            },
            "done_again": "text|null",
            "next_command": "text",
            "explained?": ["text"],
        },
    ),
    "queue run": (
        {**_RAN, "explained?": ["text"]},
        {
            "dry_run": "flag",
            "run_id": "text|null",
            "plans": [
                {
                    "target": "text",
                    "tip": "text",
                    "steps": ["text"],
                    "order": ["text"],
                    "why": [{"entry_id": "text", "why": "text"}],
                }
            ],
            "next_command": "text",
        },
    ),
    "land": ({**_RAN, "queued": ["text"], "skipped": _SKIPPED, "already": "text|null"},),
    "queue approve": (_GIVEN,),
    "queue reject": (_GIVEN,),
    "approve": (_GIVEN,),
    "reject": (_GIVEN,),
    "queue hold": (_ONE, {"queue": QUEUE, **_CHANGED}),
    "queue release": (_ONE, {"queue": QUEUE, **_CHANGED}),
    "queue cancel": (_ONE,),
    "queue retry": (
        _ONE,
        {"entry": ENTRY, "task": nouns.TASK, "attempt": nouns.ATTEMPT, **_CHANGED},
    ),
    "queue rollback": (
        {
            "dry_run": "flag",
            "entry": ENTRY,
            "revert": {"?": "null", **ENTRY},
            "held": ["text"],
            "superseded": ["text"],
            "how": ("put_back", "revert"),
            "why": "text|null",
            "target": "text",
            "dependents": [{"task_id": "text", "status": "text"}],
            "replayed?": "flag",
        },
    ),
    "queue audit": (
        {
            "passes": [
                {
                    "pass_no": "count",
                    "target": "text",
                    "fence": "count",
                    "planner": "text",
                    "at": "time",
                    "steps": ["text"],
                    "snapshot?": "json",
                    "decisions?": "json",
                }
            ],
            "total": "count",
        },
    ),
    "queue replay": (
        {"same": "count", "other_planner": ["count"], "differing": ["count"], "planner": "text"},
    ),
    "integrate": (
        {
            **_INTEGRATES, "entry": ENTRY, "passes": "count", "trials": "count",
            "replayed?": "flag",
        },
        {
            "dry_run": "flag", **_INTEGRATES, "commits": ["text"], "conflicts": ["text"],
            "in_the_way": ["text"],
        },
    ),
}  # fmt: skip
