"""This machine among those that share a store: shown, and told from a copy of itself.

Nothing here runs on a file, which has one machine. Time never proves that a machine is gone: its
row's `until` only says until when another one with its id must be a copy.
"""

import socket
import time

from orch import process_identity
from orch.machines import MACHINE
from orch.steps.model import say
from orch.store import fleet as store
from schema import events
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.fleet import MachineRow
    from schema.transaction import Database, Tx

SHOWN_MS = 60_000
_AGAIN_SECONDS = 20.0
_ACTOR = "orch"
_due: dict[str, float] = {}  # By store: when this process looks again.


def appear(db: "Database", *, at_once: bool = False) -> None:
    """Show that somebody runs on this machine, and learn of the others; cheap when called often.

    Raises: invalid_input/value where another machine has this one's id.
    """
    if db.is_file or (not at_once and time.monotonic() < _due.get(db.path, 0.0)):
        return
    with db.read() as tx:
        known = store.all_of(tx)
        now = tx.now.wall_ms
    process_identity.learn(
        {m.machine_id: m.boot_id if m.status == "known" else "" for m in known}
    )  # fmt: skip
    me = next((m for m in known if m.machine_id == db.machine), None)
    _refuse_copy(me, now)
    if me is None or me.status != "known" or me.until - now < SHOWN_MS - 1000 * _AGAIN_SECONDS:
        from schema.pg import listen

        if me is None or not listen.show_machine(db, *_identity(), SHOWN_MS):
            with db.write() as tx:
                _show(tx)
    _due[db.path] = time.monotonic() + _AGAIN_SECONDS


def require_machine(db: "Database") -> None:
    """Raise invalid_state/unsupported for a store that has one machine only."""
    if db.is_file:
        raise one_machine(db.path)


def one_machine(store: str) -> Failure:
    """Return the refusal to share a store that is a file."""
    return Failure(
        "invalid_state",
        "unsupported",
        f"{store} is a file, and serves one machine",
        hint="several share one on a server (docs/guide/machines.md)",
        next=[say("store move", "URL")],
    )


def name_of(machines: "list[MachineRow]", machine_id: str) -> str:
    """Return how people call a machine, its id where it is not known."""
    return next((m.name for m in machines if m.machine_id == machine_id), machine_id)


def _session() -> str:
    from schema.pg import machine

    return machine.session()


def _refuse_copy(me: "MachineRow | None", now: int) -> None:
    if me is None or me.until <= now or (me.boot_id, me.session) == _identity():
        return
    from schema.pg import machine

    seconds = (me.until - now) // 1000 + 1
    raise Failure(
        "invalid_input",
        "value",
        f"machine {me.name} is at work elsewhere: this one has a copy of its id",
        hint=f"remove {machine.id_file()} here, if it was copied; if this machine has just been "
        f"started anew, wait {seconds} s",
        details={"machine": me.name, "machine_id": me.machine_id, "seconds": seconds},
    )


def _identity() -> tuple[str, str]:
    return process_identity.boot(), _session()


def _show(tx: "Tx") -> None:
    """Write down that this machine is there, decided again under the lock."""
    me = store.find(tx, tx.machine)
    _refuse_copy(me, tx.now.wall_ms)
    until = tx.now.wall_ms + SHOWN_MS
    if me is None:
        host = socket.gethostname() or "machine"
        taken = {m.name for m in store.all_of(tx)}
        name = host if host not in taken else f"{host}-{tx.machine[:4]}"
        store.insert(tx, tx.machine, name, *_identity(), until)
        return
    store.show(tx, me.machine_id, *_identity(), until)
    if me.status == "lost":
        store.move(tx, me.machine_id, MACHINE.next(me.status, "return"), "")
        events.record(
            tx, "machine_back", _ACTOR, summary=f"machine {me.name} is there again",
            payload=obj(machine=me.name),
        )  # fmt: skip
