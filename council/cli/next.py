"""Next steps after each command of `orch council`, and after `orch review`."""

from orch.steps.model import read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def _start(answer: "Answer") -> "list[Step]":
    return [say("council wait", run=answer["run_id"]).because("its reviewers are at work")]


def _wait(answer: "Answer") -> "list[Step]":
    return [say("council tally", run=answer["run_id"]).because("all reviewers have ended")]


def _tally(answer: "Answer") -> "list[Step]":
    return [say("council report", run=answer["run_id"]).because("read what they found")]


def _report(answer: "Answer") -> "list[Step]":
    return [say("council show", run=answer["run_id"]).because("see the whole council")]


def _show(answer: "Answer") -> "list[Step]":
    run = answer["council"]["run_id"]
    if answer.get("tally"):
        return [say("council report", run=run).because("read what they found")]
    return [say("council wait", run=run).because("its reviewers are at work")]


def _list(answer: "Answer") -> "list[Step]":
    return [
        say("council show", run=one["run_id"]).because("look at it")
        for one in answer["councils"][:1]
    ]


def _decline(answer: "Answer") -> "list[Step]":
    step = say("council start", run="ID", since=answer["run_id"], target="TEXT")
    return [step.because("the next round knows what was declined")]


def _review(answer: "Answer") -> "list[Step]":
    where = f"{answer['review_run']}/review"
    return [*read(answer["next_command"]), say("task show", where).because("read the review")]


NEXT: "dict[str, Callable[[Answer], list[Step]]]" = {
    "council start": _start,
    "council wait": _wait,
    "council tally": _tally,
    "council report": _report,
    "council show": _show,
    "council list": _list,
    "council decline": _decline,
    "review": _review,
}
