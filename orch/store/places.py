"""Rows of `place`: where attempts without a worktree work, and where they put what they hand in."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import PlannedPlace
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Place(queries.Record):
    """One place with the attempt it belongs to; `repo_path` "" is an empty folder."""

    attempt_key: int
    place_path: str
    out_path: str
    repo_path: str
    wanted: str
    made_at: int | None
    removed_at: int | None
    run_id: str
    task_id: str
    attempt_no: int
    status: str

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
    return Place.maybe(tx, _SQL["place_find"], attempt_key=attempt_key)


def unmade(tx: "ReadTx", run_id: str) -> list[Place]:
    """Return the places of a run that are still to be made."""
    return Place.many(tx, _SQL["place_unmade"], run_id=run_id)


def standing(tx: "ReadTx", run_id: str | None) -> list[Place]:
    """Return the places that were not removed, of a run or of all."""
    return Place.many(tx, _SQL["place_of_run"], run_id=run_id)


def set_made(tx: "Tx", place: Place, commit: str) -> None:
    """Record that a place is there and shows `commit` ("" for an empty folder)."""
    tx.execute(_SQL["place_set_made"], attempt_key=place.attempt_key, commit_id=commit)


def set_moved(tx: "Tx", attempt_key: int, place_path: str, out_path: str) -> None:
    """Record that a place is to be made elsewhere."""
    tx.execute(
        _SQL["place_set_moved"], attempt_key=attempt_key, place_path=place_path, out_path=out_path
    )


def set_removed(tx: "Tx", place: Place) -> None:
    """Record that a place is gone."""
    tx.execute(_SQL["place_set_removed"], attempt_key=place.attempt_key)
