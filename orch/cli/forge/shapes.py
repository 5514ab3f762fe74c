"""The JSON Schema of `data` of the commands about pull requests (notation: inbox/cli/shapes.py)."""

from orch.cli.landing.shapes import ENTRY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.shapes import Shape

PULL: "dict[str, Any]" = {
    "number": "count|null",
    "url": "text",
    "branch": "text",
    "head_commit": "text",
    "state": ("opening", "open", "merged", "closed"),
    "summary": "text",
    "errors": "count",
}
_ONE: "dict[str, Any]" = {
    "entry": ENTRY,
    "pull_request": {"?": "null", **PULL},
    "problems": ["text"],
}

DATA: "dict[str, Shape]" = {
    "pr open": {**_ONE, "replayed?": "flag"},
    "pr update": {**_ONE, "replayed?": "flag"},
    "pr status": _ONE,
    "pr checks": {
        **_ONE,
        "checks": [
            {
                "name": "text",
                "state": ("pending", "passed", "failed", "error"),
                "required": "flag|null",
                "url": "text",
            }
        ],
    },
    "pr logs": {**_ONE, "text": "text"},
    "pr merge": {**_ONE, "commit": "text", "replayed?": "flag"},
}
