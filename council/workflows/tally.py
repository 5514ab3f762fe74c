"""A tally: what the reviewers said is read, grouped outside any transaction, then recorded.

Grouping takes its time, so no write lock is held meanwhile; the answers are compared again
under the lock, and the work is done anew when one came in between.
"""

from council import answers, reads
from council.operations import councils, tallies
from council.records import Council, Result
from council.store.tallies import Stored
from council.tally import tally_answers
from council.vocabulary import Similarity
from council.workflows import landing
from orch.operations import runs
from orch.reconcile import reconcile
from schema import points
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from council.model import Tally
    from schema.json_text import Json
    from schema.transaction import Database, Tx


def tally(
    db: "Database",
    run_id: str,
    similarity: Similarity,
    partial: bool,
    answer: "Callable[[Tx, Stored, str], Json]",
) -> "Json":
    """Record what the reviewers agree on and return what `answer` makes of it.

    `answer` is given what is stored, and in words what it counts as for a task's landing.

    Guarantees: nothing is stored when a review cannot be read; the revision rises only when
    answers or options changed. Raises: not_found (run, council), invalid_state (not_yet while
    reviewers work, closed), invalid_input for a review that cannot be read.
    """
    reconcile(db, run_id)
    with db.read() as tx:
        known = councils.require(tx, run_id)
    digest = landing.policy_of(db, known)
    while True:
        with db.read() as tx:
            council = councils.require(tx, run_id)
            results = reads.results(tx, run_id)
        found = _tallied(council, results, similarity, partial)
        points.reach("council.tallied")
        with db.write() as tx:
            if _state(reads.results(tx, run_id)) == _state(results):
                stored, is_new = tallies.record(tx, runs.require(tx, run_id), found)
                counts = landing.pass_on(tx, council, found, digest, is_new=is_new)
                return answer(tx, stored, counts)


def _state(results: list[Result]) -> list[tuple[str, str, int | None]]:
    return [(result.task_id, result.status, result.event_id) for result in results]


def _tallied(
    council: Council, results: list[Result], similarity: Similarity, partial: bool
) -> "Tally":
    waiting = answers.unfinished(results)
    if waiting and not partial:
        raise _not_yet(council, waiting)
    given = answers.read_all(council.run_id, results, partial=partial)
    answered = sum(one.review is not None for one in given)
    if waiting and answered < council.quorum:
        raise _no_quorum(council, answered, waiting)
    return tally_answers(
        council.run_id,
        answers.mode_of(council),
        given,
        similarity=similarity,
        quorum=council.quorum,
        diff=answers.diff_of(council),
    )


def _not_yet(council: Council, waiting: list[Result]) -> Failure:
    who = ", ".join(f"{result.reviewer_role} is {result.status}" for result in waiting)
    return Failure(
        "invalid_state",
        "not_yet",
        f"{len(waiting)} of 3 reviewers have not finished: {who}",
        hint=f"wait: orch council wait --run {council.run_id}; or count who is there: "
        f"orch council tally --run {council.run_id} --partial",
        details={"unfinished": [result.reviewer_role for result in waiting]},
    )


def _no_quorum(council: Council, answered: int, waiting: list[Result]) -> Failure:
    return Failure(
        "invalid_state",
        "not_yet",
        f"{answered} of 3 reviewers can be counted and the quorum is {council.quorum}; "
        + ", ".join(f"{result.reviewer_role} is {result.status}" for result in waiting),
        hint=f"wait: orch council wait --run {council.run_id}",
        details={"unfinished": [result.reviewer_role for result in waiting]},
    )
