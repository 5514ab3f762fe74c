"""Queues of a driven run, as its planner is told of them."""

from orch.drive.planner.model import QueueFacts
from orch.drive.watch import QueueSeen, Watch
from orch.landing import runner_lease
from orch.machines import ENTRY
from orch.store import drive_facts as facts
from orch.store import queues as queue_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Run
    from orch.store.drive_facts import OpenEntries
    from schema.transaction import ReadTx

_OUTSIDE = "awaiting_forge"
# What a pass brings on, or lets go on once its wait is over.
_BROUGHT_ON = (*ENTRY.moving, "landing", "landed", "error", _OUTSIDE)
_OUTSIDE_MS = 30_000


def queue_facts(tx: "ReadTx", watch: Watch, run: "Run") -> tuple[QueueFacts, ...]:
    """Return the queues in which something of a run is open, or which this driver runs now."""
    found: dict[int, list[OpenEntries]] = {number: [] for number in watch.landing}
    for row in facts.entries(tx, run.run_id):
        found.setdefault(row.queue_no, []).append(row)
    return tuple(_of_queue(tx, watch, run, number, rows) for number, rows in found.items())


def _of_queue(
    tx: "ReadTx", watch: Watch, run: "Run", number: int, rows: "list[OpenEntries]"
) -> QueueFacts:
    queue = queue_rows.get(tx, number)
    seen = watch.queues.get(number)
    tip = watch.tips.get(number, "")
    news = seen is None or seen.tip != tip or facts.news(tx, run.run_id, seen.event) > 0
    moving = [row for row in rows if row.status in _BROUGHT_ON]
    wake_at = min(filter(None, (_wake_at(row, seen) for row in moving)), default=0)
    # A run of the queue does all that can be done: what is left then waits for news or a moment,
    # or, where it was held meanwhile, for a person.
    met = watch.in_the_way.get(number)
    is_left = news or wake_at or queue.hold_reason or met is not None
    count = sum(row.count for row in moving) if is_left else 0
    hold = ("red" if queue.hold_tree else "person") if queue.hold_reason else ""
    return QueueFacts(
        queue_no=number,
        target=queue.branch,
        moving=count,
        is_running=number in watch.landing or runner_lease.is_run(queue),
        is_changed=news,
        looked_at=seen.at if seen is not None else 0,
        wake_at=wake_at,
        hold=hold,
        hold_text=f"the queue of {queue.branch} is held: {queue.hold_reason}" if hold else "",
        may_mend=hold == "red" and (news or any(row.is_revert for row in rows)),
        in_the_way=met.text if met is not None else "",
        mending=met.argv if met is not None else (),
        event=max((row.event for row in rows), default=0),
    )


def _wake_at(row: "OpenEntries", seen: QueueSeen | None) -> int:
    """Return when entries may go on by themselves; what waits for somebody outside is looked at."""
    if row.status == _OUTSIDE:
        return (seen.at if seen is not None else 0) + _OUTSIDE_MS
    return row.not_before
