"""Next steps of a run's leader: pure. A run and its tasks are those of `orch status`."""

from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step


def of_run(
    run: "dict[str, Any]", rows: "list[dict[str, Any]]", landing: "Step | None" = None
) -> "Step":
    """Return the step of the first task that wants one; else what the run's end lacks.

    `landing` is what its entries in queues, a plan that waits, or else its living driver want of
    somebody, None for nothing.
    """
    name, counts = run["run_id"], run["counts"]
    if run.get("closed_at"):
        return reopen(name) if run.get("end") in ("land", "integrate") else look(name)
    if run.get("driver_pid"):
        return _driven(name, counts, landing)
    if counts["blocked"] and not all(map(_is_silent, _with(rows, "blocked"))):
        return say("blocked", run=name).because("somebody waits for an answer")
    more = spent(run)
    if counts["ready"] > sum(1 for row in rows if row.get("waits_for")) and more is None:
        return _dispatch(name, rows)
    if counts["verifying"]:
        return _checked(name, _with(rows, "verifying"))
    if counts["failed"] and more is None:
        found = _with(rows, "failed")
        return _retry(name, found[0]) if found else status_of(name)
    for row in rows:
        if _is_silent(row):
            return _reassign(name, row)
    if counts["dispatched"] or counts["running"] or counts["blocked"]:
        return wait(name)
    if more is not None and counts["ready"] + counts["failed"] + counts["planned"]:
        return more
    return wait(name) if counts["ready"] else _end(name, run.get("end"), rows, landing)


def apply_plan(request: str) -> "Step":
    """Return how a person makes tasks of what an engineer has planned."""
    return say("plan apply", request=request)


def plan_waits(request: str) -> str:
    """Return in words that a plan waits for that."""
    return f"the plan of {request} is there: look at it, and make tasks of it"


def _driven(name: str, counts: "dict[str, int]", asked: "Step | None") -> "Step":
    """Return what a living driver does not do itself, and `asked` for."""
    if counts["blocked"]:
        return say("blocked", run=name).because("somebody waits for an answer")
    return asked or driven(name)


def driven(run_id: str) -> "Step":
    """Return what is left to do where a living driver does the rest."""
    return say("wait", run=run_id).because("it is driven: wait for what needs you")


def _with(rows: "list[dict[str, Any]]", status: str) -> "list[dict[str, Any]]":
    return [row for row in rows if row["status"] == status]


def _is_silent(row: "dict[str, Any]") -> bool:
    """Say whether nothing is heard of a task's worker any more."""
    is_held = row["status"] in ("running", "blocked")
    return is_held and (row.get("latest_attempt") or {}).get("liveness") in ("stale", "gone")


def spent(run: "dict[str, Any]") -> "Step | None":
    """Return how a budget that is spent is raised; None for one that is not, or for none."""
    budget = run.get("budget") or {"limits": {}, "spent": {}}
    over = {
        kind: budget["spent"][kind]
        for kind, most in budget["limits"].items()
        if most is not None and budget["spent"][kind] >= most
    }
    return raise_budget(run["run_id"], over) if over else None


def raise_budget(run_id: str, over: "dict[str, float]") -> "Step":
    """Return how the limits of what is spent, by kind, are raised: about as much again."""
    flags = ",".join(f"{kind}={_higher(kind, amount)}" for kind, amount in over.items())
    return say("run budget", run=run_id, budget=flags).because("its budget is spent")


def _higher(kind: str, spent: float) -> str:
    if kind == "cost_usd":
        return f"{max(2 * spent, 1):.2f}"
    return str(max(2 * int(spent), 1))


def reopen(run_id: str) -> "Step":
    """Return how a closed run is led on."""
    return say("run reopen", run=run_id).because("it is closed, and not at its end")


def look(run_id: str) -> "Step":
    """Return how one reads what became of a run."""
    return say("report", run=run_id).because("it is closed")


def _dispatch(name: str, rows: "list[dict[str, Any]]") -> "Step":
    """Return how all ready tasks are given out; where none says how and to whom, the first."""
    ready = [row for row in rows if row["status"] == "ready" and not row.get("waits_for")]
    if ready and all(not (row["execution_mode"] and row["default_to"]) for row in ready):
        from orch.steps import task as tasks

        first = ready[0]
        named = f"{name}/{first['task_id']}"
        return tasks.dispatch(named, first["execution_mode"], first["default_to"])
    return say("dispatch", run=name, ready=True).because("tasks are ready")


def _checked(run_id: str, rows: "list[dict[str, Any]]") -> "Step":
    """Return how the first of the reported tasks is judged; first those with all their work."""
    from orch.steps import task as tasks

    if not rows:
        return status_of(run_id)
    first = min(rows, key=_is_not_whole)
    name = f"{run_id}/{first['task_id']}"
    return tasks.mending(name) if _is_not_whole(first) else tasks.verify(name, first.get("gate"))


def _retry(run_id: str, row: "dict[str, Any]") -> "Step":
    from orch.steps import task as tasks

    return tasks.retry(f"{run_id}/{row['task_id']}")


def _reassign(run_id: str, row: "dict[str, Any]") -> "Step":
    from orch.steps import task as tasks

    return tasks.reassign(f"{run_id}/{row['task_id']}")


def _end(name: str, end: object, rows: "list[dict[str, Any]]", landing: "Step | None") -> "Step":
    from orch.steps.entry import integrate

    if end == "land" and any(_is_unqueued(row) for row in rows):
        return queue_all(name)
    lacking = [row for row in rows if row["status"] == "done" and _is_not_whole(row)]
    if end == "land" and lacking:
        from orch.steps import task as tasks

        return tasks.mending(f"{name}/{lacking[0]['task_id']}")
    if landing is not None:
        return landing
    if end == "land":
        step = say("queue list", run=name)
        return step.because("it names what each entry waits for")
    if end == "integrate":
        return integrate(name)
    return close(name)


def _way(row: "dict[str, Any]") -> object:
    return (row.get("integration") or {}).get("status")


def _is_unqueued(row: "dict[str, Any]") -> bool:
    branch = (row.get("latest_attempt") or {}).get("branch_name")
    is_new = row["status"] == "done" and bool(branch) and not _way(row)
    return is_new and not _is_not_whole(row)


def _is_not_whole(row: "dict[str, Any]") -> bool:
    """Say whether something of its work is not on its branch, which nothing goes on without."""
    latest = row.get("latest_attempt") or {}
    return bool(latest.get("dirty_files")) and latest.get("workspace_status") == "created"


def wait(run_id: str) -> "Step":
    """Return how one waits for what others do in a run."""
    return say("wait", run=run_id).because("others work: wait for news")


def status_of(run_id: str) -> "Step":
    """Return how one sees where a run stands."""
    return say("status", run=run_id).because("see where the run stands")


def queue_all(run_id: str) -> "Step":
    """Return how all finished work of a run is queued."""
    return say("queue add", run=run_id, all=True).because("done work is on no target")


def close(run_id: str) -> "Step":
    """Return how a finished run is closed."""
    return say("run close", run=run_id).because("everything in it is over")


def add_task(run_id: str) -> "Step":
    """Return how a run gets its next task."""
    return say("task add", run=run_id, task="ID", title="TEXT").because("it has no work yet")
