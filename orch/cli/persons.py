"""Before a command that is a person's word: it is refused to a process inside an attempt.

The table says which commands and options that are (`person=True`); inbox/cli/kit.py asks here.
"""

from orch import outside_attempt
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def guard(call: "Call") -> None:
    """Raise refused/approval_required inside an attempt."""
    outside_attempt.require_clean_environment(call.words)
    try:
        db = call.db
    except Failure:
        return  # The command itself says what is wrong with the store, or mends it.
    outside_attempt.require_outside_attempt(db, call.words)
