"""The JSON Schema of every command's `data`: compact declarations, closed objects.

A declaration is a word (`text`, `count`, `number`, `flag`, `time`, `json`, `sha256`, `texts`,
`null`, `any`, a word ending in `|null`, `id:PREFIX`), a tuple of allowed texts, a list with one
declaration for its items, or a dict of members, where a name ending in `?` may be missing.
Adding a member to an answer? Add it here; tests/contract/test_shapes.py runs every command.
"""

from inbox.cli.grammar import STATUSES
from inbox.model import KINDS, PRIORITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Shape = str | tuple[str, ...] | list[Any] | dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
_WORDS: "dict[str, dict[str, Any]]" = {
    "text": {"type": "string"},
    "count": {"type": "integer", "minimum": 0},
    "number": {"type": "number", "minimum": 0},
    "flag": {"type": "boolean"},
    "time": {"type": "string", "pattern": _TIME},
    "json": {"type": "object"},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "null": {"type": "null"},
    "any": {},
}

THREAD: "dict[str, Any]" = {
    "thread_id": "text",
    "run_id": "text|null",
    "task_id": "text|null",
    "subject": "text",
    "summary": "text",
    "status": STATUSES,
    "priority": PRIORITIES,
    "created_by": "text",
    "addressed_to": "text",
    "assigned_to": "text",
    "epoch": "count",
    "lost_leases": "count",
    "max_claims": "count",
    "not_before": "time|null",
    "expects": "json|null",
    "reason": "text|null",
    "last_event_id": "count",
    "last_message_id": "id:msg|null",
    "created_at": "time",
    "updated_at": "time",
}
ARTIFACT: "dict[str, Any]" = {
    "artifact_id": "id:art",
    "path": "text",
    "kind": "text",
    "metadata_json": "json",
    "size": "count|null",
    "sha256": "sha256|null",
    "copied": "flag",
}
MESSAGE: "dict[str, Any]" = {
    "message_id": "id:msg",
    "event_id": "count",
    "thread_id": "text",
    "kind": KINDS,
    "from_agent": "text",
    "to_agent": "text",
    "summary": "text",
    "body": "text",
    "payload_json": "json",
    "reply_to": "id:msg|null",
    "created_at": "time",
    "artifacts": [ARTIFACT],
}
EVENT: "dict[str, Any]" = {
    "event_id": "count",
    "event_type": "text",
    "actor": "text",
    "run_id": "text|null",
    "task_id": "text|null",
    "thread_id": "text|null",
    "status": "text|null",
    "assigned_to": "text|null",
    "summary": "text",
    "message_id": "id:msg|null",
    "payload": "json",
    "created_at": "time",
}
LEASE: "dict[str, Any]" = {
    "epoch": "count",
    "holder": "text",
    "expires_at": "time",
    "ttl_seconds": "number",
    "remaining_seconds": "number",
}
_CHANGE: "dict[str, Any]" = {
    "thread": THREAD,
    "message": MESSAGE,
    "event_id": "count",
    "replayed?": "flag",
    "warnings?": ["text"],
}
_HELD: "dict[str, Any]" = {**_CHANGE, "late?": "flag"}
_TEXT: "dict[str, Any]" = {"text": "text"}
_ANNOUNCED: "dict[str, Any]" = {
    "message_id": "id:msg",
    "thread_id": "text",
    "kind": KINDS,
    "from_agent": "text",
}

_CLAIM: "dict[str, Any]" = {
    **_CHANGE,
    "lease": {**LEASE, "token": "text"},
    "messages": [MESSAGE],
    "truncated?": "flag",
    "next_after?": "id:msg",
}
_FINISHED: "dict[str, Any]" = {**_HELD, "claimed?": {**_CLAIM, "?": "null"}, "superseded?": "flag"}

DATA: "dict[str, Shape]" = {
    "init": {"db_path": "text", "status": ("initialized",), "created": "flag"},
    "send": _CHANGE,
    "fetch": {
        "threads": [{**THREAD, "unread": "count|null"}],
        "high_event_id": "count",
    },
    "claim": _CLAIM,
    "renew": {
        **_HELD,
        "lease": LEASE,
        "cancel_requested": "flag",
        "process_ended?": "flag",
        "renewals?": "count",
    },
    "release": _HELD,
    "update": _HELD,
    "reply": _CHANGE,
    "done": _FINISHED,
    "fail": _FINISHED,
    "cancel": _CHANGE,
    "list": {"threads": [THREAD], "truncated": "flag", "high_event_id": "count"},
    "show": {
        "thread": THREAD,
        "lease": {**LEASE, "?": "null"},
        "messages": [MESSAGE],
        "truncated": "flag",
        "next_after": "id:msg|null",
        "last_read": "id:msg|null",
    },
    "ack": {
        "thread_id": "text",
        "agent": "text",
        "last_read": "id:msg",
        "moved": "flag",
        "event_id": "count",
        "replayed?": "flag",
    },
    "watch": {
        "woke": "flag",
        "thread": THREAD,
        "message": {**MESSAGE, "?": "null"},
        "event": EVENT,
        "next_event_id": "count",
        "resume": "text",
    },
    "wait-reply": {
        "woke": "flag",
        "thread": THREAD,
        "message": MESSAGE,
        "next_event_id": "count",
        "lease?": LEASE,
        "resume": "text",
    },
    "search": {"messages": [{**MESSAGE, "subject": "text", "status": STATUSES}]},
    "artifact list": {
        "thread_id": "text",
        "artifacts": [{**ARTIFACT, "message_id": "id:msg"}],
    },
    "artifact get": {**ARTIFACT, "out": "text"},
    "doctor": {
        "healthy": "flag",
        "db_path": "text",
        "checks": [
            {
                "name": "text",
                "status": ("ok", "warning", "problem"),
                "detail": "text",
                "hint": "text",
                "commands": ["text"],
            }
        ],
    },
    "backup": {"path": "text", "size": "count", "high_event_id": "count"},
    "schema": {"schema": "json", **_TEXT},
    "mcp": {},
    "hook": {"agent": "text", "messages": [_ANNOUNCED], **_TEXT},
    "prime": {"role": ("worker", "leader", "reviewer"), **_TEXT},
    "completion": {"shell": ("bash", "zsh", "fish"), **_TEXT},
}


def schemas() -> "dict[str, object]":
    """Return the JSON Schema of `data` by the words of its command."""
    return {
        words: {"$schema": _DRAFT, "title": f"inbox {words}: data", **compiled(shape)}
        for words, shape in DATA.items()
    }


def compiled(shape: "Shape") -> "dict[str, Any]":
    """Return a declaration as JSON Schema; every object is closed."""
    if isinstance(shape, tuple):
        return {"enum": list(shape)}
    if isinstance(shape, list):
        return {"type": "array", "items": compiled(shape[0])}
    if isinstance(shape, dict):
        return _object(dict(shape))
    word, bar, _ = shape.partition("|")
    if word.startswith("id:"):
        found = {"type": "string", "pattern": f"^{word[3:]}_[0-9]+$"}
    else:
        found = dict(_WORDS[word])
    return {**found, "type": [found["type"], "null"]} if bar else found


def _object(members: "dict[str, Any]") -> "dict[str, Any]":
    nullable = members.pop("?", "") == "null"
    return {
        "type": ["object", "null"] if nullable else "object",
        "properties": {name.rstrip("?"): compiled(shape) for name, shape in members.items()},
        "required": [name for name in members if not name.endswith("?")],
        "additionalProperties": False,
    }
