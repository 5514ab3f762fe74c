"""Liveness of workers and programs, as reconcile and doctor tell it (I12). Ends nothing."""

import os

from orch import process, process_identity
from orch.harness import orphans, spool
from orch.steps.model import say
from orch.store import turns as store
from orch.store.turns import Turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.workflows.finding import Check
    from schema.transaction import Database


_NAMED = 5


def note_gone(db: "Database", run_id: str) -> list[int]:
    """Record which workers of a run are gone with their runner; return their tasks' numbers.

    An observation: it revokes nothing. Cheap while no turn is running.
    """
    with db.read() as tx:
        running = store.running_of_run(tx, run_id)
    gone = [turn for turn in running if _is_gone(turn)]
    if not gone:
        return []
    from orch.operations import work

    with db.write() as tx:
        numbers = [work.note_gone(tx, turn) for turn in gone]
    return [number for number in numbers if number]


def _is_gone(turn: Turn) -> bool:
    """Say whether neither runner nor worker of a turn can still be there."""
    if process_identity.is_gone(*turn.runner) is not True:
        return False
    process = turn.process
    return (process is None or process_identity.is_gone(*process) is True) and not orphans.find(
        turn.mark
    )


def session_of(turn: Turn) -> int:
    """Return the session its processes are in, 0 when its leader's number may be another's."""
    process = turn.process
    return process[0] if process is not None and process_identity.is_alive(*process) else 0


def examine(db: "Database") -> "Check":
    """Return the finding of doctor about running turns."""
    from inbox.workflows.finding import OK, WARNING, Check

    with db.read() as tx:
        running = store.running(tx)
    unattended = [turn for turn in running if process_identity.is_gone(*turn.runner) is True]
    if not unattended:
        return Check("workers", OK, f"{len(running)} at work, each with its runner")
    told = []
    for turn in unattended[:5]:
        pids = orphans.find(turn.mark, session_of(turn))
        what = "still runs as pid " + ", ".join(map(str, pids)) if pids else "is gone"
        told.append(f"{turn.agent} on {turn.thread_id} {what}")
    return Check(
        "workers",
        WARNING,
        f"{len(unattended)} without a runner: " + "; ".join(told),
        "start each again under its own name, or end its turn",
        next=[
            *(
                say("work", agent=agent, harness=harness)
                for agent, harness in {t.agent: t.harness for t in unattended}.items()
            ),
            say("stop", "R/T"),
        ],
    )


def sweep(db: "Database") -> None:
    """Remove the spools of turns that are over: a runner was killed right after it had judged one.

    Their output is in the log.
    """
    where = db.folder.spool
    for mark in spool.marks(where):
        with db.read() as tx:
            over = store.is_over(tx, mark)
        if over:
            spool.remove(where, mark)


def spools(db: "Database") -> "Check":
    """Return the finding of doctor about what agents print: only running turns have a spool."""
    from inbox.workflows.finding import OK, WARNING, Check

    where = db.folder.spool
    found = spool.marks(where)
    told, unknown = [], False
    with db.read() as tx:
        for mark, room in sorted(found.items()):
            over = store.is_over(tx, mark)
            if over is not False:
                unknown = unknown or over is None
                words = "is over" if over else "is not in this store"
                told.append(f"{where}/{mark}.* ({room >> 10} KiB; its turn {words})")
    if not told:
        return Check("spools", OK, f"{len(found)}, each of a running turn")
    if unknown:
        hint = "look into them, then remove them by hand; those of turns that are over go with "
    else:
        hint = "they go with "
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return Check(
        "spools",
        WARNING,
        f"left by killed runners; they may hold secrets: {'; '.join(told[:_NAMED])}{more}",
        f"{hint}the next orch work of any agent",
    )


def programs(roots: set[str]) -> "Check":
    """Return the finding of doctor about checks and setups whose orch was killed.

    `roots` are the workspace roots that this store knows: what runs elsewhere is another's.
    """
    from inbox.workflows.finding import OK, WARNING, Check

    groups: dict[int, int] = {}
    for pid, mark in orphans.carriers(process.MARK).items():
        number, started, domain, where = [*mark.split(":", 3), "", "", ""][:4]
        if not (number.isdigit() and started.isdigit() and where.startswith(tuple(roots))):
            continue
        if process_identity.is_gone(int(number), int(started), domain) is True:
            groups.setdefault(_group(pid), pid)
    if not groups:
        return Check("programs", OK, "no check or setup runs on without its orch")
    told = ", ".join(f"pid {pid} (group {group})" for group, pid in sorted(groups.items()))
    return Check(
        "programs",
        WARNING,
        f"a check or setup still runs, but the orch that waited for it was killed: {told}",
        "end it: " + "; ".join(f"kill -- -{group}" for group in sorted(groups)),
    )


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return pid
