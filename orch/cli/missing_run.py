"""Advice where a command lacks its run: the runs, and the command with the only one.

A newcomer has one run and types `orch status`. Nothing is guessed: which run is meant is said by
whoever pastes the line.
"""

from orch.steps.model import say
from orch.store import history
from schema.failures import Failure
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_SHOWN = 6
_OPENING = frozenset(("run init", "council start"))  # Their run is a new one.


def advise(call: "Call", failure: Failure, argv: list[str]) -> None:
    """Add to the failure of a command line without its run what would complete it.

    Guarantees: no store is made and nothing written; without a store the failure stays as it is.
    """
    if call.words in _OPENING:
        failure.hint = "its id is of your choice"
        failure.next = (Step((call.program, *argv, "--run", "ID")),)
        return
    try:
        with call.db.read() as tx:
            names = history.list_runs(tx, only_open=True) or history.list_runs(tx)
    except Failure:
        return
    if len(names) == 1:
        failure.next = (Step((call.program, *argv, "--run", names[0])),)
    elif names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        failure.hint = "the runs are " + ", ".join(names[-_SHOWN:]) + more
    else:
        failure.hint = "there is no run yet"
        failure.next = (say("start", "FILE"),)
