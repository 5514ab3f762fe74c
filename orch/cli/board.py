"""status --watch: the run on the screen, drawn again whenever it changes."""

import os
import sys

from inbox.workflows import wait
from orch import reads
from orch.operations import runs
from orch.store import runs as run_rows
from orch.workflows.reconcile import reconcile
from schema import events
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.kit import Call

_CLEAR = "\x1b[H\x1b[2J"


def watch(call: "Call", run_id: str) -> None:
    """Show the run's state until stopped; without a terminal, one block per change."""
    from orch.cli.views import status_text

    call.streaming = True
    call.resume = call.again(f"status --run {run_id} --watch")
    seen = [-1]

    def _look() -> str | None:
        reconcile(call.db, run_id)
        with call.db.read() as tx:
            runs.require(tx, run_id)
            newest = events.last_id(tx)
            if newest == seen[0]:
                return None
            seen[0] = newest
            answer = obj(run=run_rows.budgeted(tx, run_id), tasks=array(reads.status(tx, run_id)))
        return answer if call.as_json else status_text(answer)

    clear = _CLEAR if sys.stdout is not None and os.isatty(1) and not call.as_json else ""
    while True:
        text = wait.until(call.db, ["run=" + run_id], _look, 0)
        call.stream(clear + (text or ""))
