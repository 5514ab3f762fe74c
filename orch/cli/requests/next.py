"""Next steps after the commands about requests."""

from orch.steps.model import read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def published(answer: "Answer") -> "list[Step]":
    """Return the step that the answer names itself."""
    return read(answer["next"])


def listed(answer: "Answer") -> "list[Step]":
    """Return how the first of a list is looked at."""
    found = [one["request_id"] for one in answer["requests"][:1]]
    return [say("request show", name).because("look at it") for name in found]


def submitted(answer: "Answer") -> "list[Step]":
    """Return what follows a change request that was taken."""
    if answer.get("dry_run") or answer.get("task") is None:
        return []
    task = answer["task"]
    name = f"{task['run_id']}/{task['task_id']}"
    if task["status"] == "verifying":
        return [say("verify run", name).because("its checks are to run")]
    return [say("task show", name).because("see what came of it")]
