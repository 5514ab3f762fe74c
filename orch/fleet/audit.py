"""Audit: what doctor says of machines that share a store: who is silent."""

from orch.steps.model import say
from orch.store import fleet as store
from orch.store import turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.workflows.finding import Check
    from schema.transaction import Database


def examine(db: "Database") -> "Check":
    """Return the finding of doctor about machines."""
    from inbox.workflows.finding import OK, WARNING, Check

    with db.read() as tx:
        known = store.all_of(tx)
        now = tx.now.wall_ms
        left = dict(store.standing(tx))
        at_work = {m.machine_id: turns.names_on(tx, m.machine_id) for m in known}
    told, silent = [], ""
    for machine in known:
        seconds = max(0, now - machine.until) // 1000
        count = left.get(machine.machine_id, 0)
        if machine.status == "lost" and count:
            told.append(f"{machine.name} is lost, and had {count} of our worktrees")
        elif machine.status == "known" and seconds and at_work[machine.machine_id]:
            silent = silent or machine.name
            names = ", ".join(at_work[machine.machine_id][:3])
            told.append(f"{machine.name} is silent for {seconds} s, with {names} at work")
    if not told:
        return Check("machines", OK, f"{len(known)} known")
    return Check(
        "machines", WARNING, "; ".join(told),
        "it may be at work still: look at it; if it is gone for good, a person says so",
        next=[say("machine lost", silent)] if silent else [say("machine list")],
    )  # fmt: skip
