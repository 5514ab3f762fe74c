"""The shape of the answer of start; notation as in inbox/cli/shapes.py."""

from orch.cli.nouns import CHANGE, RUN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

START: "dict[str, Any]" = {
    "run": RUN,
    "state": ("new", "same", "changed", "over", "planning"),
    "changes": [CHANGE],
    "harness": "text|null",
    "config": {"?": "null", "path": "text", "text": "text", "written": "flag"},
    "warnings": ["text"],
    "drive": "any",
    "event_id": "count",
}
