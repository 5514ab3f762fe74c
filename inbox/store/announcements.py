"""Rows of `announcement`: how far a hook has shown an agent its mail."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Mail(queries.Record):
    """One message to announce."""

    event_id: int
    sender: str
    kind: str
    thread_id: str
    subject: str
    summary: str
    body: str


def through(tx: "ReadTx", agent: str) -> int | None:
    """Return the last message announced to the agent, None if none ever was."""
    row = tx.maybe(_SQL["announcement_through"], agent=agent)
    return row[0] if row else None


def newest(tx: "ReadTx") -> int:
    """Return the id of the newest message of all, 0 without one."""
    found: int = tx.value(_SQL["announcement_newest"])
    return found


def mail(tx: "ReadTx", agent: str, after: int, last: int, limit: int) -> list[Mail]:
    """Return the agent's unread mail."""
    return Mail.many(
        tx, _SQL["announcement_mail"], agent=agent, after=after, last=last, limit=limit
    )


def advance(tx: "Tx", agent: str, through: int) -> None:
    """Move the mark forward to `through`; it never moves back."""
    tx.execute(_SQL["announcement_advance"], agent=agent, through=through)
