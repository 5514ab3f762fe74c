"""Next steps of a task: pure. A task is a row of an answer; a name is R/T."""

from orch.model import undefined_check
from orch.steps.model import git, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step


def dispatch(name: str, mode: object, to: object) -> "Step":
    """Return how a ready task is given out: with what it does not say itself."""
    lacks = {"execution_mode": None if mode else "code", "to": None if to else "AGENT"}
    return say("dispatch", name, **lacks).because("it is ready")


def retry(name: str) -> "Step":
    """Return how a failed task is tried once more."""
    return say("retry", name).because("it failed")


def verify(name: str, gate: "dict[str, Any] | None" = None) -> "Step":
    """Return how the checks of a reported task are run; those of elsewhere are told by a person."""
    for one in (gate or {}).get("checks", ()):
        if one["status"] == "error" and one["summary"] == undefined_check(one["check"]):
            step = say("verify record", name, check=one["check"], status="passed")
            return step.because("say how it ended where it ran: passed or failed")
    return say("verify run", name).because("its checks are to run")


def mending(name: str) -> "Step":
    """Return what names the commands that bring a task's work onto its branch."""
    return say("task show", name).because("not all of its work is on its branch")


def answer(name: str) -> "Step":
    """Return how a worker's question is answered."""
    return say("answer", name, body="TEXT").because("its worker waits for an answer")


def reassign(name: str, to: str = "AGENT") -> "Step":
    """Return how a task whose worker is silent goes to another."""
    step = say("reassign", name, to=to, reason="TEXT")
    return step.because("nothing is heard of its worker")


def adopt(name: str, attempt: int) -> "Step":
    """Return how a late report is taken as the result."""
    return say("adopt", name, attempt=attempt).because("it may be what you want after all")


def commit(worktree: str, run_id: str) -> "list[Step]":
    """Return how a person commits what a worker left: three commands, in this order."""
    why = "what is not committed can be lost"
    return [
        git("add", "-A", where=worktree).because(why),
        git("commit", "-m", "TEXT", where=worktree).because(why),
        say("reconcile", run=run_id).because("so that the run knows of it"),
    ]


def of_task(
    task: "dict[str, Any]", attempts: "list[dict[str, Any]]", landing: "Step | None" = None
) -> "Step":
    """Return the command that fits a task's state; `landing` is what its newest entry wants."""
    run, status = task["run_id"], task["status"]
    name = f"{run}/{task['task_id']}"
    latest = attempts[-1] if attempts else {}
    if status == "ready" and not task.get("waits_for"):
        return dispatch(name, task["execution_mode"], task["default_to"])
    if status == "planned":
        return say("ready", run=run, explain=True).because("it waits for others")
    if status == "blocked" and (latest.get("last_message") or {}).get("kind") == "question":
        return answer(name)
    if status in ("running", "blocked") and latest.get("liveness") in ("stale", "gone"):
        return reassign(name)
    if status == "verifying":
        return verify(name, task.get("gate"))
    if status == "failed":
        return retry(name)
    if status in ("done", "cancelled"):
        return landing or _over(task, name, bool(latest.get("branch_name")))
    return say("wait", run=run).because("somebody works on it")


def _over(task: "dict[str, Any]", name: str, has_branch: bool) -> "Step":
    if task["status"] == "done" and has_branch and task.get("integration") is None:
        return say("queue add", name).because("it is done and on no target")
    return say("status", run=task["run_id"]).because("nothing is to be done about it")
