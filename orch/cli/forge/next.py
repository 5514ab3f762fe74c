"""Next steps after the commands about pull requests."""

from orch.steps import entry as entries
from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step


def pulled(answer: "dict[str, Any]") -> "list[Step]":
    """Return what follows from how an entry stands on the forge."""
    entry = answer["entry"]
    name, status = entry["entry_id"], entry["status"]
    if status == "awaiting_forge":
        there = answer["pull_request"]
        if not there["number"]:
            return [say("pr update", name).because("it was not opened yet")]
        waiting = say("pr status", name, watch=True).because("until the forge has decided")
        return [waiting, say("pr merge", name).because("where that is yours to say")]
    if status == "failed":
        return [say("pr logs", name), say("queue retry", name, rework=True)]
    if status == "held":
        return [say("queue release", name).because("when its reason is gone")]
    if status == "landed_externally":
        return [say("queue list", run=entry["run_id"]).because("see what is left")]
    return [entries.run_queue(entry["run_id"])]
