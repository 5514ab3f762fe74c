"""The shapes of the commands about requests, change requests and budgets; see shapes.py."""

from inbox.cli.shapes import MESSAGE, THREAD, compiled
from inbox.model import PRIORITIES
from orch.cli.agents.shapes import TURN
from orch.cli.nouns import ATTEMPT, BUDGET, RUN, TASK
from orch.model import REQUEST_STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REQUEST: "dict[str, Any]" = {
    "request_id": "text",
    "title": "text",
    "body": "text",
    "status": REQUEST_STATUSES,
    "priority": PRIORITIES,
    "requester": "text",
    "run_id": "text|null",
    "task_id": "text|null",
    "reason": "text|null",
    "plans": "count",
    "tasks": "count",
    "created_at": "time",
    "updated_at": "time",
}
_PROBLEM: "dict[str, Any]" = {
    "line": "count|null",
    "path": "text",
    "task_id": "text|null",
    "rule": "text|null",
    "message": "text",
}
_SHOWN: "dict[str, Any]" = {
    "request": REQUEST,
    "task": {"?": "null", **TASK},
    "attempt": {"?": "null", **ATTEMPT},
    "question": {"?": "null", **MESSAGE},
    "plan": {
        "?": "null",
        "task_id": "text",
        "attempt_no": "count",
        "agent": "text",
        "format": ("yaml", "json"),
        "sha256": "sha256",
        "problems": [_PROBLEM],
        "text": "text",
        "created_at": "time",
    },
    "tasks": [TASK],
    "next": "text",
}
_CHANGED: "dict[str, Any]" = {"event_id": "count", "replayed?": "flag"}
_SUBMITTED: "dict[str, Any]" = {
    "task": TASK,
    "attempt": ATTEMPT,
    "thread": THREAD,
    "message": MESSAGE,
    "commit": "text",
    "changes": "count",
    **_CHANGED,
}
_CHECKED: "dict[str, Any]" = {
    "dry_run": "flag",
    "run_id": "text",
    "task_id": "text",
    "agent": "text",
    "changes": "count",
    "base_commit": "text",
    "branch_name": "text",
}
_SCHEMA: "dict[str, Any]" = {"schema": "json", "text": "text"}


def schemas() -> "dict[str, dict[str, Any]]":
    """Return the JSON Schema of `data` by the words of its command."""
    budgeted = {"run": {**RUN, "budget": BUDGET}}
    ways = (_SUBMITTED, _CHECKED, _SCHEMA)
    return {
        "request import": compiled({"request": REQUEST, "next": "text", **_CHANGED}),
        "request new": compiled({"request": REQUEST, "next": "text", **_CHANGED}),
        "request list": compiled({"requests": [REQUEST]}),
        "request show": compiled(_SHOWN),
        "request plan": compiled(
            {**_SHOWN, "thread": THREAD, **_CHANGED, "turns?": [TURN], "problems?": ["text"]}
        ),
        "submit": {"anyOf": [compiled(shape) for shape in ways]},
        "run budget": compiled({**budgeted, "event_id?": "count", "replayed?": "flag"}),
    }
