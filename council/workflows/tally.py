"""A tally: what the reviewers said is read, grouped outside any transaction, then recorded.

Grouping takes its time, so no write lock is held meanwhile; the answers are compared again
under the lock, and the work is done anew when one came in between.
"""

from council import answers, reads
from council.cross_tally import tally_crossed
from council.model import Answer, Cross, CrossTally
from council.operations import councils, declines, tallies
from council.rows import Council, Result
from council.store.tallies import Stored
from council.tally import tally_answers
from council.vocabulary import Similarity
from council.workflows import cross, landing
from orch.operations import runs
from orch.reconcile import reconcile
from orch.steps.model import say
from schema import crash_points
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from council.model import Tally
    from schema.json_text import Json
    from schema.transaction import Database, ReadTx, Tx


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
        asked = councils.require(tx, run_id)
    if asked.rounds > 1 and similarity == "strict":
        raise invalid_input(
            "--similarity strict is for one round: in two, the reviewers' votes decide what is one",
            reason="flag",
            next=[say("council tally", run=run_id)],
        )
    cross.advance(db, run_id)
    settings = landing.settings_of(db, asked)
    while True:
        with db.read() as tx:
            given = _Given(tx, run_id)
        found = _tallied(given, similarity, partial)
        crash_points.reach("council.tallied")
        with db.write() as tx:
            if _Given(tx, run_id).state == given.state:
                stored, is_new = tallies.record(tx, runs.require(tx, run_id), found)
                counts = landing.pass_on(tx, given.council, found, settings, is_new=is_new)
                return answer(tx, stored, counts)


class _Given:
    """What a tally is made of, as one transaction sees it."""

    def __init__(self, tx: "ReadTx", run_id: str) -> None:
        self.council = councils.require(tx, run_id)
        self.results = reads.results(tx, run_id)
        self.votes = reads.votes(tx, run_id)
        self.declined = answers.declined(declines.gather(tx, self.council.since))

    @property
    def state(self) -> list[tuple[str, str, int | None]]:
        """What makes a tally another one when it changes."""
        own = [(r.task_id, r.status, r.event_id) for r in (*self.results, *self.votes)]
        return own + [(each.run_id, each.group_id, None) for each in self.declined]


def _tallied(given: _Given, similarity: Similarity, partial: bool) -> "Tally":
    council = given.council
    waiting = answers.unfinished(given.results)
    if waiting and not partial:
        raise _not_yet(council, waiting, "finished")
    read = answers.read_all(council.run_id, given.results, partial=partial)
    answered = sum(one.review is not None for one in read)
    if waiting and answered < council.quorum:
        raise _no_quorum(council, answered, waiting)
    if council.rounds > 1:
        return _crossed(given, read, partial)
    return tally_answers(
        council.run_id,
        answers.mode_of(council),
        read,
        similarity=similarity,
        quorum=council.quorum,
        diff=answers.diff_of(council),
        declined=given.declined,
    )


def _crossed(given: _Given, read: list[Answer], partial: bool) -> CrossTally:
    council = given.council
    voting = answers.unfinished(given.votes)
    if voting and not partial:
        raise _not_yet(council, voting, "voted")
    votes, voters = answers.read_round(given.votes)
    state, reason = ("pending" if voting else "done"), None
    if not given.votes:
        why = "" if answers.unfinished(given.results) else cross.why_none(read)
        state, reason = ("none", why) if why else ("pending", "round one has not ended")
    return tally_crossed(
        council.run_id,
        answers.mode_of(council),
        read,
        votes,
        Cross.model_validate(
            {"state": state, "reason": reason, "sheets": len(votes.ballots), "voters": voters}
        ),
        quorum=council.quorum,
        diff=answers.diff_of(council),
        declined=given.declined,
    )


def _not_yet(council: Council, waiting: list[Result], done: str) -> Failure:
    who = ", ".join(f"{result.reviewer_role} is {result.status}" for result in waiting)
    return Failure(
        "invalid_state",
        "not_yet",
        f"{len(waiting)} of 3 reviewers have not {done}: {who}",
        hint="wait, or count who is there",
        next=[
            say("council wait", run=council.run_id),
            say("council tally", run=council.run_id, partial=True),
        ],
        details={"unfinished": [result.reviewer_role for result in waiting]},
    )


def _no_quorum(council: Council, answered: int, waiting: list[Result]) -> Failure:
    return Failure(
        "invalid_state",
        "not_yet",
        f"{answered} of 3 reviewers can be counted and the quorum is {council.quorum}; "
        + ", ".join(f"{result.reviewer_role} is {result.status}" for result in waiting),
        hint="wait",
        next=[say("council wait", run=council.run_id)],
        details={"unfinished": [result.reviewer_role for result in waiting]},
    )
