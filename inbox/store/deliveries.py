"""Rows of `delivery`: what a remote has of a thread's work. Written by orch, which knows git."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


class Delivery(queries.Record):
    """Where a thread is worked on, and what the remote was seen to have; `epoch` 0 for nothing."""

    machine_id: str
    worktree_path: str
    ref: str
    start_commit: str
    head: str
    epoch: int


def find(tx: "ReadTx", thread_no: int) -> Delivery | None:
    """Return the delivery of a thread, None for one that needs no remote."""
    return Delivery.maybe(tx, _SQL["delivery_find"], thread_no=thread_no)
