"""Reading `artifact` rows; they are written with their message (messages.py).

Kept bytes stand beside the store under their digest, not in it.
"""

from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


def of_thread(tx: "ReadTx", thread_no: int) -> list[Json]:
    """Return the artifacts of a thread, oldest first."""
    return [Json(row[0]) for row in tx.many(_SQL["artifact_of_thread"], thread_no=thread_no)]


def find(tx: "ReadTx", artifact_no: int) -> "tuple[Json, str, str | None, bool] | None":
    """Return (document, path, sha256, whether its bytes are kept)."""
    row = tx.maybe(_SQL["artifact_find"], artifact_no=artifact_no)
    return (Json(row[0]), row[1], row[2], bool(row[3])) if row else None
