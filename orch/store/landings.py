"""Where work stands on its way to the target branch: what pictures, board and figures show.

The one place where the merge queue's entries enter them. Until there is a table of entries,
nothing is known of any task; `integration` in answers is then null.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.picture.history import Landing
    from schema.transaction import ReadTx


def of_run(tx: "ReadTx", run_id: str) -> "dict[int, Landing]":
    """Return the landing of each task (by its number) that the queue knows."""
    del tx, run_id  # The queue has no table yet.
    return {}
