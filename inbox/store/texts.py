"""The full-text index over messages, filled in order of event ids."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def behind(tx: "ReadTx") -> bool:
    """Say whether there are messages that the index does not know yet."""
    return tx.maybe(_SQL["text_next"]) is not None


def index_step(tx: "Tx", step: int) -> None:
    """Index the next `step` messages."""
    tx.execute(_SQL["text_index"], step=step)
    tx.execute(_SQL["text_advance"], step=step)
