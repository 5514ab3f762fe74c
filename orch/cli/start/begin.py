"""The run of a start: found by what it was given, or opened, and its plan applied, in one step."""

import os

from orch import config_in_force
from orch.cli.plans import plans
from orch.drive import tickets
from orch.operations import runs
from orch.store import runs as run_rows
from orch.store import tickets as ticket_rows
from schema.json_text import dumps
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.cli.start.given import StartInput
    from orch.plans.diff import TaskChange
    from schema.transaction import ReadTx, Tx

# What becomes of a start: a new run, the same again, a change of an open run, or all was done.
NEW, SAME, CHANGED, OVER = "new", "same", "changed", "over"
PLANNING = "planning"  # An engineer makes tasks of it first.


class BegunRun(Value):
    """The run that a start is about, and what its plan changed."""

    run_id: str
    state: str
    changes: "list[TaskChange]"


def begin(call: "Call", given: "StartInput", top: str, target: str | None) -> BegunRun:
    """Open the run, or go on with the one that has these contents; apply the plan, all or nothing.

    Killed anywhere, the same command does what is left. Raises: invalid_input/schema for what the
    plan cannot be in this run, invalid_state/duplicate.
    """
    seen = config_in_force.first_sight(top, "")
    profiles = config_in_force.here(call.db, top).profiles
    with call.db.write() as tx:
        run_id, state = _choose(tx, given)
        if state == OVER:
            return BegunRun(run_id, state, [])
        if state == NEW:
            call.committed = runs.init(
                tx,
                {
                    "run_id": run_id, "goal": given.goal, "summary": given.text[:1000],
                    "leader": os.environ.get("INBOX_AGENT") or "leader", "repo_path": top,
                    "base_ref": "", "target": target or "", "ownership": "warn",
                    "fingerprint": dumps(seen) if seen else None,
                },
            )  # fmt: skip
        run = runs.require(tx, run_id)
        reading, applied = tickets.give_whole(tx, run, given.contents, profiles)
        plans.require_sound("the plan", reading.problems)
        call.committed = max(call.committed, applied.event_id)
    return BegunRun(run_id, state, applied.changes)


def _choose(tx: "Tx", given: "StartInput") -> tuple[str, str]:
    """Return (the run's id, what becomes of it): `name`, or `name-2` and so on past closed ones."""
    number = 1
    while True:
        name = given.name if number == 1 else f"{given.name}-{number}"
        number += 1
        run = run_rows.find(tx, name)
        if run is None:
            if run_rows.alike(tx, name):
                continue  # Its branches would have the names of another's.
            return name, NEW
        has_all = _has_all(tx, name, given)
        if run.closed_at is None:
            return name, SAME if has_all else CHANGED
        if has_all:
            return name, OVER


def _has_all(tx: "ReadTx", run_id: str, given: "StartInput") -> bool:
    known = ticket_rows.known(tx, run_id, given.digests)
    return all(known.get(digest) == "applied" for digest in given.digests)
