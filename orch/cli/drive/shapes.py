"""The shapes of answers about driving; notation as in inbox/cli/shapes.py."""

from orch.cli.nouns import ENDS, RUN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DRIVE: "dict[str, Any]" = {
    "?": "null",
    "paused": "flag",
    "settings": "any",
    "until": "text|null",
    "pid": "count|null",
    "taken_at": "time|null",
}
_SAID: "dict[str, Any]" = {"run": RUN, "drive": DRIVE, "event_id": "count", "replayed?": "flag"}

_NEED: "dict[str, Any]" = {
    "run_id": "text",
    "task_id": "text|null",
    "kind": "text",
    "since": "time",
    "text": "text",
    "command": "text",
}
_WHY: "dict[str, Any]" = {"run_id": "text", "task_id": "text", "why": "text"}
_DECIDED: "dict[str, Any]" = {
    "run_id": "text",
    "pass_no": "count|null",
    "at": "time|null",
    "steps": ["text"],
    "why": [_WHY],
    "needs": [_NEED],
    "wake_at": "time|null",
}
_DRIVEN: "dict[str, Any]" = {
    "run_ids": ["text"],
    "end": ("landed", "needs_people", "idle", "empty", "timeout", "stopped", "once"),
    "did": "count",
    "passes": "count",
    "landed": ["text"],
    "needs": [_NEED],
    "why": [_WHY],
    "run_ends": [{"run_id": "text", "end": ENDS, "target": "text", "closed": "flag"}],
    "high_event_id": "count",
    "resume": "text",
}
_BEGUN: "dict[str, Any]" = {
    "run_ids": ["text"],
    "end": ("background",),
    "pid": "count",
    "log_path": "text",
    "status": "count|null",
}
_LOOKED: "dict[str, Any]" = {
    "look": ("dry_run", "explain", "audit", "replay"),
    "run_ids": ["text"],
    "looks": ["any"],
}

DRIVE_ANSWERS = (_DRIVEN, _BEGUN, _LOOKED)
DRIVING: "dict[str, Any]" = {"run set": _SAID, "run pause": _SAID, "run resume": _SAID}
