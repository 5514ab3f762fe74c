"""The shapes of answers about driving; notation as in inbox/cli/shapes.py."""

from orch.cli.nouns import RUN

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

DRIVING: "dict[str, Any]" = {"run set": _SAID, "run pause": _SAID, "run resume": _SAID}
