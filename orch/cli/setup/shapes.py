"""The JSON Schemas of `orch setup`'s answers: a setup, and the list of clients."""

from orch.setup.model import ACTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SETUP: "dict[str, Any]" = {
    "agent": "text",
    "scope": ("repository", "user"),
    "root": "text",
    "removing": "flag",
    "mcp": "flag",
    "applied": "flag",
    "files": [{"path": "text", "action": ACTIONS, "why": "text|null", "link_to?": "text"}],
    "diff": "text",
    "notes": "texts",
}
KNOWN: "dict[str, Any]" = {
    "agents": [
        {
            "agent": "text",
            "title": "text",
            "repository": "texts",
            "user": "texts",
            "hooks": "texts",
            "notes": "texts",
        }
    ]
}
