"""The JSON Schema of what turns of agents come to; notation as in inbox/cli/shapes.py."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TURN: "dict[str, Any]" = {
    "run_id": "text|null",
    "task_id": "text|null",
    "attempt_no": "count|null",
    "thread_id": "text",
    "turn_no": "count",
    "agent": "text",
    "harness": "text",
    "outcome": "text|null",
    "reason": "text",
    "reported": "text|null",
    "final_event": "text|null",
    "exit_status": "count|null",
    "commits": "count|null",
    "uncommitted_files": "count|null",
    "salvage_ref": "text|null",
    "strays": "count",
    "session": "text|null",
    "pid": "count|null",
    "input_tokens": "count|null",
    "output_tokens": "count|null",
    "cost_usd": "number|null",
    "seconds": "number|null",
    "log_path": "text",
    "started_at": "time",
    "ended_at": "time|null",
}
USAGE: "dict[str, Any]" = {
    "turns": "count", "seconds": "number", "input_tokens": "count|null",
    "output_tokens": "count|null", "cost_usd": "number|null",
}  # fmt: skip
WORKED: "dict[str, Any]" = {
    "harness": "text",
    "agents": ["text"],
    "outcomes": [{"outcome": "text", "turns": "count"}],
    "turns": [TURN],
    "problems": ["text"],
}
CHECKED: "dict[str, Any]" = {
    "start": "text",
    "harness": "text",
    "program": "text",
    "version": "text|null",
    "command": ["text"],
    "resumes": "flag",
    "commits": ("worker", "runner"),
    "warnings": ["text"],
}
