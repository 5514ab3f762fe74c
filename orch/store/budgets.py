"""Rows of `run_budget`, beside what the run has spent."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

    Limits = dict[str, int | None]

_SQL = queries.load(__file__)
KINDS = ("cost_microusd", "tokens", "turns", "attempts", "seconds")


def find(tx: "ReadTx", run_id: str) -> "tuple[Limits, dict[str, int]] | None":
    """Return (limits, what is spent) by kind; None for a run without a budget."""
    row = tx.maybe(_SQL["budget_spending"], run_id=run_id)
    if row is None:
        return None
    count = len(KINDS)
    return dict(zip(KINDS, row[:count], strict=True)), dict(zip(KINDS, row[count:], strict=True))


def write(tx: "Tx", run_id: str, limits: "Limits") -> None:
    """Set all limits of a run."""
    tx.execute(_SQL["budget_write"], run_id=run_id, **limits)
