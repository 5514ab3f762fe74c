"""Rows of `cursor` and `agent`: how far each agent has read, and which names were seen."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def position(tx: "ReadTx", agent: str, thread_no: int) -> int:
    """Return the last message the agent has read in the thread, 0 for none."""
    row = tx.maybe(_SQL["cursor_position"], agent=agent, thread_no=thread_no)
    return row[0] if row else 0


def advance(tx: "Tx", agent: str, thread_no: int, through: int) -> bool:
    """Move the cursor forward to `through`; say whether it moved. Never moves back (I7)."""
    values: dict[str, object] = {"agent": agent, "thread_no": thread_no, "through": through}
    return tx.execute(_SQL["cursor_advance"], **values) > 0


def note_agent(tx: "Tx", name: str) -> str | None:
    """Remember a name; return a known one that differs from it only in case."""
    folded = name.lower()
    tx.execute(_SQL["agent_note"], name=name, folded=folded)
    row = tx.maybe(_SQL["agent_lookalike"], name=name, folded=folded)
    return row[0] if row else None
