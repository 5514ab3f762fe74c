"""Steps beside a living driver: what it gives by itself is asked of nobody, who waits instead."""

from orch import reads
from orch.steps import run as runs
from orch.steps.model import is_drivers
from schema import steps as written
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from inbox.cli.call import Call
    from schema.steps import Step
    from schema.transaction import ReadTx


def left(call: "Call", steps: "Sequence[Step]") -> "Sequence[Step]":
    """Return the steps that are not the driver's, and how one waits for what it does."""
    try:
        with call.db.read() as tx:
            found = [instead(tx, step) for step in steps]
    except Failure:  # The change is done and said; only its hint is not as good.
        return steps
    return list({step.argv: step for step in found}.values())


def instead(tx: "ReadTx", step: "Step", run_id: str = "") -> "Step":
    """Return a step, or how one waits where a living driver of its run gives it.

    What the driver asks people for, and what its settings leave to them, is theirs.
    """
    if not is_drivers(step):
        return step
    run_id = run_id or _run_of(step.argv)
    if not run_id or not reads.driven(tx, run_id)[0] or _is_asked(tx, run_id, step):
        return step
    from orch.operations import driving

    return runs.driven(run_id) if is_drivers(step, driving.policy(tx, run_id)) else step


def _is_asked(tx: "ReadTx", run_id: str, step: "Step") -> bool:
    """Say whether a need of the run that holds is about the same task, or asks for the same."""
    from orch.store import needs as need_rows

    for need in need_rows.open_of(tx, run_id):
        if need.task_id and f"{run_id}/{need.task_id}" in step.argv:
            return True
        if need.command and written.read(need.command).argv[:4] == step.argv[:4]:
            return True
    return False


def _run_of(argv: "tuple[str, ...]") -> str:
    """Return the run that a command is about, "" where it names none."""
    if "--task" in argv:
        return argv[argv.index("--task") + 1].partition("/")[0]
    if "--run" in argv:
        return argv[argv.index("--run") + 1]
    for word in argv[2:]:
        run_id, slash, _ = word.partition("/")
        if slash and not word.startswith("-"):
            return run_id
    return argv[2] if argv[1] == "land" and len(argv) > 2 else ""
