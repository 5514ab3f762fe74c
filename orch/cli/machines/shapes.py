"""The JSON Schema of answers about machines; notation as in inbox/cli/shapes.py."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MACHINE: "dict[str, Any]" = {
    "machine_id": "text",
    "name": "text",
    "status": ("known", "lost"),
    "labels": ["text"],
    "reason": "text|null",
    "seen_at": "time",
    "until": "time",
    "is_here": "flag",
    "silent_seconds": "count",
    "at_work": ["text"],
}
DATA: "dict[str, Any]" = {
    "machine list": {"machines": [MACHINE]},
    "machine lost": {
        "machine": MACHINE,
        "given_back": ["text"],
        "event_id": "count",
        "replayed?": "flag",
    },
    "push": {
        "run_id": "text",
        "task_id": "text",
        "attempt_no": "count",
        "branch_name": "text",
        "head_commit": "text",
    },
}
