"""Next steps after a look at the board."""

from orch.steps import run as runs
from orch.steps.model import read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


_MOST_STEPS = 3


def news(answer: "Answer") -> "list[Step]":
    """Return the steps of the most urgent needs that are new, then how to wait on."""
    needs = [one for one in answer["news"] if one["command"]][:_MOST_STEPS]
    found = [step for one in needs for step in read(one["command"], one["kind"].replace("_", " "))]
    return [*found, *read(answer["resume"], "wait on")]


def top(answer: "Answer") -> "list[Step]":
    """Return the step of the most urgent need, else of what is ready, else how to wait."""
    for part in ("needs", "ready"):
        for one in answer[part][:1]:
            return read(one["command"], one.get("kind", "ready").replace("_", " "))
    shown, at_work = answer["runs"], answer["at_work"]
    if not shown:
        step = say("run init", run="ID", goal="TEXT")
        return [step.because("there is no open run")]
    if not at_work and len(shown) == 1:
        run = shown[0]["run_id"]
        if shown[0]["counts"]["total"]:
            return [say("report", run=run).because("nothing is to be done in it")]
        return [runs.add_task(run)]
    return [runs.wait((at_work or shown)[0]["run_id"])]
