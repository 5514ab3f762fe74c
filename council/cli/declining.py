"""council decline: a person's word that a group is not wanted, kept for later councils."""

from council.operations import declines
from orch.operations import runs
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def decline(call: "Call", *, run: str, group: str, reason: str, key: str | None) -> None:
    """Decline a group with a reason."""
    with call.db.write() as tx:

        def _change() -> Json:
            declined = declines.give(tx, run, group, reason)
            call.committed = tx.last_event_id
            return declined

        answer = call.once(tx, runs.require(tx, run).leader, _change)
    call.say(answer, call.committed)
