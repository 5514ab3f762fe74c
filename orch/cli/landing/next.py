"""Next steps after the commands about landing."""

from orch.steps import entry as entries
from orch.steps import run as runs
from orch.steps.model import read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def published(answer: "Answer") -> "list[Step]":
    """Return the step that the answer names itself."""
    return read(answer["next_command"])


def added(answer: "Answer") -> "list[Step]":
    """Return how what was queued lands; after a look, how it is queued."""
    if answer.get("dry_run"):
        planned = answer["planned"]
        if not planned:
            return []
        how = {"target": planned[0]["target"], "strategy": planned[0]["strategy"]}
        names = [f"{one['run_id']}/{one['task_id']}" for one in planned]
        return [say("queue add", *names, **how).because("this was only a look")]
    return [entries.run_queue(answer["entries"][0]["run_id"])]


def ran(answer: "Answer") -> "list[Step]":
    """Return what the first waiting entry needs, else what follows the landing."""
    if answer.get("dry_run"):
        return published(answer)
    for one in answer["waiting"]:
        if one["command"]:
            return read(one["command"], f"{one['entry_id']} waits")
    for one in answer["landed"][-1:]:
        return [entries.after_landing(one["run_id"], one["target"])]
    return [say("queue list", run=answer.get("run_id")).because("see what there is")]


def rejected(answer: "Answer") -> "list[Step]":
    """Return how rejected work is done again, and how it lands all the same."""
    entry = answer["entry"]
    if not entry:
        return published(answer)
    step = say("queue retry", entry["entry_id"], rework=True, body="TEXT")
    return [step.because("to have it done again"), *published(answer)]


def one(answer: "Answer") -> "list[Step]":
    """Return what follows a change of one entry, or of a whole queue."""
    queue = answer.get("queue")
    if queue:
        if queue["hold_reason"]:
            return [entries.release_queue(queue["target"])]
        return [entries.run_queue(None)]
    if answer.get("attempt"):
        return [runs.wait(answer["entry"]["run_id"])]
    return published(answer)


def rolled_back(answer: "Answer") -> "list[Step]":
    """Return how a rollback that was looked at is done, or how its revert lands."""
    entry = answer["entry"]
    if answer.get("dry_run"):
        return [say("queue rollback", entry["entry_id"]).because("this was only a look")]
    if answer.get("revert"):
        return [entries.run_queue(entry["run_id"])]
    return [say("queue list", run=entry["run_id"]).because("see what is queued now")]


def audited(_answer: "Answer") -> "list[Step]":
    """Return how the recorded passes are decided again."""
    return [say("queue replay").because("decide the recorded passes again")]


def replayed(_answer: "Answer") -> "list[Step]":
    """Return how one sees what is queued."""
    return [say("queue list").because("see what is queued now")]


def integrated(answer: "Answer") -> "list[Step]":
    """Return how it is done after a look; after it, how the run's worktrees go."""
    if answer.get("dry_run"):
        return [entries.integrate(answer["run_id"], answer["target"])]
    return [entries.cleanup(answer["run_id"])]
