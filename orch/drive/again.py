"""Beginning again by itself: when a driver does, for who shows a run. Reads rows alone.

Decided by the planner itself, on what the driver was told last and what the rows say now: a wait
is a function of stored facts, so that it is the moment at which the driver will do it.
"""

from dataclasses import replace

from orch.drive.planner import codec, states
from orch.drive.planner.ledger import Ledger
from orch.drive.snapshot import TaskReader
from orch.drive.watch import Watch
from orch.operations import runs
from orch.store import drive_facts as facts
from orch.store import drives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_MOST_OPEN = 5000


def of_run(tx: "ReadTx", run_id: str) -> dict[str, int]:
    """Return by task when it is begun again (ms), for those that wait for a moment."""
    last = drives.last_pass(tx, run_id)
    if last is None:
        return {}
    before = codec.snapshot_from_json(last.snapshot)
    watch = Watch(run_id, before.until, {})
    watch.policy, watch.slots = before.policy, list(before.slots)
    reader = TaskReader(tx, watch, runs.require(tx, run_id))
    retries = sum(count for each in reader.automatic.values() for _, count in each)
    now = replace(before, now=tx.now.wall_ms, retries=retries)
    found = {}
    for row in facts.open_tasks(tx, run_id, _MOST_OPEN):
        if row.status == "failed":
            ledger = Ledger(now)
            states.settle(ledger, reader.read(row))
            if ledger.moments:
                found[row.task_id] = min(ledger.moments)
    return found
