"""council decline: a person's word that a group is not wanted, kept for later councils."""

from council.operations import declines
from orch.operations import runs
from schema import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def decline(call: "Call", *, run: str, group: str, reason: str, key: str | None) -> None:
    """Decline a group with a reason."""
    with call.db.write() as tx:
        scope = call.key_for(runs.require(tx, run).leader)
        answer = keys.find(tx, scope)
        if answer is None:
            answer = keys.store(tx, scope, declines.give(tx, run, group, reason))
            call.committed = tx.last_event_id
    call.say(answer, call.committed)
