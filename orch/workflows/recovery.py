"""Turns whose runner was killed: found again by identity, taken over, ended, or reported.

A worker outlives its runner. The next `orch work` of the same name stays with it to its end;
`orch stop` ends it; until then reconcile and doctor tell of it (workers.py).
"""

import os
import time

from orch import identity
from orch.harness import strays
from orch.harness.log import Log
from orch.harness.redaction import Redactor
from orch.harness.table import Harness, HarnessTable
from orch.harness.verdict import Facts
from orch.operations import work
from orch.operations.work import Grip
from orch.store import turns as store
from orch.store.turns import Turn
from orch.workflows import turn_end, workers
from orch.workflows.turn_watch import Stop, Watcher
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_LOOK_SECONDS = 0.2


def take_over(db: "Database", harness: Harness, agent: str, stop: Stop) -> list[Turn]:
    """Bring every turn that a killed runner of `agent` left to its end; return them, ended.

    Raises: invalid_state/duplicate while another runner works under this name.
    """
    with db.read() as tx:
        left = store.running(tx, agent)
    ended = []
    for turn in left:
        gone = identity.is_gone(*turn.runner)
        if not gone:
            raise Failure(
                "invalid_state",
                "duplicate",
                f"another orch work runs as {agent} (pid {turn.runner[0]})",
                hint="give this one another --agent name",
            )
        with db.write() as tx:
            if not store.adopt(tx, turn, identity.mine()):
                continue
        ended.append(_see_to_end(db, harness, turn, stop))
    return ended


def end_now(db: "Database", harness: Harness, turn: Turn) -> Turn:
    """End the processes of a turn whose runner is gone, and judge it as stopped."""
    with db.write() as tx:
        if not store.adopt(tx, turn, identity.mine()):
            return store.require(tx, turn.turn_key)
    found = strays.end(turn.mark, workers.session_of(turn), harness.table.grace)
    return _judge(db, harness, turn, "stopped", found)


def harness_named(name: str, known: "Harness | None") -> Harness:
    """Return the harness of a turn; where it is not known any more, one without rules."""
    if known is not None and known.name == name:
        return known
    return Harness(name, HarnessTable.model_validate({"command": ["false"]}))


def _see_to_end(db: "Database", harness: Harness, turn: Turn, stop: Stop) -> Turn:
    """Stay with what is left of a turn, renewing its lease; its output is lost."""
    grip = _grip(db, turn)
    cause, found = "orphaned", 0
    if grip is not None:
        watcher = Watcher(db, grip, turn, stop)
        deadline = time.monotonic() + harness.table.total
        while strays.find(turn.mark, workers.session_of(turn)):
            orders = watcher()
            if orders.stop or time.monotonic() >= deadline:
                cause = "stopped" if orders.stop else "total"
                break
            time.sleep(_LOOK_SECONDS)
    found = strays.end(turn.mark, workers.session_of(turn), harness.table.grace)
    return _judge(db, harness, turn, cause, found)


def _grip(db: "Database", turn: Turn) -> Grip | None:
    with db.read() as tx:
        try:
            return work.hold(tx, turn.thread_id, turn.agent)
        except Failure:
            return None


def _judge(db: "Database", harness: Harness, turn: Turn, cause: str, found: int) -> Turn:
    facts = Facts()
    facts.cause = cause
    with db.read() as tx:
        facts.stopped = store.require(tx, turn.turn_key).stop_reason or "stopped"
        grip = work.hold_of_turn(tx, turn)
    redactor = Redactor(dict(os.environ) | {"INBOX_LEASE": grip.token})
    log = Log(turn.log_path, harness.table.log_bytes, redactor)
    log.note(f"the runner of turn {turn.turn_no} was killed; {found} of its processes were ended")
    return turn_end.conclude(db, harness, grip, turn, facts, None, log, redactor)
