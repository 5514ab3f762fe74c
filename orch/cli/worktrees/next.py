"""Next steps after the commands about worktrees and repositories."""

from orch.steps.model import git, say
from orch.steps.run import status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step

    Answer = dict[str, Any]


def restored(answer: "Answer") -> "list[Step]":
    """Return how rescued work is looked at."""
    return [git("status", where=answer["path"]).because("look at what was rescued")]


def accepted(answer: "Answer") -> "list[Step]":
    """Return how the run goes on."""
    return [status_of(answer["run_id"])] if answer.get("run_id") else [say("run list")]


def moved(answer: "Answer") -> "list[Step]":
    """Return how the first of the runs there goes on."""
    return [status_of(run) for run in answer["runs"][:1]]


def looked(answer: "Answer") -> "list[Step]":
    """Return how what was looked at is judged: a task's story, or the run's."""
    task = answer.get("task_id")
    if task:
        return [say("task show", f"{answer['run_id']}/{task}").because("see how it stands")]
    return [status_of(answer["run_id"])]
