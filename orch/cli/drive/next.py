"""Next steps after the commands about driving."""

from orch.steps import entry as entries
from orch.steps import run as runs
from orch.steps.model import read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step


def driven(answer: "dict[str, Any]") -> "list[Step]":
    """Return what waits for people, else what follows the end of the driver."""
    if answer.get("look"):
        return [say("drive", run=answer["run_ids"]).because("this was only a look")]
    if answer["end"] == "background":
        return [runs.wait(answer["run_ids"][0])]
    if answer["needs"]:
        return [
            step for need in answer["needs"][:10] for step in read(need["command"], need["text"])
        ]
    for one in answer["run_ends"]:
        if one["closed"]:
            return [runs.look(one["run_id"])]
        if one["end"] == "land":
            return [say("land", one["run_id"]).because("what is done is on no target yet")]
        if one["end"] == "integrate":
            return [entries.integrate(one["run_id"])]
        if one["end"] == "finished":
            return [runs.close(one["run_id"])]
    return read(answer["resume"], "it goes on where it was")
