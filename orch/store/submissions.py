"""Rows that a change request writes beside its attempt."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.json_text import Json
    from schema.transaction import Tx

_SQL = queries.load(__file__)


def require_checks(tx: "Tx", run_id: str, task_id: str, checks: "Json") -> None:
    """Let more checks judge a task; none is taken away."""
    tx.execute(_SQL["submission_require_checks"], run_id=run_id, task_id=task_id, checks=checks)
