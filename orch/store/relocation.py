"""Every path that lies in a repository which was moved: read, and written anew."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def recorded(tx: "ReadTx") -> "list[tuple[str, str]]":
    """Return (repository's path, run) of everything that names one."""
    return [(row[0], row[1]) for row in tx.many(_SQL["places_of_repositories"])]


def commits(tx: "ReadTx", old: str) -> list[str]:
    """Return some commits that the repository recorded at `old` holds."""
    return [row[0] for row in tx.many(_SQL["commits_of_repository"], old=old)]


def relocate(tx: "Tx", old: str, new: str) -> None:
    """Write each path at or below `old` as the same one at or below `new`."""
    for name in ("run_moved", "attempt_moved", "intent_moved", "place_moved", "queue_moved"):
        tx.execute(_SQL[name], old=old, new=new)
