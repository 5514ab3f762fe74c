"""Server of orch's tools: the commands of `orch`, and of `inbox` beside them, by role."""

import os

from inbox import steps
from inbox.mcp import roles, tools
from inbox.mcp.server import serve
from orch.steps.model import LOOKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_LEADER = (
    "start", "run init", "run list", "run pause", "run resume", "run close", "status", "top",
    "wait", "blocked", "answer", "ready", "task add", "task show", "task edit", "plan check",
    "plan apply", "dispatch", "retry", "reassign", "cancel", "continue", "stop", "logs", "diff",
    "trace", "verify run", "queue list", "queue add", "queue retry", "queue run", "land",
    "integrate", "approve", "reject", "cleanup", "report",
)  # fmt: skip
# A worker has at most 15: `task show` instead of `ack`, which `show` does by itself.
_WORKER = ("task show",)
_REVIEWER = ("task show", "diff", "logs", "verify status")


def mcp(call: "Call", *, role: str | None, seconds: float | None) -> None:
    """Serve the tools of a role until standard input closes."""
    role = role or ("worker" if os.environ.get("INBOX_THREAD") else "leader")
    from inbox.cli.main import whole as bus
    from orch.cli.main import whole

    own = {"leader": _LEADER, "worker": _WORKER, "reviewer": _REVIEWER}[role]
    words = () if role == "leader" else [one for one in roles.ROLES[role] if one != "ack"]
    found = tools.of_program(bus(), words, steps.LOOKS) + tools.of_program(whole(), own, LOOKS)
    serve(call, found, role, seconds)
