"""Next steps after the commands about workers."""

from orch.steps import run as runs
from orch.steps.model import read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def worked(answer: "Answer") -> "list[Step]":
    """Return how a client that can start is started, or where the last run stands."""
    if answer.get("start"):
        return read(answer["start"], "it can start")
    named = [turn["run_id"] for turn in answer.get("turns", ()) if turn.get("task_id")]
    return [runs.status_of(run) for run in named[-1:]]


def logs(answer: "Answer") -> "list[Step]":
    """Return how one stays with a log, or what came of it."""
    name = f"{answer['run_id']}/{answer['task_id']}"
    if answer["running"]:
        return [say("logs", name, follow=True).because("it is still running")]
    return [say("task show", name).because("see what came of it")]


def stopped(answer: "Answer") -> "list[Step]":
    """Return how a stopped worker goes on."""
    task = answer["task"]
    step = say("continue", f"{task['run_id']}/{task['task_id']}", body="TEXT")
    return [step.because("when it may go on")]
