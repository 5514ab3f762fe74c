"""A change that is one call of the store's own function: what to do when its answer does not come.

The call carries a number of its own and an event from before it. Asked again, the function finds
its own event under the lock and says so: a change is made once, however often its answer is lost
and wherever the first call still stands in a queue.
"""

import time

from schema.failures import Failure
from schema.pg import wire
from schema.pg.errors import failure_of, nul

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.pg.database import PgDatabase
    from schema.transaction import Row

RETURNS, RETURN_SECONDS = 20, 0.5  # How long a server may take to come back.
_LEFT_TO_OPERATION, _DONE_BEFORE = "OR0", "OR001"
_DYING = "57P"  # A server that goes down may say so after the COMMIT and before the answer.


class AnswerLost(Exception):
    """The change was made, and what it answered is gone: its event, its thread's number and id."""

    def __init__(self, event_id: int, thread_no: int, thread_id: str) -> None:
        super().__init__(event_id, thread_no, thread_id)
        self.event_id = event_id
        self.thread_no = thread_no
        self.thread_id = thread_id


def call(db: "PgDatabase", text: str, values: dict[str, object]) -> "Row | None":
    """Return the row of the function's answer, None where it did nothing and left a reason.

    Raises: AnswerLost, store_busy, store_error.
    """
    server = db.live()  # Before anything was sent: why there is none is said at once.
    lost: Failure | None = None
    for left in reversed(range(RETURNS)):
        try:
            row: Row = wire.run(server, text, values).fetchall()[0]
            return row
        except ValueError:
            raise nul()
        except wire.Error as error:
            if not wire.is_closed(server) and not (error.pgcode or "").startswith(_DYING):
                _require_left(db, error, values, lost)
                return None
            wire.close(server)
            lost = failure_of(error)
            values["seen"] = db.seen  # From here on it may have been done before.
        server = _again(db, left, lost)
    raise AssertionError


def _require_left(
    db: "PgDatabase", error: "wire.Error", values: dict[str, object], lost: Failure | None
) -> None:
    """Raise what went wrong, unless the function left it to the operation; also AnswerLost."""
    if error.pgcode == _DONE_BEFORE:
        raise AnswerLost(*db.ask("done_before", seen=values["seen"], tx=values["tx"])[0])
    if not (error.pgcode or "").startswith(_LEFT_TO_OPERATION):
        raise unknown(lost) if lost else failure_of(error) from error


def _again(db: "PgDatabase", left: int, lost: Failure) -> "wire.Connection":
    """Return a new connection as soon as the server lets us. Raises: outcome_unknown."""
    while True:
        try:
            return db.live()
        except Failure as failure:
            if not left:
                raise unknown(lost) from failure
        left -= 1
        time.sleep(RETURN_SECONDS)


def unknown(lost: Failure) -> Failure:
    """Return the failure of a change of which nobody can say whether it was made."""
    return Failure(
        "store_error",
        "outcome_unknown",
        f"the commit failed ({lost.message}) and the server has not come back",
        hint="run the same command again with the same --key once it does",
    )
