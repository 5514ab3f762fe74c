"""machine list, machine lost."""

import json

from orch.agents import lost_machine
from orch.fleet import here, wanted
from orch.store import fleet as store
from orch.store import turns
from schema.failures import invalid_input
from schema.json_text import Json, array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.store.fleet import MachineRow
    from schema.transaction import ReadTx, Tx


def list_machines(call: "Call") -> None:
    """Show who shares the store."""
    here.require_machine(call.db)
    here.appear(call.db, at_once=True)
    with call.db.read() as tx:
        found = [_document(tx, machine) for machine in store.all_of(tx)]
    call.say(obj(machines=array(found)))


def lost(call: "Call", *, name: str | None, reason: str, key: str | None) -> None:
    """Let others go on with what a machine had in hand."""
    here.require_machine(call.db)
    if name is None:
        raise invalid_input("missing NAME: which machine is gone?", reason="flag")
    here.appear(call.db, at_once=True)
    actor = "person"

    with call.db.write() as tx:
        machine = wanted.machine(tx, name)

        def _change() -> Json:
            event_id, back = lost_machine.declare(tx, machine, actor, reason)
            call.committed = event_id
            fresh = store.find(tx, machine.machine_id)
            assert fresh is not None
            return obj(machine=_document(tx, fresh), given_back=back, event_id=event_id)

        answer = call.once(tx, actor, _change)
    call.say(answer, call.committed)


def _document(tx: "ReadTx | Tx", machine: "MachineRow") -> Json:
    silent = max(0, tx.now.wall_ms - machine.until) // 1000
    return merge(
        store.document(tx, machine.machine_id),
        is_here=machine.machine_id == tx.machine,
        silent_seconds=0 if machine.status == "lost" else silent,
        at_work=array([Json(json.dumps(name)) for name in turns.names_on(tx, machine.machine_id)]),
    )
