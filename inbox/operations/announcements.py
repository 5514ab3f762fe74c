"""Announcements of unread mail: what was not shown yet is found, and marked as shown.

The mark is no read cursor: an announcement that got lost leaves the mail unread.
"""

from inbox.store import announcements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.store.announcements import Mail
    from schema.transaction import ReadTx, Tx

_MOST_LOOKED_AT = (
    20_000  # Messages back from the newest; what is older is left to `fetch --unread`.
)
_MOST_WITHOUT_MARK = 1_000  # Others' messages looked through before the mark is moved past them.
_MOST_MAIL = 8


def find(tx: "ReadTx", agent: str) -> "tuple[list[Mail], int]":
    """Return (mail to announce, oldest first, and where a mark without any would go, else 0)."""
    newest = announcements.newest(tx)
    mark = announcements.through(tx, agent)
    after = max(mark or 0, newest - _MOST_LOOKED_AT)
    found = announcements.mail(tx, agent, after, newest, _MOST_MAIL)
    far = newest - (mark or 0) > _MOST_WITHOUT_MARK
    return found, newest if far and not found else 0


def advance(tx: "Tx", agent: str, through: int) -> None:
    """Count everything up to the message as announced to the agent."""
    announcements.advance(tx, agent, through)
