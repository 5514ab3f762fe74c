"""review: one agent looks at a task's change, and what it says counts for the landing."""

from council import brief
from council.operations import councils
from council.rows import Council, Seat
from council.vocabulary import Role
from council.workflows import landing, targets
from orch.cli import task_names
from orch.cli.agents import work as workers
from orch.model import TERMINAL, Task
from orch.operations import approvals, attempts, runs, tasks
from orch.store import entries as entry_rows
from orch.store import runs as run_rows
from orch.worktrees import places
from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Finding
    from inbox.cli.call import Call
    from schema.transaction import ReadTx

_ROLE: Role = "risk-reviewer"
_TASK = "review"


class Asked:
    """A review under way: of which task, by whom, on which thread."""

    __slots__ = ("agent", "council", "digest", "run_id", "task_id")

    def __init__(
        self, council: Council, run_id: str, task_id: str, agent: str, digest: str
    ) -> None:
        self.council = council
        self.run_id = run_id
        self.task_id = task_id
        self.agent = agent
        self.digest = digest


def review(
    call: "Call",
    *,
    run: str | None,
    task_name: str | None,
    harness: str,
    program: tuple[str, ...],
    as_name: str | None,
    key: str | None,
) -> None:
    """Ask one reviewer and record its verdict."""
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, None, task_name)
        leader = runs.require_open(tx, run_id).leader
        subject = tasks.require(tx, run_id, task_id)
        kept = call.kept(tx, leader)
        agent = as_name or f"reviewer-{task_id}"[:64].rstrip("-._")
        approvals.refuse_owner(tx, subject.task_no, subject.name, agent)
        new_run = _free_run(tx, run_id, task_id)
    if kept is not None:
        call.say(kept)
        return
    picked = workers.chosen(call, harness, program)
    council = Council.new(new_run)
    council.mode, council.target_type = "code-review", "task"
    change = targets.look_at_attempt(call.db, council, run_id, task_id)
    digest = landing.policy_of(call.db, council)
    asked = Asked(council, run_id, task_id, agent, digest)
    _ask(call, asked, leader, change)
    pool = workers.one_turn(call, agent, picked)
    _call_off(call, asked)
    call.say(_record(call, asked, leader, pool.problems), call.committed)


def _free_run(tx: "ReadTx", run_id: str, task_id: str) -> str:
    """Return a run's id for the review that no other run has."""
    stem = f"review-{run_id}-{task_id}"[:56].rstrip("-._")
    number = 1
    while run_rows.find(tx, f"{stem}-{number}") is not None:
        number += 1
    return f"{stem}-{number}"


def _ask(call: "Call", asked: Asked, leader: str, change: str) -> None:
    """Open the review's run and send the reviewer its brief with the diff."""
    from council.cli.starting import keep_change, place_of

    council = asked.council
    artifacts = keep_change(call, council, change)
    seat = Seat(
        _ROLE,
        _TASK,
        asked.agent,
        f"review of {asked.run_id}/{asked.task_id}",
        brief.text(council, _ROLE, change, alone=True),
        brief.expects(council, _ROLE),
        place_of(call, council, _TASK),
    )
    with call.db.write() as tx:
        councils.ask_one(tx, council, leader, seat, brief.headline(council), artifacts)
        call.committed = tx.last_event_id
    places.make_due(call.db, council.run_id)


def _call_off(call: "Call", asked: Asked) -> None:
    """Cancel a review that did not come to an end: nobody is to find it later."""
    from orch.operations import cancellation
    from orch.reconcile import reconcile

    run_id = asked.council.run_id
    reconcile(call.db, run_id, call.note)
    with call.db.write() as tx:
        task = tasks.require(tx, run_id, _TASK)
        if task.status not in TERMINAL:
            why = "the reviewer ended without an answer"
            cancellation.cancel(tx, runs.require(tx, run_id), _TASK, why)


def _record(call: "Call", asked: Asked, leader: str, problems: list[str]) -> Json:
    """Read what the reviewer answered and record what it means; a bad answer is no verdict."""
    run_id = asked.council.run_id
    said, findings, why = _verdict(call, run_id)
    meant = landing.meaning(said)
    with call.db.write() as tx:
        subject = tasks.require(tx, asked.run_id, asked.task_id)
        if meant and asked.digest:
            note = f"{said}, {findings} findings: orch task show {run_id}/{_TASK}"
            approvals.give_on_work(
                tx, subject, asked.council.head_commit, asked.digest, kind="reviewer",
                verdict=meant, by=asked.agent, note=note,
            )  # fmt: skip
            call.committed = tx.last_event_id
        answer = obj(
            run_id=asked.run_id,
            task_id=asked.task_id,
            head_commit=asked.council.head_commit,
            reviewer=asked.agent,
            review_run=run_id,
            verdict=said,
            counts_as=meant or None,
            findings=findings,
            why=why or None,
            problems=problems,
            next_command=_next(tx, subject, meant),
        )
        return call.once(tx, leader, lambda: answer)


def _next(tx: "ReadTx", subject: Task, meant: str) -> str:
    """Return what follows for the task's work: for its entry, or that it is queued."""
    from orch.cli.landing import standing
    from orch.steps.entry import run_queue
    from orch.steps.model import say
    from schema.steps import command

    newest = entry_rows.of_task(tx, subject.task_no)[:1]
    is_queued = bool(newest) and newest[0].status not in approvals.OVER
    if meant == "approve":
        queue = say("queue add", subject.name)
        return command(run_queue(subject.run_id) if is_queued else queue)
    if is_queued:
        return command(standing.step(tx, newest[0]))
    return command(say("review", subject.name, harness="H"))


def _verdict(call: "Call", run_id: str) -> tuple[str | None, int, str]:
    """Return (verdict or None, number of findings, why there is no verdict)."""
    from council.review_text import read_review
    from inbox.store import messages

    with call.db.read() as tx:
        task = tasks.require(tx, run_id, _TASK)
        attempt = attempts.latest(tx, task)
        assert attempt is not None
        words = messages.last_words(tx, attempt.thread_no)
    if task.status != "done":
        return None, 0, f"the reviewer ended as {task.status}: {_in_a_line(words)}"
    try:
        reading = read_review(words[-1] if words else "", _ROLE)
    except Failure as failure:
        return None, 0, f"its answer cannot be read: {failure.message}"
    found = reading.review
    unread = [*reading.dropped, *(f.title for f in found.findings if _is_unsure(f))]
    if found.verdict == "approve" and unread:
        return None, len(found.findings), f"it approves, but not all can be read: {unread[0]}"
    why = "" if found.verdict and found.verdict != "abstain" else "it takes no side"
    return found.verdict, len(found.findings), why


def _is_unsure(finding: "Finding") -> bool:
    """Return whether a finding's severity is a word that nobody knows."""
    return "severity_unknown" in getattr(finding, "flags", ())


def _in_a_line(words: list[str]) -> str:
    """Return the reviewer's last words in one line."""
    return " ".join(" ".join(words).split())[:300] or "it said nothing"
