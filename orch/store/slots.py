"""Rows of `slot`: the worker processes of a driver; and the names under which they work.

A name (`auto-1`) is whatever the pool is called, with a number. Who has which is told by leases
and turns; nothing else is written down about it.
"""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

    Process = tuple[int, int, str]

_SQL = queries.load(__file__)


class WorkerSlot(queries.Record):
    """One worker process of a driver; without a pid it does not run, for this reason."""

    run_id: str
    slot_no: int
    agent: str
    harness: str
    pid: int | None
    pid_started: int | None
    pid_boot: str | None
    starts: int
    reason: str
    since: int


class ParkedThread(queries.Record):
    """A thread that waits for an answer, held under a name that nobody works under meanwhile."""

    agent: str
    thread_id: str
    thread_no: int


def put(
    tx: "Tx", run_id: str, slot_no: int, agent: str, harness: str, process: "Process | None",
    starts: int, reason: str,
) -> None:  # fmt: skip
    """Record which process serves a slot, None for none."""
    pid, begun, boot = process if process is not None else (None, None, None)
    tx.execute(
        _SQL["slot_put"],
        run_id=run_id,
        slot_no=slot_no,
        agent=agent,
        harness=harness,
        pid=pid,
        pid_started=begun,
        pid_boot=boot,
        starts=starts,
        reason=reason[:500],
    )


def of_run(tx: "ReadTx", run_id: str) -> list[WorkerSlot]:
    """Return the slots of a run's driver."""
    return WorkerSlot.many(tx, _SQL["slot_of_run"], run_id=run_id)


def names_in_hand(tx: "ReadTx", base: str) -> set[str]:
    """Return the names `BASE-…` under which somebody holds a thread."""
    rows = tx.many(_SQL["slot_names_in_hand"], names=f"{base}-*")
    return {row[0] for row in rows}


def parked(tx: "ReadTx", base: str) -> list[ParkedThread]:
    """Return the threads held under such names that wait for an answer with nobody at work."""
    return ParkedThread.many(tx, _SQL["slot_parked"], names=f"{base}-*")
