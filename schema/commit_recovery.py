"""After a COMMIT that failed: find out what it did, and make sure that it stays so.

Loaded only then. An I/O error out of COMMIT is no rollback: the
change may be there after recovery, or come back later (I2, I6).
"""

import apsw

from schema import events, keys
from schema.failures import Failure
from schema.transaction import BEGIN_WRITE, ReadTx

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import Database, Tx


def was_committed(
    db: "Database", tx: "Tx", failure: Failure, connect: "Callable[[str], apsw.Connection]"
) -> bool:
    """Say whether `tx` is in the file after all, asked on a new connection.

    Its traces are its last event, or else the key it stored; what leaves neither (a cursor,
    an implicit renewal) counts as not done and may be repeated. When the answer is no, it
    stays no. Raises: store_error/outcome_unknown when the store cannot be read back.
    """
    try:
        db.connection.close()
    except apsw.Error:
        pass  # What the first connection still says no longer matters.
    try:
        db.connection = connect(db.path)
        again = ReadTx(db.connection, tx.now)  # Not db.read(): a signal has to wait here.
        if tx.last_event_id:
            done = events.was_committed(again, tx.last_event_id, tx.tx_id)
        else:
            done = keys.find(again, tx.key) is not None
    except (apsw.Error, Failure) as error:
        raise Failure(
            "store_error",
            "outcome_unknown",
            f"the commit failed ({failure.message}) and the store cannot be read back",
            hint="run the same command again with the same --key once the disk is in order",
        ) from error
    if not done:
        _settle(db.connection)
    return done


def _settle(connection: apsw.Connection) -> None:
    """Overwrite what the failed COMMIT may have left in the WAL, as well as the disk lets us.

    While another process has the store open, its pages can be there without being counted:
    if all died before the next COMMIT, recovery would count them, after we said no.
    """
    try:
        connection.execute(BEGIN_WRITE)
        connection.pragma("user_version", connection.pragma("user_version"))
        connection.execute("COMMIT")
    except apsw.Error:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except apsw.Error:
            pass  # SQLite has rolled back already: the disk is too ill to settle anything.
