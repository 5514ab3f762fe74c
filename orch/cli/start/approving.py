"""Approvals asked at the terminal, when nothing goes on without them."""

import getpass
import json

from orch import outside_attempt
from orch.cli.landing import approvals
from orch.cli.start import asking
from orch.cli.worktrees import looking, looking_views
from orch.store import ends
from orch.store import entries as entry_rows
from schema.failures import Failure
from schema.json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def ask_all(call: "Call", run_id: str) -> bool:
    """Ask for each approval of a person that a run's entries lack; say whether one was given."""
    outside_attempt.require_outside_attempt(call.db, "approve")
    with call.db.read() as tx:
        waiting = [entry_rows.get(tx, number) for number in ends.open_entries(tx, run_id)]
    given = False
    for entry in waiting:
        missing = json.loads(entry.approvals)["missing"]
        if entry.status != "awaiting_approval" or not any("human" in one for one in missing):
            continue
        if _agrees(call, entry.name):
            given |= _approve(call, entry.entry_id)
    return given


def _agrees(call: "Call", name: str) -> bool:
    while True:
        word = asking.ask(f"land {name}? [y/N/d(iff)]")
        if word not in ("d", "diff"):
            return word in ("y", "yes")
        before = call.answer
        looking.diff(call, name=name, run=None, attempt=None, stat=False)
        if call.answer is not None:
            for line in looking_views.VIEWS["diff"](loads(call.answer)).split("\n"):
                asking.show(line)
        call.answer = before


def _approve(call: "Call", entry: str) -> bool:
    try:
        approvals.approve(
            call, entry=entry, run=None, as_name=getpass.getuser(), note="asked by orch start",
            key=None,
        )  # fmt: skip
    except Failure as failure:
        call.note(failure.message)
        return False
    return True
