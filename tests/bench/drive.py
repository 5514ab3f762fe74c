"""The driver's planner: a pass over runs of 120 and 5,000 open tasks, and its record as JSON."""

import json
import statistics
import subprocess

from tests.bench.installed import PYTHON, environment
from tests.bench.measure import table, verdict

GOAL = 50.0
_SIZES = (120, 1_000, 5_000)
# Every state of a task in turn; nothing lets a pass end early.
_WORKER = """
import json, sys, time
from orch.config.drive_policy import DrivePolicy
from orch.drive.planner import codec
from orch.drive.planner.model import DriveSnapshot, QueueFacts, TaskFacts
from orch.drive.planner.planner import plan
STATES = (
    dict(status="ready"), dict(status="planned", waits_for=("t1",)),
    dict(status="running", is_claimed=True), dict(status="verifying"),
    dict(status="failed", ended="crashed", ended_at=1, attempt_no=1, spent=1),
    dict(status="failed", ended="permanent", reason="no luck"),
    dict(status="done", entry="queued", entry_no=1), dict(status="done"),
    dict(status="blocked", reason="which?"), dict(status="verifying", gate="running"),
)
size = int(sys.argv[1])
tasks = tuple(
    TaskFacts(n, f"t{n}", event=n, since=n, **STATES[n % len(STATES)]) for n in range(1, size + 1)
)
queues = (QueueFacts(1, "b", 9),)
snapshot = DriveSnapshot(10**9, "r", DrivePolicy(waiting=0), tasks=tasks, queues=queues)
plan(snapshot)
def timed(act):
    took = []
    for _ in range(20):
        begin = time.process_time()
        act()
        took.append(1000 * (time.process_time() - begin))
    return took
found = plan(snapshot)
print(json.dumps([timed(lambda: plan(snapshot)), timed(lambda: codec.snapshot_json(snapshot)),
                  len(codec.snapshot_json(snapshot)), len(found.needs)]))
"""


def passes() -> None:
    """Print what a pass of the planner costs, in CPU time."""
    rows = []
    for size in _SIZES:
        done = subprocess.run(
            [PYTHON, "-c", _WORKER, str(size)], env=environment(), capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        took, told, length, needs = json.loads(done.stdout)
        middle = statistics.median(took)
        rows.append([
            f"{size:,} open tasks", f"{middle:.1f} ms", f"{max(took):.1f} ms",
            f"{statistics.median(told):.1f} ms", f"{length // 1024:,} KB", str(needs),
            *verdict(middle, GOAL if size == _SIZES[-1] else None),
        ])  # fmt: skip
    names = ["", "plan, median", "plan, longest", "snapshot as JSON", "size", "needs", "goal", ""]
    table("a pass of the driver's planner, CPU", names, rows)
