"""Budgets of a run: set by its leader, asked before anything new is begun.

Spent is what the turns of the run recorded; work in flight is never ended for it. Whoever
begins something asks in the transaction that begins it, so nothing slips in between.
"""

from orch.model import Run
from orch.steps.run import raise_budget
from orch.store import budgets as store
from schema import events
from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.budgets import Limits
    from schema.transaction import ReadTx, Tx

_UNIT = {"cost_microusd": "USD"}
_FOR_A_TURN = ("cost_microusd", "tokens", "turns", "seconds")  # Its attempt is counted already.


def change(tx: "Tx", run: Run, limits: "Limits") -> int:
    """Set the limits that are named, None for no limit, and keep the others; return the event."""
    found = store.find(tx, run.run_id)
    known: Limits = found[0] if found is not None else dict.fromkeys(store.KINDS)
    whole = known | limits
    store.write(tx, run.run_id, whole)
    payload = _shown(whole)
    return events.record(tx, "run_budget", run.leader, run_id=run.run_id, payload=payload)


def refuse_attempt(tx: "ReadTx", run: Run) -> None:
    """Raise refused/budget when the run may not begin another attempt."""
    _refuse(tx, run, store.KINDS, "no further attempt is begun")


def refuse_turn(tx: "ReadTx", run: Run) -> None:
    """Raise refused/budget when no further turn may be begun in the run."""
    _refuse(tx, run, _FOR_A_TURN, "no further turn is begun")


def _refuse(tx: "ReadTx", run: Run, kinds: tuple[str, ...], what: str) -> None:
    found = store.find(tx, run.run_id)
    if found is None:
        return
    limits, spent = found
    over = [kind for kind in kinds if (most := limits[kind]) is not None and spent[kind] >= most]
    if not over:
        return
    words = ", ".join(
        f"{_value(kind, spent[kind])} of {_value(kind, limits[kind])} {_UNIT.get(kind, kind)}"
        for kind in over
    )
    raise Failure(
        "refused",
        "budget",
        f"run {run.run_id} has spent its budget, {words}: {what}",
        hint="raise it",
        next=[raise_budget(run.run_id, {_name(kind): _value(kind, spent[kind]) for kind in over})],
        details={
            "run_id": run.run_id,
            "limits": {_name(kind): _value(kind, limits[kind]) for kind in over},
            "spent": {_name(kind): _value(kind, spent[kind]) for kind in over},
        },
    )


def _name(kind: str) -> str:
    return "cost_usd" if kind == "cost_microusd" else kind


def _value(kind: str, amount: int | None) -> float:
    """Return an amount as it is typed and shown; 0 for one that there is not."""
    return (amount or 0) / 1e6 if kind == "cost_microusd" else amount or 0


def _shown(limits: "Limits") -> Json:
    given = {kind: most for kind, most in limits.items() if most is not None}
    return obj(**{_name(kind): _value(kind, most) for kind, most in given.items()})
