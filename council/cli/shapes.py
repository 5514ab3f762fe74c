"""The JSON Schema of every council command's `data`: compact declarations, and pydantic's own
description of a tally. tests/contract/council/test_table.py runs every command against them.
"""

from council.cli.table import COMMANDS
from council.vocabulary import LEVELS, MODES, ROLES
from inbox.cli.shapes import compiled
from orch.cli.table import TASK_STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_REVIEWER: "dict[str, Any]" = {
    "reviewer_role": ROLES,
    "task_id": "text",
    "thread_id": "text",
    "assigned_to": "text",
    "attempt_no": "count",
    "status": TASK_STATUSES,
}
_COUNCIL: "dict[str, Any]" = {
    "run_id": "text",
    "mode": MODES,
    "target_type": ("text", "repo", "mixed", "task"),
    "output": ("markdown", "json", "both"),
    "only_unanimous": "flag",
    "quorum": "count",
    "rounds": "count",
    "since": "text|null",
    "deadline_at": "time|null",
    "repo_path": "text|null",
    "base_commit": "text|null",
    "head_commit": "text|null",
    "reviewed_task": "text|null",
    "reviewed_attempt_no": "count|null",
    "created_at": "time",
    "reviewers": [_REVIEWER],
    "voters": [_REVIEWER],
}
_SUMMARY: "dict[str, Any]" = dict.fromkeys(LEVELS, "count")
_OUTCOME: "dict[str, Any]" = {
    "revision": "count",
    "status": ("complete", "partial", "insufficient", "failed"),
    "verdict": ("block", "revise", "approve", "split", "none"),
    "summary": _SUMMARY,
}
_CHANGE: "dict[str, Any]" = {"event_id": "count", "replayed?": "flag"}
_REPORT: "dict[str, Any]" = {
    "run_id": "text",
    **_OUTCOME,
    "show": [LEVELS],
    "groups": ["json"],
    "verdict_reason": "text",
    "reviewers": ["json"],
    "conflicts": ["json"],
    "related": ["json"],
    "left_out": ["json"],
    "cross?": "json",
    "markdown_path": "text",
    "format": ("markdown", "json", "both", "sarif"),
    "out": "text|null",
    "sarif?": "json",
    "text?": "text",
    "bare?": "flag",
    **_CHANGE,
}
_DATA: "dict[str, dict[str, Any]]" = {
    "council start": {**_COUNCIL, "declined": "count", **_CHANGE},
    "council wait": {
        "woke": "flag",
        "all_complete": "flag",
        "run_id": "text",
        "reviewers": [_REVIEWER],
        "voters": [_REVIEWER],
        "next_event_id": "count",
    },
    "council report": _REPORT,
    "council decline": {
        "run_id": "text",
        "revision": "count",
        "group_id": "text",
        "title": "text",
        "reason": "text",
        "declined_by": "text",
        **_CHANGE,
    },
    "council show": {
        "council": _COUNCIL,
        "target": "text",
        "tallies": [{**_OUTCOME, "similarity": ("normal", "strict"), "created_at": "time"}],
        "tally": "json|null",
        "reports": [
            {
                "revision": "count",
                "show": [LEVELS],
                "markdown_path": "text",
                "sha256": "sha256",
                "size": "count",
                "created_at": "time",
            }
        ],
    },
    "council list": {"councils": [{**_COUNCIL, "tally": {**_OUTCOME, "?": "null"}}]},
    "review": {
        "run_id": "text",
        "task_id": "text",
        "head_commit": "text",
        "reviewer": "text",
        "review_run": "text",
        "verdict": "text|null",
        "counts_as": "text|null",
        "findings": "count",
        "why": "text|null",
        "problems": ["text"],
        "next_command": "text",
        "replayed?": "flag",
    },
}


def schemas() -> "dict[str, object]":
    """Return the JSON Schema of `data` by the words of its command."""
    from council.model import Tally

    whole = Tally.model_json_schema(mode="serialization")
    definitions = whole.pop("$defs")
    found: dict[str, Any] = {words: compiled(shape) for words, shape in _DATA.items()}
    change = compiled({**_CHANGE, "counts_as": "text|null"})
    found["council tally"] = {
        **whole,
        "properties": {**whole["properties"], **change["properties"]},
        "required": [*whole["required"], *change["required"]],
    }
    nothing = {"type": "null"}
    found["council show"]["properties"]["tally"] = {"anyOf": [whole, nothing]}
    found["council report"]["properties"]["groups"]["items"] = {"$ref": "#/$defs/Group"}
    using = ("council tally", "council show", "council report")
    return {
        command.words: {
            "$schema": _DRAFT,
            **found[command.words],
            "title": f"orch {command.words}: data",
            **({"$defs": definitions} if command.words in using else {}),
        }
        for command in COMMANDS
    }
