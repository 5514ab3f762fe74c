"""End of a run: open, land, integrate, finished. A word of the display, no status.

`finished` is said only of a run whose done code is on its target, and whose target is in the branch
that people work on. The store answers where it can; git is asked only for a run in which nothing
goes on, and only for what no queue brought anywhere: people merge by hand, too.
"""

from orch import reads
from orch.operations import runs
from orch.store import runs as run_rows
from schema.json_text import Json, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.landing.end_places import Places
    from orch.model import Run
    from orch.store.ends import Unlanded
    from schema.transaction import Database


class RunEnd:
    """Where a run is: `word`, the done tasks that were never queued, from where to where it leads.

    `source` is the branch that is not in `target` yet, when the word is `integrate`.
    """

    __slots__ = ("source", "target", "unqueued", "word")

    def __init__(self, word: str) -> None:
        self.word = word
        self.unqueued: list[str] = []
        self.source = ""
        self.target = ""


def of(db: "Database", run_id: str) -> RunEnd:
    """Return how far a run is from its end. Raises: not_found/run."""
    with db.read() as tx:
        run = runs.require(tx, run_id)
        if run_rows.goes_on(tx, run_id):
            return RunEnd("open")
    from orch.landing.end_places import Places
    from orch.store import ends as store

    with db.read() as tx:
        waiting = store.open_entries(tx, run_id)
    places = Places(db, run)
    found = RunEnd("land")
    left = _unlanded(db, places)
    found.unqueued = _unqueued(left)
    if left or waiting:
        return found
    with db.read() as tx:
        landed = store.landed(tx, run_id)
    for one in landed:
        if not one.brought:
            places.add(one.repo_path, one.target, one.commit)
    for repo_path, target, commit in places.used:
        base = places.base(repo_path, target)
        if not places.holds(repo_path, base, commit):
            found.word, found.source, found.target = "integrate", target, base
            return found
    found.word = "finished"
    return found


def unqueued(db: "Database", run: "Run") -> list[str]:
    """Return the done tasks that `queue add` would take; more of the run may be under way."""
    from orch.landing.end_places import Places

    return _unqueued(_unlanded(db, Places(db, run)))


def _unqueued(left: "list[Unlanded]") -> list[str]:
    return [one.task_id for one in left if one.entry is None and not one.is_uncommitted]


def unlanded(db: "Database", run: "Run") -> list[str]:
    """Return the done tasks whose work is neither on a target nor in the base branch."""
    from orch.landing.end_places import Places

    return [one.task_id for one in _unlanded(db, Places(db, run))]


def _unlanded(db: "Database", places: "Places") -> "list[Unlanded]":
    from orch.store import ends as store

    with db.read() as tx:
        waiting = store.unlanded(tx, places.run.run_id)
    return [one for one in waiting if not places.find(one)]


def told(db: "Database", run_id: str, document: Json) -> Json:
    """Return the published JSON of a run with `end`, and who drives it."""
    word = of(db, run_id).word
    with db.read() as tx:
        pid, paused = reads.driven(tx, run_id)
    return merge(document, end=word, driver_pid=pid, paused=paused)
