"""One agent's review of a task's change: asked for, done by a client of its own, its word recorded.

A reviewer who gives no verdict approves nothing; a review that did not end is called off, so that
nobody finds it later.
"""

from council import brief
from council.operations import councils
from council.rows import Council, Seat
from council.vocabulary import Role
from council.workflows import asking, landing, targets
from orch.model import TERMINAL
from orch.operations import approvals, attempts, cancellation, runs, tasks
from orch.reconcile import reconcile
from orch.store import runs as run_rows
from orch.worktrees import places
from schema.failures import Failure
from schema.value import Value
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Finding
    from orch.config.model import Config
    from orch.harness.config import Harness
    from schema.transaction import Database, ReadTx, Tx

_ROLE: Role = "risk-reviewer"
TASK = "review"


class Asked(Value):
    """A review under way: of which task, by whom, in which run, under which policy."""

    council: Council
    run_id: str
    task_id: str
    agent: str
    settings: "Config | None"


class Said:
    """What a reviewer said: its verdict, what that means for a landing, how much it found."""

    __slots__ = ("findings", "means", "text", "verdict", "why")

    def __init__(self, verdict: str | None, findings: int, why: str, text: str) -> None:
        self.verdict = verdict
        self.findings = findings
        self.why = why
        self.text = text
        self.means = landing.meaning(verdict)


def name_of(task_id: str) -> str:
    """Return under which name a task is reviewed when nobody says one."""
    return f"reviewer-{task_id}"[:64].rstrip("-._")


def begin(db: "Database", run_id: str, task_id: str, agent: str) -> Asked:
    """Look at a task's change and ask a reviewer about it, in a run of the review's own.

    Raises: not_found, invalid_state/not_ready, refused (approval_required for one who worked on
    it, repo_tampered), git_error.
    """
    with db.read() as tx:
        leader = runs.require_open(tx, run_id).leader
        subject = tasks.require(tx, run_id, task_id)
        approvals.refuse_owner(tx, subject.task_no, subject.name, agent)
        council = Council.new(_free_run(tx, run_id, task_id))
    council.mode, council.target_type = "code-review", "task"
    change = targets.look_at_attempt(db, council, run_id, task_id)
    asked = Asked(council, run_id, task_id, agent, landing.settings_of(db, council))
    artifacts = asking.keep_change(db, council, change)
    seat = Seat(
        _ROLE, TASK, agent, f"review of {run_id}/{task_id}",
        brief.text(council, _ROLE, change, alone=True), brief.expects(council, _ROLE),
        asking.place_of(db, council, TASK),
    )  # fmt: skip
    with db.write() as tx:
        councils.ask_one(tx, council, leader, seat, brief.headline(council), artifacts)
    places.make_due(db, council.run_id)
    return asked


def _free_run(tx: "ReadTx", run_id: str, task_id: str) -> str:
    """Return a run's id for the review that no other run has."""
    stem = _stem(run_id, task_id)
    number = 1
    while run_rows.find(tx, f"{stem}-{number}") is not None:
        number += 1
    return f"{stem}-{number}"


def _stem(run_id: str, task_id: str) -> str:
    return f"review-{run_id}-{task_id}"[:56].rstrip("-._")


def call_off(db: "Database", review_run: str) -> None:
    """Cancel a review that did not come to an end: nobody is to find it later."""
    reconcile(db, review_run)
    with db.write() as tx:
        run = runs.require(tx, review_run)
        task = tasks.require(tx, review_run, TASK)
        if task.status not in TERMINAL and run.closed_at is None:
            cancellation.cancel(tx, run, TASK, "the reviewer ended without an answer")


def read(db: "Database", review_run: str) -> Said:
    """Return what a reviewer answered; what cannot be read is no verdict."""
    from council.review_text import read_review
    from inbox.store import messages

    with db.read() as tx:
        task = tasks.require(tx, review_run, TASK)
        attempt = attempts.latest(tx, task)
        assert attempt is not None
        words = messages.last_words(tx, attempt.thread_no)
    text = words[-1] if words else ""
    if task.status != "done":
        return Said(None, 0, f"the reviewer ended as {task.status}: {_in_a_line(words)}", text)
    try:
        reading = read_review(text, _ROLE)
    except Failure as failure:
        return Said(None, 0, f"its answer cannot be read: {failure.message}", text)
    found = reading.review
    unread = [*reading.dropped, *(f.title for f in found.findings if _is_unsure(f))]
    if found.verdict == "approve" and unread:
        why = f"it approves, but not all can be read: {unread[0]}"
        return Said(None, len(found.findings), why, text)
    why = "" if found.verdict and found.verdict != "abstain" else "it takes no side"
    return Said(found.verdict, len(found.findings), why, text)


def record(tx: "Tx", asked: Asked, said: Said) -> None:
    """Let a verdict count for the landing of what was reviewed."""
    if said.means and asked.settings is not None:
        subject = tasks.require(tx, asked.run_id, asked.task_id)
        note = f"{said.verdict}, {many(said.findings, 'finding')}: orch task show " + (
            f"{asked.council.run_id}/{TASK}"
        )
        landing.give(
            tx, asked.settings, subject, asked.council.head_commit, kind="reviewer",
            verdict=said.means, by=asked.agent, note=note,
        )  # fmt: skip


def ask(db: "Database", run_id: str, task_id: str, harness: "Harness") -> str:
    """Have a task's change reviewed from beginning to end; return in words what came of it.

    What an earlier one that was killed left unfinished is called off first. Raises: what `begin`
    does; refused/approval_required when the reviewer gave no verdict.
    """
    from inbox import model
    from orch.agents.turn_monitor import Stop
    from orch.agents.worker_pool import WorkerOptions, WorkerPool

    with db.read() as tx:
        left = run_rows.open_with_stem(tx, f"{_stem(run_id, task_id)}-")
    for review_run in left:
        call_off(db, review_run)
    agent = name_of(task_id)
    asked = begin(db, run_id, task_id, agent)
    options = WorkerOptions([agent], (), harness, "once", model.lease_ms(None))
    WorkerPool(db, options, Stop(), lambda _text: None).run()
    review_run = asked.council.run_id
    call_off(db, review_run)
    said = read(db, review_run)
    with db.write() as tx:
        record(tx, asked, said)
        runs.close(tx, runs.require(tx, review_run), agent)
    if not said.means:
        raise Failure(
            "refused", "approval_required", f"{agent} gave no verdict: {said.why}",
            details={"review_run": review_run},
        )  # fmt: skip
    return f"{agent} says {said.verdict}, {many(said.findings, 'finding')}"


def _is_unsure(finding: "Finding") -> bool:
    """Return whether a finding's severity is a word that nobody knows."""
    return "severity_unknown" in getattr(finding, "flags", ())


def _in_a_line(words: list[str]) -> str:
    """Return the reviewer's last words in one line."""
    return " ".join(" ".join(words).split())[:300] or "it said nothing"
