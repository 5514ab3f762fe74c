"""Next steps after a start."""

from orch.cli.drive import next as driving
from orch.steps import run as runs
from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step


def started(answer: "dict[str, Any]") -> "list[Step]":
    """Return what follows its driver; without one, how the run is driven or read."""
    run = answer["run"]["run_id"]
    if answer["drive"] is not None:
        return driving.driven(answer["drive"])
    if answer["state"] == "over":
        return [runs.look(run)]
    if answer["run"].get("end") == "finished":
        return [runs.close(run)]
    return [say("drive", run=run).because("its tasks are there")]
