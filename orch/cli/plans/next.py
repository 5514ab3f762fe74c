"""Next steps after the plan commands."""

from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def check(answer: "Answer") -> "list[Step]":
    """Return how a sound plan is applied."""
    return [_apply(answer).because("it is sound")]


def apply(answer: "Answer") -> "list[Step]":
    """Return how a plan is applied after a look, or what its tasks can do."""
    if answer.get("dry_run"):
        return [_apply(answer).because("this was only a look")]
    return [say("ready", run=answer["run_id"]).because("see what can begin")]


def export(answer: "Answer") -> "list[Step]":
    """Return how a written plan is applied again."""
    if answer.get("path") is None:
        return []
    step = say("plan apply", answer["path"], run=answer["run_id"] or "RUN", dry_run=True)
    return [step.because("after a change: see what it means")]


def _apply(answer: "Answer") -> "Step":
    run = answer["run_id"] or "RUN"
    flag, space, request = str(answer["path"]).partition(" ")
    if space and flag == "--request":
        return say("plan apply", request=request, run=run)
    return say("plan apply", answer["path"], run=run)
