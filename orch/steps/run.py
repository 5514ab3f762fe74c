"""What a leader does next in a run: pure. A run and its tasks are those of `orch status`."""

from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.steps import Step


def of_run(run: "dict[str, Any]", rows: "list[dict[str, Any]]") -> "Step":
    """Return the step of the first task that wants one; else what the run's end lacks."""
    name, counts = run["run_id"], run["counts"]
    if run.get("closed_at"):
        return reopen(name) if run.get("end") in ("land", "integrate") else look(name)
    if counts["blocked"]:
        return say("blocked", run=name).because("somebody waits for an answer")
    waiting = sum(1 for row in rows if row.get("waits_for"))
    if counts["ready"] > waiting:
        return _dispatch(name, rows)
    for status in ("verifying", "failed"):
        if counts[status]:
            found = sorted((r for r in rows if r["status"] == status), key=_is_not_whole)
            return _mended(name, found[0]) if found else status_of(name)
    if counts["dispatched"] or counts["running"] or counts["ready"]:
        return wait(name)
    return _end(name, run.get("end"), rows)


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


def _mended(run_id: str, row: "dict[str, Any]") -> "Step":
    from orch.steps import task as tasks

    task = f"{run_id}/{row['task_id']}"
    if row["status"] == "failed":
        return tasks.retry(task)
    return tasks.mending(task) if _is_not_whole(row) else tasks.verify(task)


def _end(name: str, end: object, rows: "list[dict[str, Any]]") -> "Step":
    from orch.steps.entry import MOVING, integrate, run_queue

    ways = [_way(row) for row in rows]
    if end == "land" and any(_is_unqueued(row) for row in rows):
        return queue_all(name)
    lacking = [row for row in rows if row["status"] == "done" and _is_not_whole(row)]
    if end == "land" and lacking:
        from orch.steps import task as tasks

        return tasks.mending(f"{name}/{lacking[0]['task_id']}")
    if any(way in MOVING and way != "landed" for way in ways):
        return run_queue(name)
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
