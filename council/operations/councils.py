"""A council is opened in one atomic step, and looked up."""

from council.rows import Council, Seat
from council.store import councils as store
from council.vocabulary import ROLES
from inbox.model import Artifact
from orch.model import Workspace
from orch.operations import attempts, places, runs, tasks
from orch.operations.attempts import Order
from orch.steps.model import say
from schema import events
from schema.failures import not_found
from schema.json_text import obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx


def require(tx: "ReadTx", run_id: str) -> Council:
    """Return the council of a run. Raises: not_found (run, council) with near ids."""
    council = store.find(tx, run_id)
    if council is None:
        runs.require(tx, run_id)
        near = store.near(tx, run_id)
        first = say("council start", run="ID", target="TEXT").because("start one")
        raise not_found("council", run_id, near=near, next=[] if near else [first])
    return council


def start(
    tx: "Tx",
    council: Council,
    leader: str,
    seats: list[Seat],
    headline: str,
    artifacts: tuple[Artifact, ...],
) -> int:
    """Open the run, add and dispatch one analysis task for each seat; return the event's id.

    All of it or nothing; the reviewers' places are made after it (orch/worktrees/places.py).
    Raises: invalid_state/duplicate when the run exists.
    """
    run_id = council.run_id
    _open_run(tx, council, leader, headline, "a council of three reviewers")
    store.insert(tx, council)
    for number, seat in enumerate(seats, 1):
        task_no = _ask(tx, council, leader, seat, artifacts)
        store.insert_reviewer(tx, run_id, number, seat.role, task_no)
    return events.record(
        tx,
        "council_start",
        leader,
        run_id=run_id,
        summary=headline,
        payload=obj(
            mode=council.mode,
            target_type=council.target_type,
            quorum=council.quorum,
            reviewers=[{"reviewer_role": seat.role, "task_id": seat.task_id} for seat in seats],
        ),
    )


def open_votes(tx: "Tx", council: Council, seats: list[tuple[Seat, str]]) -> int:
    """Add and dispatch one task for each voter, its sheet beside it; return the event's id.

    All of it or nothing. The caller has decided under this write lock that round two may begin.
    """
    run = runs.require_open(tx, council.run_id)
    for seat, sheet in seats:
        number = ROLES.index(seat.role) + 1
        task_no = _ask(tx, council, run.leader, seat, ())
        store.insert_voter(tx, run.run_id, number, task_no, sheet)
    runs.record_run_end(tx, run)
    return events.record(
        tx,
        "council_votes",
        run.leader,
        run_id=run.run_id,
        summary=f"round two begins, with {many(len(seats), 'voter')}",
        payload=obj(
            voters=[{"reviewer_role": seat.role, "task_id": seat.task_id} for seat, _ in seats]
        ),
    )


def ask_one(
    tx: "Tx", council: Council, leader: str, seat: Seat, headline: str,
    artifacts: tuple[Artifact, ...],
) -> int:  # fmt: skip
    """Open a run with one reviewer's task, dispatched at once; return the task's number.

    It is no council: nobody tallies it. Raises: invalid_state/duplicate when the run exists.
    """
    _open_run(tx, council, leader, headline, "one reviewer")
    return _ask(tx, council, leader, seat, artifacts)


def _open_run(tx: "Tx", council: Council, leader: str, headline: str, summary: str) -> None:
    runs.init(
        tx,
        {
            "run_id": council.run_id,
            "goal": f"{council.mode}: {headline}",
            "summary": summary,
            "leader": leader,
            "repo_path": council.repo_path,
            "base_ref": "",
            "target": "",
            "ownership": "warn",
        },
    )


def _ask(
    tx: "Tx", council: Council, leader: str, seat: Seat, artifacts: tuple[Artifact, ...]
) -> int:
    """Add the seat's task and dispatch it at once; return the task's number."""
    run = runs.require_open(tx, council.run_id)
    values: dict[str, object] = {
        "task_id": seat.task_id,
        "title": seat.title,
        "summary": seat.brief,  # The task keeps the brief, so that a retry carries it.
        "default_to": seat.agent,
        "priority": 1,
        "rank": 0,
        "acceptance": None,
        "spec_path": None,
        "spec_text": None,
        "spec_sha256": None,
        "check_profile": None,
        "required_checks": "[]",
        "allowed_paths": "[]",
        "blocked_paths": "[]",
        "metadata": obj(reviewer_role=seat.role),
        "max_attempts": 3,
        "risk": "low",
        "execution_mode": "analysis",
    }
    task_no, _ = tasks.add(tx, run, values, (), ())
    task = tasks.require(tx, council.run_id, seat.task_id)
    payload = obj(
        reviewer_role=seat.role, mode=council.mode, target_type=council.target_type,
        base_commit=council.base_commit or None, head_commit=council.head_commit or None,
    )  # fmt: skip
    body = f"{places.words(seat.place)}\n\n{places.located(seat.brief, seat.place)}"
    order = Order(
        leader, seat.agent, "analysis", seat.title, body, payload, seat.expects, artifacts
    )
    attempts.open_one(tx, run, task, "dispatch", 1, order, Workspace(seat.place))
    return task_no
