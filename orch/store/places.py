"""Rows of `place`: where attempts without a worktree work, and where they put what they hand in."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import PlannedPlace
    from schema.transaction import ReadTx, Row, Tx

_SQL = queries.load(__file__)


class Place:
    """One place with the attempt it belongs to; `repo_path` "" is an empty folder."""

    __slots__ = (
        "attempt_key", "attempt_no", "made_at", "out_path", "place_path", "removed_at", "repo_path",
        "run_id", "status", "task_id", "wanted",
    )  # fmt: skip

    def __init__(self, row: "Row") -> None:
        self.attempt_key: int = row[0]
        self.place_path: str = row[1]
        self.out_path: str = row[2]
        self.repo_path: str = row[3]
        self.wanted: str = row[4]
        self.made_at: int | None = row[5]
        self.removed_at: int | None = row[6]
        self.run_id: str = row[7]
        self.task_id: str = row[8]
        self.attempt_no: int = row[9]
        self.status: str = row[10]

    @property
    def name(self) -> str:
        """How a person names the attempt."""
        return f"{self.run_id}/{self.task_id} attempt {self.attempt_no}"


def insert(tx: "Tx", task_no: int, attempt_no: int, place: "PlannedPlace") -> None:
    """Write down where a new attempt is to work."""
    tx.execute(
        _SQL["place_insert"],
        task_no=task_no,
        attempt_no=attempt_no,
        place_path=place.place_path,
        out_path=place.out_path,
        repo_path=place.repo_path,
        wanted=place.commit,
    )


def find(tx: "ReadTx", attempt_key: int) -> Place | None:
    """Return the place of an attempt, None for one with a worktree or of an older store."""
    row = tx.maybe(_SQL["place_find"], attempt_key=attempt_key)
    return Place(row) if row else None


def unmade(tx: "ReadTx", run_id: str) -> list[Place]:
    """Return the places of a run that are still to be made."""
    return [Place(row) for row in tx.many(_SQL["place_unmade"], run_id=run_id)]


def standing(tx: "ReadTx", run_id: str | None) -> list[Place]:
    """Return the places that were not removed, of a run or of all."""
    return [Place(row) for row in tx.many(_SQL["place_of_run"], run_id=run_id)]


def set_made(tx: "Tx", place: Place, commit: str) -> None:
    """Record that a place is there and shows `commit` ("" for an empty folder)."""
    tx.execute(_SQL["place_set_made"], attempt_key=place.attempt_key, commit_id=commit)


def set_removed(tx: "Tx", place: Place) -> None:
    """Record that a place is gone."""
    tx.execute(_SQL["place_set_removed"], attempt_key=place.attempt_key)
