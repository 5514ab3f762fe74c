"""A council over a task's change from beginning to end, by clients of our own: as a driver asks it.

Three reviewers with names of their own work side by side; what they say is tallied, and counts for
the landing as `council tally` has it. One that did not come to its end is called off, so that
nobody finds it later.
"""

from council import brief
from council.operations import councils
from council.rows import Council, Seat
from council.vocabulary import ROLES
from council.workflows import asking, targets
from council.workflows import tally as tallying
from orch.operations import cancellation, runs
from orch.reconcile import reconcile
from orch.store import runs as run_rows
from orch.worktrees import places
from schema.failures import Failure
from schema.json_text import Json, loads, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.store.tallies import Stored
    from orch.harness.config import Harness
    from schema.transaction import Database, Tx

_COUNTS = ("approve of ", "reject of ")  # What a tally says where it counts for the landing.


def ask(db: "Database", run_id: str, task_id: str, harness: "Harness") -> str:
    """Have three reviewers look at a task's change; return in words what came of it.

    Raises: not_found, invalid_state, refused/repo_tampered, git_error; refused/approval_required
    when it comes to no verdict.
    """
    from inbox import model
    from orch.agents.turn_monitor import Stop
    from orch.agents.worker_pool import WorkerOptions, WorkerPool

    stem = f"council-{run_id}-{task_id}"[:56].rstrip("-._")
    with db.read() as tx:
        left = run_rows.open_with_stem(tx, f"{stem}-")
    for council_run in left:
        _close(db, council_run)
    council, agents = _begin(db, run_id, task_id, stem)
    options = WorkerOptions(agents, (), harness, "once", model.lease_ms(None))
    WorkerPool(db, options, Stop(), lambda _text: None).run()
    try:
        said = loads(tallying.tally(db, council.run_id, "normal", True, _told))
        words = str(said["counts"])
    except Failure as failure:
        if failure.code not in ("invalid_state", "invalid_input"):
            raise
        words = failure.message
    _close(db, council.run_id)
    if not words.startswith(_COUNTS):
        raise Failure(
            "refused", "approval_required", f"council {council.run_id} gave no verdict: {words}",
            details={"review_run": council.run_id},
        )  # fmt: skip
    return f"council {council.run_id}: {words}"


def _told(_tx: "Tx", _stored: "Stored", counts: str) -> Json:
    return obj(counts=counts)


def _begin(db: "Database", run_id: str, task_id: str, stem: str) -> tuple[Council, list[str]]:
    """Open the council; return it with its reviewers' names."""
    with db.read() as tx:
        leader = runs.require_open(tx, run_id).leader
        number = 1
        while run_rows.find(tx, f"{stem}-{number}") is not None:
            number += 1
    council = Council.new(f"{stem}-{number}")
    council.mode, council.target_type = "code-review", "task"
    change = targets.look_at_attempt(db, council, run_id, task_id)
    artifacts = asking.keep_change(db, council, change)
    headline = brief.headline(council)
    seats = [
        Seat(
            role, f"CR{number}", f"{role}-{task_id}"[:64].rstrip("-._"),
            f"{role}: {council.mode} of {headline}", brief.text(council, role, change),
            brief.expects(council, role), asking.place_of(db, council, f"CR{number}"),
        )
        for number, role in enumerate(ROLES, 1)
    ]  # fmt: skip
    with db.write() as tx:
        councils.start(tx, council, leader, seats, headline, artifacts)
    places.make_due(db, council.run_id)
    return council, [seat.agent for seat in seats]


def _close(db: "Database", council_run: str) -> None:
    """Call off who has not ended, and close the council's run."""
    reconcile(db, council_run)
    with db.write() as tx:
        run = runs.require(tx, council_run)
        if run.closed_at is not None:
            return
        cancellation.cancel(tx, run, None, "the council ended without its answer")
        runs.close(tx, runs.require(tx, council_run), run.leader)
