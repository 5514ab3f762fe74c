"""search: full text over subjects, summaries and bodies."""

from inbox.operations import leases
from inbox.workflows import search as workflow
from schema.failures import Failure, invalid_input
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def search(
    call: "Call", *, text: tuple[str, ...], agent: str | None, thread: str | None, limit: int
) -> None:
    """Find messages that hold all the words."""
    words = " ".join(text)
    if not words.strip():
        raise invalid_input("nothing to search for: give some words", reason="value")
    db = call.db
    thread_no = None
    if thread is not None:
        with db.read() as tx:
            thread_no = leases.require_thread(tx, thread).thread_no
    found = workflow.search(db, words, agent, thread_no, limit)
    if not found:
        raise Failure(
            "no_matching_work",
            "empty",
            f"no message holds {words[:80]!r}",
            hint="every word must occur; try fewer or other words",
        )
    call.say(obj(messages=array(found)))
