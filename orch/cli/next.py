"""Next steps after each command of `orch`: its answer, read as steps (orch/steps/)."""

from orch.steps import run as runs
from orch.steps.model import is_drivers, read, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from inbox.cli.call import Call
    from schema.steps import Step

    Answer = dict[str, Any]
    Next = Callable[[Answer], list[Step]]


def _status(answer: "Answer") -> "list[Step]":
    return [runs.of_run(answer["run"], answer["tasks"], answer.get("landing")), *_accepts(answer)]


def _accepts(answer: "Answer") -> "list[Step]":
    """Return how a person lets the checkout's orch.toml count, where another one does."""
    return [
        say("repo accept", run=one).because("if the orch.toml of the checkout is to count")
        for one in answer.get("differs") or ()
    ]


def _reconcile(answer: "Answer") -> "list[Step]":
    run = answer["run"]
    if any(run["counts"].values()) and not run.get("end"):
        return [runs.status_of(run["run_id"])]  # Only a look at the tasks can say more.
    return [runs.of_run(run, [])]


def _run(answer: "Answer") -> "list[Step]":
    run = answer["run"]["run_id"]
    if answer["run"]["counts"]["total"]:
        return [runs.status_of(run)]
    return [runs.add_task(run)]


def _run_list(answer: "Answer") -> "list[Step]":
    return [runs.status_of(one["run_id"]) for one in answer["runs"] if not one["closed_at"]][:1]


def _reopened(answer: "Answer") -> "list[Step]":
    return [runs.status_of(answer["run"]["run_id"])]


def _paused(answer: "Answer") -> "list[Step]":
    return [say("run resume", answer["run"]["run_id"]).because("it is paused")]


def _closed(_answer: "Answer") -> "list[Step]":
    return []


def _task(answer: "Answer") -> "list[Step]":
    task = answer["task"]
    why = "it waits for others" if task["status"] == "planned" else "see what can begin"
    explain = task["status"] == "planned"
    return [say("ready", run=task["run_id"], explain=explain).because(why)]


def _task_show(answer: "Answer") -> "list[Step]":
    from orch.steps import task as tasks

    latest = answer["attempts"][-1] if answer["attempts"] else {}
    found = read(latest.get("mending") or "", "not all of its work is on its branch")
    spent = runs.spent(answer["run"]) if answer["task"]["status"] in ("ready", "failed") else None
    if answer["run"]["closed_at"]:
        found = [runs.of_run(answer["run"], [])]
    elif spent is not None:
        found = [spent]
    found = found or [tasks.of_task(answer["task"], answer["attempts"], answer["landing"])]
    request = answer["task"].get("request_id")
    if request:
        found.append(say("request show", request).because("it was asked for there"))
    return found


def _ready(answer: "Answer") -> "list[Step]":
    from orch.steps import task as tasks

    run = answer["run_id"]
    if not answer["tasks"]:
        return [runs.wait(run)]
    spent = runs.spent(answer["run"])
    if spent is not None:
        return [spent]
    first = answer["tasks"][0]
    name = f"{run}/{first['task_id']}"
    return [tasks.dispatch(name, first["execution_mode"], first["default_to"])]


def _dispatch(answer: "Answer") -> "list[Step]":
    if answer.get("dry_run"):
        return []
    done = answer.get("dispatched")
    first = done[0] if done else answer
    return [runs.wait(first["task"]["run_id"])]


def _wait(answer: "Answer") -> "list[Step]":
    if "news" in answer:
        from orch.cli.board.next import news

        return [*news(answer), *_accepts(answer)]
    if (answer.get("event") or {}).get("event_type") == "task_blocked":
        run = answer["run"]["run_id"]
        question = say("blocked", run=run).because("read the question")
        return [question, *read(answer["resume"], "wait on"), *_accepts(answer)]
    return [*read(answer["resume"], "wait on"), *_accepts(answer)]


def _blocked(answer: "Answer") -> "list[Step]":
    from orch.steps import task as tasks

    run = answer["run_id"]
    asked = [one["task"]["task_id"] for one in answer["tasks"] if not one["answered"]]
    return [tasks.answer(f"{run}/{task}") for task in asked] or [runs.wait(run)]


def _answered(answer: "Answer") -> "list[Step]":
    return [runs.wait(answer["task"]["run_id"])]


def _of_run(answer: "Answer") -> "list[Step]":
    return [runs.status_of(answer["run"]["run_id"])]


def _of_task(answer: "Answer") -> "list[Step]":
    return [runs.status_of(answer["task"]["run_id"])]


def _gate(answer: "Answer") -> "list[Step]":
    from orch.steps import task as tasks

    task = answer["task"]
    name = f"{task['run_id']}/{task['task_id']}"
    if task["status"] == "failed":
        return [tasks.retry(name)]
    if task["status"] == "verifying":
        return [tasks.verify(name)]
    return [say("task show", name).because("see what came of it")]


def _events(answer: "Answer") -> "list[Step]":
    after = answer.get("next_after")
    if not after:
        return []
    return [say("events", run=answer["run_id"], after_event=after).because("there are more")]


def _trace(answer: "Answer") -> "list[Step]":
    name = f"{answer['run_id']}/{answer['task_id']}"
    return [say("task show", name).because("see how it stands now")]


def _cleaned(answer: "Answer") -> "list[Step]":
    if "leftovers" in answer:
        return []
    return [runs.status_of(answer["run_id"])]


def _of(module: str, name: str) -> "Next":
    """Return what stands in a module which other commands do not load."""

    def _next(answer: "Answer") -> "list[Step]":
        found: Callable[[Answer], list[Step]]
        found = getattr(__import__(f"orch.cli.{module}.next", fromlist=[name]), name)
        return found(answer)

    return _next


def _doctor(answer: "Answer") -> "list[Step]":
    return [
        step
        for check in answer["checks"]
        for line in check["commands"]
        for step in read(line, check["name"])
    ]


_PULLS = ("open", "update", "status", "checks", "logs", "merge")

NEXT: "dict[str, Next]" = {
    "run init": _run,
    "run show": _run,
    "run list": _run_list,
    "run close": _closed,
    "run reopen": _reopened,
    "run budget": _of_run,
    "drive": _of("drive", "driven"),
    "start": _of("start", "started"),
    "run set": _reopened,
    "run pause": _paused,
    "run resume": _reopened,
    "task add": _task,
    "task show": _task_show,
    "task edit": _task,
    "dep add": _task,
    "dep rm": _task,
    "plan check": _of("plans", "check"),
    "plan lint": _of("plans", "check"),
    "plan apply": _of("plans", "apply"),
    "plan export": _of("plans", "export"),
    "request new": _of("requests", "published"),
    "request import": _of("requests", "published"),
    "request list": _of("requests", "listed"),
    "request show": _of("requests", "published"),
    "request plan": _of("requests", "published"),
    "submit": _of("requests", "submitted"),
    "setup": _of("setup", "setup"),
    "cleanup": _cleaned,
    "salvage restore": _of("worktrees", "restored"),
    "repo accept": _of("worktrees", "accepted"),
    "repo moved": _of("worktrees", "moved"),
    "diff": _of("worktrees", "looked"),
    "open": _of("worktrees", "looked"),
    "work": _of("agents", "worked"),
    "logs": _of("agents", "logs"),
    "stop": _of("agents", "stopped"),
    "continue": _answered,
    "top": _of("board", "top"),
    "queue add": _of("landing", "added"),
    "queue list": _of("landing", "published"),
    "queue show": _of("landing", "published"),
    "queue run": _of("landing", "ran"),
    "queue approve": _of("landing", "published"),
    "queue reject": _of("landing", "rejected"),
    "approve": _of("landing", "published"),
    "reject": _of("landing", "rejected"),
    "queue hold": _of("landing", "one"),
    "queue release": _of("landing", "one"),
    "queue cancel": _of("landing", "one"),
    "queue retry": _of("landing", "one"),
    "queue rollback": _of("landing", "rolled_back"),
    "queue audit": _of("landing", "audited"),
    "queue replay": _of("landing", "replayed"),
    "land": _of("landing", "ran"),
    **{f"pr {verb}": _of("forge", "pulled") for verb in _PULLS},
    "integrate": _of("landing", "integrated"),
    "ready": _ready,
    "dispatch": _dispatch,
    "retry": _dispatch,
    "reassign": _dispatch,
    "reconcile": _reconcile,
    "wait": _wait,
    "blocked": _blocked,
    "answer": _answered,
    "status": _status,
    "cancel": _of_run,
    "adopt": _of_task,
    "verify run": _gate,
    "verify record": _gate,
    "verify status": _gate,
    "doctor": _doctor,
    "events": _events,
    "trace": _trace,
}


def settle(call: "Call", steps: "Sequence[Step]") -> "Sequence[Step]":
    """Return what is left to do: a living driver gives some steps by itself."""
    if not any(map(is_drivers, steps)):
        return steps
    from orch.cli import beside_driver

    return beside_driver.left(call, steps)
