"""Recovery of turns whose runner was killed: found by identity, taken over, ended, or reported.

A worker outlives its runner, and prints on into its spool. The next `orch work` of the same name
reads on and stays with it to its end; `orch stop` ends it; until then reconcile and doctor tell
of it (workers.py).
"""

import os
import time

from inbox.operations import leases
from orch import config_in_force, process_identity
from orch.agents import deliver, liveness, turn_result
from orch.agents import turn as turns
from orch.agents.turn_monitor import Stop, Watcher
from orch.harness import config as harnesses
from orch.harness import orphans, spool
from orch.harness.config import Harness, HarnessTable
from orch.harness.log import Log
from orch.harness.outcome import TurnFacts
from orch.harness.process import LOOK_SECONDS, NAP_SECONDS, ClientEnd, Vigil
from orch.harness.redaction import Redactor
from orch.harness.spool import Intake
from orch.operations import work
from orch.operations.work import HeldThread
from orch.store import turns as store
from orch.store.turns import Turn
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database


def take_over(db: "Database", harness: Harness, agent: str, stop: Stop) -> list[Turn]:
    """Bring every turn that a killed runner of `agent` left to its end; return them, ended.

    Raises: invalid_state/duplicate while another runner works under this name.
    """
    with db.read() as tx:
        left = store.running(tx, agent)
    ended = []
    for turn in left:
        mine = turn.runner == process_identity.mine(db.machine)  # It met a store that was away.
        gone = mine or process_identity.is_gone(*turn.runner)
        is_here = process_identity.is_of_here(turn.runner[2])
        if not is_here and _is_over(db, turn):
            continue  # Who takes its thread up ends it.
        if not gone or not is_here:
            where = "" if is_here else ", on another machine"
            raise Failure(
                "invalid_state",
                "duplicate",
                f"another orch work runs as {agent} (pid {turn.runner[0]}{where})",
                hint="give this one another --agent name",
            )
        seen = take_over_turn(db, harness, turn, stop)
        if seen is not None:
            ended.append(seen)
    return ended


def _is_over(db: "Database", turn: Turn) -> bool:
    """Say whether the lease under which a turn was begun is over."""
    with db.read() as tx:
        thread = leases.require_thread(tx, turn.thread_id)
        lease = thread.lease
        return lease is None or lease.epoch != turn.epoch or lease.remaining_ms(tx.now) <= 0


def take_over_turn(db: "Database", harness: Harness, turn: Turn, stop: Stop) -> Turn | None:
    """Bring a turn whose runner is gone to its end; None when another runner was faster."""
    with db.write() as tx:
        if not work.look_after(tx, turn, process_identity.mine(tx.machine)):
            return None
    return _Left(db, harness_of(db, turn, harness), turn).see_to_end(stop)


def end_now(db: "Database", turn: Turn) -> Turn:
    """End the processes of a turn whose runner is gone, and judge it as stopped."""
    with db.write() as tx:
        if not work.look_after(tx, turn, process_identity.mine(tx.machine)):
            return store.require(tx, turn.turn_key)
    with db.read() as tx:
        why = store.require(tx, turn.turn_key).stop_reason or "stopped"
    return _Left(db, harness_of(db, turn, None), turn).end("stopped", why)


def harness_of(db: "Database", turn: Turn, known: "Harness | None") -> Harness:
    """Return the harness of a turn; where it is not known any more, one without rules."""
    if known is not None and known.name == turn.harness:
        return known
    try:
        given = config_in_force.here(db).harnesses
    except Failure:
        given = {}
    for program in ((), ("false",)):
        found, _ = harnesses.resolve(turn.harness, given, program)
        if found is not None:
            return found
    return Harness(turn.harness, HarnessTable.model_validate({"command": ["false"]}))


class _Left:
    """A turn without its runner: its spool, its processes."""

    def __init__(self, db: "Database", harness: Harness, turn: Turn) -> None:
        self._db = db
        self._harness = harness
        self._turn = turn
        with db.read() as tx:
            self._grip = work.hold_of_turn(tx, turn)
        self._redactor = Redactor(_environment(db, harness, self._grip, turn))
        where = db.folder.spool
        spool.rewind(where, turn.mark, turn.log_path)
        self._log = Log(turn.log_path, harness.table.log_bytes, self._redactor)
        self._log.note(
            f"the runner of turn {turn.turn_no} was killed; pid {os.getpid()} takes over"
        )
        self._intake = Intake(where, turn.mark, harness.table, self._log)

    def see_to_end(self, stop: Stop) -> Turn:
        """Stay with what is left of it, renewing its lease, as its runner would have."""
        if not self._is_ours():
            return self.end("orphaned", "")
        watcher = Watcher(self._db, self._grip, self._turn, stop)
        watcher.reader = self._intake.reader
        vigil = Vigil(self._harness.table, self._intake)
        with deliver.meanwhile(self._db, self._grip, self._log), watcher.guarded():
            cause, why = self._watch(watcher, vigil)
        return self.end(cause, why)

    def _watch(self, watcher: Watcher, vigil: Vigil) -> tuple[str, str]:
        """Return why it is to end, and that in words."""
        while orphans.find(self._turn.mark, liveness.session_of(self._turn)):
            look_at = time.monotonic() + LOOK_SECONDS
            while time.monotonic() < look_at:
                if not vigil.hears():
                    time.sleep(NAP_SECONDS)
            cause, why = vigil.due(watcher())
            if watcher.failure is not None:
                raise watcher.failure  # Its agent goes on: whoever knows the store judges it.
            if cause:
                return cause, why
        return "orphaned", ""

    def end(self, cause: str, why: str) -> Turn:
        """End its processes, read what it printed to the end, judge it."""
        patience = self._harness.table.grace
        found = orphans.end(self._turn.mark, liveness.session_of(self._turn), patience)
        self._intake.finish()
        ended = ClientEnd(cause, why, None, self._intake)
        ended.strays = found
        if cause == "orphaned" and not found:
            ended.last_line_at = spool.last_written(self._db.folder.spool, self._turn.mark)
        return turn_result.conclude(
            self._db, self._harness, self._grip, self._turn, TurnFacts(), ended, self._log,
            self._redactor,
        )  # fmt: skip

    def _is_ours(self) -> bool:
        with self._db.read() as tx:
            try:
                work.hold(tx, self._turn.thread_id, self._turn.agent)
            except Failure:
                return False
        return True


def _environment(db: "Database", harness: Harness, held: HeldThread, turn: Turn) -> dict[str, str]:
    """Return the variables whose secrets may stand in its output: its own and ours."""
    try:
        own = turns.environment_for(db, harness, held, turn.mark)
    except Failure:  # orch.toml is broken, or its worktree is gone.
        own = turns.base_environment(harness)
    return dict(os.environ) | own | {"INBOX_LEASE": held.token}
