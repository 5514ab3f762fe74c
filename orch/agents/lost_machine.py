"""A person's word that a machine is gone for good: what it had in hand goes to others.

Its turns end as interrupted and their threads are given back, so that whoever takes one goes on
from what was pushed. Queues and runs that its processes led are free. If it was alive after all,
the leases' epochs and the remote's leases refuse what it still brings.
"""

from inbox import model as bus
from orch import process_identity
from orch.machines import MACHINE
from orch.operations import work
from orch.store import fleet as store
from orch.store import turns
from orch.store.turns import TurnEnd
from schema import events
from schema.failures import Failure
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.fleet import MachineRow
    from schema.transaction import Database, Tx


def declare(tx: "Tx", machine: "MachineRow", actor: str, reason: str) -> tuple[int, list[str]]:
    """Record that a machine is lost; return the event's id and what was given back.

    Raises: invalid_state/transition for one that is lost already, or this one.
    """
    if machine.machine_id == tx.machine:
        raise Failure("invalid_state", "transition", f"{machine.name} is this machine",
                      hint="say it on another one")  # fmt: skip
    status = MACHINE.next(machine.status, "lose")
    store.move(tx, machine.machine_id, status, reason)
    process_identity.learn({machine.machine_id: ""})
    back = [
        _give_back(tx, turn, f"machine {machine.name} was lost")
        for turn in turns.running(tx)
        if process_identity.machine_of(turn.runner[2]) == machine.machine_id
    ]
    event_id = events.record(
        tx, "machine_lost", actor, summary=f"machine {machine.name} is lost: {reason}"[:300],
        payload=obj(machine=machine.name, given_back=back),
    )  # fmt: skip
    return event_id, back


def end_there(db: "Database", turn: "turns.Turn", reason: str) -> "turns.Turn":
    """End a turn of another machine that began anew without taking it up again."""
    why = f"stopped: {reason}"
    with db.write() as tx:
        work.end(tx, turn, TurnEnd("interrupted", why), "fail", bus.MessageDraft(why))
        return turns.require(tx, turn.turn_key)


def _give_back(tx: "Tx", turn: "turns.Turn", why: str) -> str:
    held = work.hold_of_turn(tx, turn)
    work.end(tx, turn, TurnEnd("interrupted", why), "release", bus.MessageDraft(why))
    return held.name
