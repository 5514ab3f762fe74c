"""Machines that work asks for: an addressee `NAME+WHERE`, a machine's name or one of its labels.

Whoever runs `orch work` on such a machine takes what is addressed to its names there, too.
"""

import json

from orch.fleet import here
from orch.steps.model import say
from orch.store import fleet as store
from schema.failures import Failure, not_found
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.fleet import MachineRow
    from schema.transaction import Database, ReadTx

_AT = "+"


def machine(tx: "ReadTx", name: str) -> "MachineRow":
    """Return the machine of a name or an id. Raises: not_found/machine, invalid_state/duplicate."""
    known = store.all_of(tx)
    found = [m for m in known if name in (m.name, m.machine_id)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = " or ".join(m.machine_id for m in found)
        raise Failure("invalid_state", "duplicate", f"several machines are called {name}",
                      hint=f"name it by its id: {ids}")  # fmt: skip
    raise not_found("machine", name, near=[m.name for m in known])


def at(tx: "ReadTx", to: str, name: str | None, label: str | None) -> str:
    """Return whom work is for that asks for a machine or a label. Raises: as `require` does."""
    where = machine(tx, name).name if name is not None else label
    return to if where is None else f"{to.partition(_AT)[0]}{_AT}{where}"


def require(tx: "ReadTx", to: str) -> None:
    """Raise not_found/machine where no machine is what an addressee asks for, lost ones left out.

    Raises: invalid_state/unsupported on a file.
    """
    where = to.partition(_AT)[2]
    if not where:
        return
    if not tx.machine:
        raise here.one_machine("this store")
    known = [m for m in store.all_of(tx) if m.status == "known"]
    if not any(where == m.name or where in json.loads(m.labels) for m in known):
        near = [m.name for m in known] + [x for m in known for x in json.loads(m.labels)]
        raise not_found("machine", where, near=near,
                        hint="a label is said by whoever works there (work --label)",
                        next=[say("machine list")])  # fmt: skip


def addresses(db: "Database", names: list[str], labels: tuple[str, ...]) -> tuple[str, ...]:
    """Show this machine with its labels; return by which more names its workers are met.

    Raises: invalid_state/unsupported for labels on a file, invalid_input for a copied machine.
    """
    if db.is_file:
        if labels:
            raise here.one_machine(db.path)
        return ()
    here.appear(db, at_once=True)
    with db.read() as tx:
        me = store.find(tx, tx.machine)
    assert me is not None  # It has appeared.
    if labels and json.loads(me.labels) != list(labels):
        with db.write() as tx:
            store.set_labels(tx, me.machine_id, array(list(labels)))
    places = (me.name, *(labels or json.loads(me.labels)))
    return tuple(f"{name}{_AT}{where}" for name in names for where in places)
