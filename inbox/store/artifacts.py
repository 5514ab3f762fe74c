"""Reading `artifact` rows; they are written with their message (messages.py).

Kept bytes stand beside the store under their digest, not in it.
"""

import os

from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


def folder(store_path: str) -> str:
    """Return the directory that holds the kept bytes of a store's artifacts."""
    return os.path.join(os.path.dirname(store_path), "artifacts")


def place(store_path: str, sha256: str) -> str:
    """Return where the bytes with this digest are kept."""
    return os.path.join(folder(store_path), sha256[:2], sha256)


def of_thread(tx: "ReadTx", thread_no: int) -> list[Json]:
    """Return the artifacts of a thread, oldest first."""
    return [Json(row[0]) for row in tx.many(_SQL["artifact_of_thread"], thread_no=thread_no)]


def find(tx: "ReadTx", artifact_no: int) -> "tuple[Json, str, str | None, bool] | None":
    """Return (document, path, sha256, whether its bytes are kept)."""
    row = tx.maybe(_SQL["artifact_find"], artifact_no=artifact_no)
    return (Json(row[0]), row[1], row[2], bool(row[3])) if row else None
