"""Names of a task, as people type them: --run R --task T, R/T, or bare in the one open run."""

from orch.model import Run, Task
from orch.operations import runs, tasks
from orch.steps.model import say
from orch.store import runs as run_rows
from orch.store import tasks as task_rows
from schema.failures import invalid_input, not_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx


def split(tx: "ReadTx", run: str | None, task: str | None, name: str | None) -> tuple[str, str]:
    """Return (run id, task id). Raises: invalid_input, not_found/task."""
    if task is not None and name is not None:
        raise invalid_input("name the task once: TASK or --task", reason="flag")
    given = task if task is not None else name
    if given is None:
        raise invalid_input("missing --task: which one? as --run R --task T, or R/T", reason="flag")
    head, slash, tail = given.partition("/")
    if slash:
        if run is not None and run != head:
            raise invalid_input(f"--run {run} and {given} name two runs", reason="flag")
        return head, tail
    if run is not None:
        return run, given
    found = task_rows.open_runs_with(tx, given)
    if len(found) > 1:
        raise invalid_input(
            f"task {given} is in {len(found)} open runs",
            reason="flag",
            hint="say which: " + " or ".join(f"{other}/{given}" for other in found),
        )
    if not found:
        raise not_found(
            "task", given, hint="no open run has it; say R/T, or", next=[say("run list")]
        )
    return found[0], given


def require_task(
    tx: "ReadTx", run: str | None, task: str | None, name: str | None
) -> tuple[Run, Task]:
    """Return the run and the task. Raises: invalid_input, not_found/run, not_found/task."""
    run_id, task_id = split(tx, run, task, name)
    return runs.require(tx, run_id), tasks.require(tx, run_id, task_id)


def run_or_task(tx: "ReadTx", run: str | None, name: str | None) -> tuple[str, str | None]:
    """Return (run id, task id, or None where a whole run is meant) of R/T, R, or a bare task.

    Raises: invalid_input, not_found (run, task).
    """
    if name is None:
        if run is None:
            raise invalid_input("missing NAME: which run, or which task (R/T)?", reason="flag")
        return runs.require(tx, run).run_id, None
    if run is None and "/" not in name and run_rows.find(tx, name) is not None:
        return name, None
    run_id, task_id = split(tx, run, None, name)
    require_task(tx, run_id, task_id, None)
    return run_id, task_id
