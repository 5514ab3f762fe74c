"""Round two begins: once round one has ended, each who answered votes on all findings.

`advance` is one write transaction: killed before its COMMIT, nothing is there; after it, everything
is but the voters' places, which whoever meets them makes. Two who come at once begin it once.
Reading reviews loads pydantic, so nothing of that is imported before round two may begin.
"""

from council import reads
from council.operations import councils
from council.rows import Council, Result, Seat
from schema import crash_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Answer
    from council.sheet import Shown
    from schema.transaction import Database

_ENOUGH = 2


def advance(db: "Database", run_id: str) -> bool:
    """Begin round two if it may; say whether it was begun now.

    Guarantees: at most once in a council. Without two readable reviews or a single finding there
    is none, and the tally says why. Raises: not_found (run, council).
    """
    while True:
        with db.read() as tx:
            council = councils.require(tx, run_id)
            if not reads.may_vote(tx, run_id):
                return False
            results = reads.results(tx, run_id)
        seats = _seats(db, council, results)
        if not seats:
            return False
        crash_points.reach("council.votes_ready")
        with db.write() as tx:
            if not reads.may_vote(tx, run_id):
                return False
            again = reads.results(tx, run_id)
            if [r.event_id for r in again] == [r.event_id for r in results]:
                councils.open_votes(tx, council, seats)
                break
    crash_points.reach("council.votes_asked")
    from orch.worktrees import places

    places.make_due(db, run_id)
    return True


def why_none(answers: "list[Answer]") -> str:
    """Return why answers make no second round, "" when they do."""
    read = [answer.review for answer in answers if answer.review is not None]
    if len(read) < _ENOUGH:
        return f"{len(read)} of 3 reviews could be read, and it takes two"
    return "" if any(review.findings for review in read) else "nobody found anything"


def _seats(db: "Database", council: Council, results: list[Result]) -> list[tuple[Seat, str]]:
    """Return the voters' tasks and their sheets; empty when there is nothing to vote on."""
    from council import answers, sheet
    from council.tally import members_of

    given = answers.read_all(council.run_id, results, partial=True)
    if why_none(given):
        return []
    members = members_of(given, answers.diff_of(council))
    seats = []
    for number, (answer, result) in enumerate(zip(given, results, strict=True), 1):
        if answer.review is not None:
            shown = sheet.entries_for(council.run_id, answer.reviewer_role, members)
            entries = [entry for entry, _ in shown]
            seats.append((_seat(db, council, number, result, shown), sheet.freeze(entries)))
    return seats


def _seat(
    db: "Database", council: Council, number: int, result: Result, shown: "list[Shown]"
) -> Seat:
    """Return one voter's task, for the agent that answered."""
    import json

    from council import answers, brief, sheet
    from orch.operations import places as rules

    role = answers.role_of_result(result)
    task_id = f"CX{number}"
    headline = brief.headline(council)
    schema = sheet.votes_schema(role, [entry for entry, _ in shown])
    return Seat(
        role,
        task_id,
        result.agent or role,
        f"{role}: votes on the findings of {headline}"[:300],
        sheet.brief(council.run_id, role, shown, headline),
        json.dumps(schema, separators=(",", ":")),
        rules.plan(
            db.folder.path, council.run_id, task_id, 1, council.repo_path,
            council.head_commit,
        ),
    )  # fmt: skip
