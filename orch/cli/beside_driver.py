"""Steps beside a living driver: what it gives by itself is asked of nobody, who waits instead."""

from orch import reads
from orch.steps import run as runs
from orch.steps.model import is_drivers
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


def instead(tx: "ReadTx", step: "Step") -> "Step":
    """Return a step, or how one waits where a living driver of its run gives it."""
    if not is_drivers(step):
        return step
    run_id = _run_of(step.argv)
    return runs.driven(run_id) if run_id and reads.driven(tx, run_id)[0] else step


def _run_of(argv: "tuple[str, ...]") -> str:
    """Return the run that a command is about, "" where it names none."""
    if "--run" in argv:
        return argv[argv.index("--run") + 1]
    for word in argv[2:]:
        run_id, slash, _ = word.partition("/")
        if slash and not word.startswith("-"):
            return run_id
    return argv[2] if argv[1] == "land" and len(argv) > 2 else ""
