"""Driving of a run: by whom, with which settings, paused or not. Every driver obeys it.

A driver has a lease with a fence (orch/drive/driver_lease.py); these steps are anybody's.
"""

from orch import process_identity
from orch.model import Run
from orch.store import drives as store
from schema import events
from schema.json_text import Json, dumps, loads, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.transaction import ReadTx, Tx

ACTOR = "drive"


def driver(tx: "ReadTx", run_id: str) -> int:
    """Return the pid of the living process that drives a run, 0 for none."""
    found = store.find(tx, run_id)
    if found is None or found.runner is None or process_identity.is_gone(*found.runner) is True:
        return 0
    return found.runner[0]


def is_alive(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a living process drives a run."""
    return bool(driver(tx, run_id))


def settings(tx: "ReadTx", run_id: str) -> "dict[str, Any]":
    """Return what was set for a run alone, nested as in [drive] of orch.toml."""
    found = store.find(tx, run_id)
    known: dict[str, Any] = loads(Json(found.settings)) if found is not None else {}
    return known


def policy(tx: "ReadTx", run_id: str) -> "dict[str, Any]":
    """Return how a run's driver drives it, by the newest pass; of a new one, what was set for it.

    Flags of its process count, too: nothing but its passes tells them.
    """
    from orch.config import drive_policy

    found, newest = store.find(tx, run_id), store.last_pass(tx, run_id)
    if found is not None and newest is not None and newest.fence == found.fence:
        known: dict[str, Any] = loads(Json(newest.snapshot))["policy"]
        return known
    built_in = drive_policy.merged(settings(tx, run_id))
    return {name: getattr(built_in, name) for name in built_in.__slots__}


def change_settings(
    tx: "Tx", run: Run, changes: "dict[str, Any]", taken_back: "tuple[str, ...]", actor: str
) -> int:
    """Set what is named, and forget what is taken back (dotted names); return the event's id.

    The caller has judged names and values.
    """
    whole: dict[str, Any] = loads(Json(store.open_one(tx, run.run_id).settings))
    retry = whole.get("retry", {}) | changes.get("retry", {})
    whole |= changes | ({"retry": retry} if retry else {})
    for name in taken_back:
        table, _, key = name.rpartition(".")
        (whole.get(table, {}) if table else whole).pop(key, None)
    whole = {name: value for name, value in whole.items() if value != {}}
    store.set_settings(tx, run.run_id, Json(dumps(whole)))
    payload = obj(changed=changes, taken_back=list(taken_back), settings=whole)
    return events.record(tx, "run_settings", actor, run_id=run.run_id, payload=payload)


def pause(tx: "Tx", run: Run, actor: str) -> int:
    """Let nothing new begin in a run: what is at work ends; return the event's id."""
    store.open_one(tx, run.run_id)
    store.set_paused(tx, run.run_id, paused=True)
    return events.record(tx, "run_paused", actor, run_id=run.run_id)


def resume(tx: "Tx", run: Run, actor: str) -> int:
    """Let a run go on; what ended alike before now counts no more; return the event's id."""
    store.open_one(tx, run.run_id)
    store.set_paused(tx, run.run_id, paused=False)
    return events.record(tx, "run_resumed", actor, run_id=run.run_id)


def tell(
    tx: "Tx", run_id: str, event_type: str, summary: str, payload: Json, task_id: str | None = None
) -> int:
    """Record what a driver did; return the event's id."""
    return events.record(
        tx, event_type, ACTOR, run_id=run_id, task_id=task_id, summary=summary, payload=payload
    )
