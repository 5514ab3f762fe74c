"""Rows of `delivery`, written: where a thread is worked on, and what of that a remote has."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Tx

_SQL = queries.load(__file__)


def insert(tx: "Tx", thread_no: int, ref: str, start: str) -> None:
    """Record where a thread's worker begins, and where on the remote its work is to be."""
    tx.execute(_SQL["delivery_insert"], thread_no=thread_no, ref=ref, start=start)


def place(tx: "Tx", thread_no: int, machine_id: str, worktree_path: str, head: str) -> None:
    """Record where a thread is worked on from now on; nothing of that is on the remote yet."""
    tx.execute(
        _SQL["delivery_place"],
        thread_no=thread_no,
        machine_id=machine_id,
        worktree_path=worktree_path,
        head=head,
    )


def note(tx: "Tx", thread_no: int, machine_id: str, head: str, epoch: int) -> None:
    """Record what the remote has, pushed by the holder of this epoch."""
    tx.execute(
        _SQL["delivery_note"],
        thread_no=thread_no,
        machine_id=machine_id,
        head=head,
        epoch=epoch,
    )
