"""Rows of `delivery`, written: where a thread is worked on, and what of that a remote has."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class LandedDelivery(queries.Record):
    """What a remote still has of work that landed."""

    thread_no: int
    ref: str
    start_commit: str
    head: str


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


def landed(
    tx: "ReadTx", repo_id: str, before: int, run_id: str | None
) -> list[LandedDelivery]:  # fmt: skip
    """Return what a repository's remote still has of work that landed before a time."""
    return LandedDelivery.many(
        tx, _SQL["delivery_landed"], repo_id=repo_id, before=before, run_id=run_id
    )


def set_deleted(tx: "Tx", thread_no: int) -> None:
    """Record that the remote has the work on its target only."""
    tx.execute(_SQL["delivery_deleted"], thread_no=thread_no)
