"""Next steps after `orch setup`."""

import os

from orch.steps.model import git, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def setup(answer: "Answer") -> "list[Step]":
    """Return how it is written after a look, looked at or committed after that."""
    agent = answer.get("agent")
    if agent is None:
        return [say("setup", "AGENT", dry_run=True).because("see what it would write")]
    root = str(answer["root"])
    touched = [one["path"] for one in answer["files"] if one["action"] != "unchanged"]
    flags = {
        "user": answer["scope"] == "user",
        "remove": bool(answer["removing"]),
        "mcp": answer["mcp"],
    }
    if touched and not answer["applied"]:
        return [say("setup", agent, **flags).because("nothing is written yet")]
    if touched and answer["removing"]:
        return [say("setup", agent, **flags, check=True).because("see that nothing is left")]
    tracked = answer["scope"] == "repository" and os.path.lexists(os.path.join(root, ".git"))
    if touched and tracked:
        names = sorted({os.path.relpath(path, root).partition("/")[0] for path in touched})
        step = git("add", *names)
        return [step.because("a task's worktree holds only what is committed")]
    return [say("setup", list=True).because("see which clients are set up")]
