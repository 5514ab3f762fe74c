"""Snapshot of a driven run: everything that one pass knows, read in one transaction.

What only git can tell is read before, by `Watch`. The planner decides on nothing else, so what it
was told can be kept and decided again (replay).
"""

import json
import os

from orch import process_identity, run_end
from orch.config.drive_policy import DrivePolicy
from orch.drive.attempt_effects import SILENT
from orch.drive.gate_facts import GateFacts
from orch.drive.planner.model import (
    DriveNeed,
    DriveSnapshot,
    EndFacts,
    HarnessFacts,
    Refusal,
    TaskFacts,
)
from orch.drive.queue_facts import queue_facts
from orch.drive.served import Served
from orch.drive.watch import Watch
from orch.harness.outcome import LOGGED_OUT
from orch.model import WORKED
from orch.operations import budgets, runs, scheduling
from orch.store import approvals as approval_rows
from orch.store import attempts as attempt_rows
from orch.store import checks as check_rows
from orch.store import drive_facts as facts
from orch.store import drives as drive_rows
from orch.store import needs as need_rows
from orch.store import requests as request_rows
from orch.store import tasks as task_rows
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Run
    from orch.store.drive_facts import OpenTask
    from schema.transaction import Database, ReadTx

MOST_READY = 64
_MOST_OPEN = 5000
_STORM_MS, _MOST_ENDS = 600_000, 256
_UNSEEN_MS = 3_600_000  # As reconcile: how long a dispatch may take whose process cannot be seen.


def take(db: "Database", watch: Watch) -> DriveSnapshot:
    """Return what is so now. Raises: not_found/run, git_error."""
    watch.look(db)
    end = ""
    with db.read() as tx:
        run = runs.require(tx, watch.run_id)
        is_over = not facts.is_any_open(tx, run.run_id)
    if is_over or not watch.policy.queue:  # Then what is done is over, wherever it is.
        end = run_end.of(db, run.run_id).word
    with db.read() as tx:
        return _read(tx, watch, runs.require(tx, watch.run_id), end)


def _read(tx: "ReadTx", watch: Watch, run: "Run", end: str) -> DriveSnapshot:
    policy = watch.policy
    drive = drive_rows.find(tx, run.run_id)
    is_paused = drive is not None and bool(drive.paused)
    text, flags, event = _budget(tx, watch, run)
    rows, left = _tasks(tx, run, policy)
    reader = TaskReader(tx, watch, run)
    tasks = tuple(reader.read(row) for row in rows)
    resumed = watch.newest(tx, "run_resumed")[1]
    return DriveSnapshot(
        now=tx.now.wall_ms,
        run_id=run.run_id,
        policy=policy,
        until=watch.until,
        tasks=tasks,
        ready_left=left,
        queues=queue_facts(tx, watch, run),
        slots=tuple(watch.slots),
        harness=_harness(tx, run, policy),
        repositories=tuple(watch.repositories),
        tickets=tuple(watch.tickets),
        ends=_ends(tx, watch, run, resumed),
        retries=sum(count for each in reader.automatic.values() for _, count in each),
        budget=text,
        budget_flags=flags,
        budget_event=event,
        is_paused=is_paused,
        paused_event=watch.newest(tx, "run_paused")[0] if is_paused else 0,
        end=end or "open",
        target=watch.target,
        is_integrating=watch.is_integrating,
        integrate_text=watch.integrate_text,
        integrate_event=watch.integrate_event,
        plans=tuple(name for name, _ in request_rows.planned(tx, run.run_id)) if end else (),
        is_cleaned=watch.is_cleaned(tx),
        is_closed=run.closed_at is not None,
        told=tuple(sorted(_told(tx, run))),
        has_news=watch.has_news,
    )


def _told(tx: "ReadTx", run: "Run") -> "list[str]":
    """Return the ids of the needs that are recorded as open."""
    return [
        DriveNeed(
            run.run_id, row.task_id, row.kind, int(row.cause) if row.cause.isdigit() else 0,
            row.since, row.text, (),
        ).need_id
        for row in need_rows.open_of(tx, run.run_id)
    ]  # fmt: skip


def _tasks(tx: "ReadTx", run: "Run", policy: DrivePolicy) -> "tuple[list[OpenTask], int]":
    """Return (the open tasks, ready ones cut to the first; how many of those are left out)."""
    ready = {row.task_no: row for row in facts.ready_tasks(tx, run.run_id, MOST_READY)}
    for row in facts.overtaken_tasks(tx, run.run_id, policy.overtakes, MOST_READY):
        ready.setdefault(row.task_no, row)
    rows = facts.open_tasks(tx, run.run_id, _MOST_OPEN) + list(ready.values())
    if policy.queue:
        rows += facts.done_tasks(tx, run.run_id, _MOST_OPEN)
    rows.sort(key=lambda row: row.task_no)
    return rows, facts.ready_count(tx, run.run_id) - len(ready)


def _budget(tx: "ReadTx", watch: Watch, run: "Run") -> "tuple[str, str, int]":
    """Return (why nothing may begin or "", limits under which it may, since which event)."""
    try:
        budgets.refuse_attempt(tx, run)
    except Failure as refusal:
        flags = refusal.next[0].argv[-1] if refusal.next else ""
        return refusal.message, flags, watch.newest(tx, "run_budget")[0]
    return "", "", 0


def _harness(tx: "ReadTx", run: "Run", policy: DrivePolicy) -> HarnessFacts:
    """Return whether the client of our workers rests after a limit, or has no login."""
    found = facts.harness(tx, run.run_id, policy.harness) if policy.harness else None
    if found is None or found[0] != "limited":
        return HarnessFacts()
    _, reason, not_before, number = found
    if reason == LOGGED_OUT:
        return HarnessFacts(is_logged_out=True, event=number)
    return HarnessFacts(rests_until=not_before)


def _ends(tx: "ReadTx", watch: Watch, run: "Run", resumed: int) -> tuple[EndFacts, ...]:
    # What lies so long before the newest end is no part of its storm; one stands until resumed.
    since = max(resumed, watch.newest(tx, "task_failed")[1] - 2 * _STORM_MS)
    found = facts.ends(tx, run.run_id, since, _MOST_ENDS)
    return tuple(EndFacts(e.task_no, e.end_class, _line(e.last_line), e.at) for e in found)


def _line(text: str) -> str:
    """Return the last line that says anything, so that like ends are told alike."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


class ReviewFacts:
    """What a landing lacks: whose word comes next, by which client, and how far that is.

    `kind`: reviewer, then council; "" where only people's words are missing.
    """

    __slots__ = ("kind", "missing", "reviewer", "state")

    def __init__(self, missing: tuple[str, ...], reviewer: str) -> None:
        kinds = {words.rpartition(" ")[2] for words in missing}
        self.kind = next((kind for kind in ("reviewer", "council") if kind in kinds), "")
        self.missing = missing
        self.reviewer = reviewer
        self.state = ""


class TaskReader:
    """Turns rows into facts; what concerns several tasks is asked once."""

    def __init__(self, tx: "ReadTx", watch: Watch, run: "Run") -> None:
        self._tx = tx
        self._watch = watch
        self._run = run
        self.automatic = facts.automatic(tx, run.run_id)
        self._waits = facts.waits(tx, run.run_id)
        self._unlanded = facts.unlanded(tx, run.run_id) if watch.policy.stack == "landed" else {}
        self._late = facts.late(tx, run.run_id)
        self._refusals = drive_rows.refusals(tx, run.run_id)
        self._intents = {one.task_no: one for one in facts.intents(tx, run.run_id)}
        self._served = Served(tx, watch)
        self._holds_conflicts = watch.settings.queue.conflict != "rework"
        self._repo = os.path.realpath(run.repo_path or os.getcwd())

    def read(self, row: "OpenTask") -> TaskFacts:
        """Return what the planner is told of a task."""
        hindrance, hindered_until = self._hindrance(row)
        waits = self._waits.get(row.task_no, [])
        dead = [name for name, status in waits if status == "cancelled"]
        gate = GateFacts(self._tx, self._watch, row)
        review = self._review(row)
        return TaskFacts(
            task_no=row.task_no, task_id=row.task_id, status=row.status, priority=row.priority,
            rank=row.rank, chain=row.chain, mode=row.attempt_mode or row.mode,
            to=self._to(row), repo=row.repo or self._repo, since=row.since,
            event=max(row.event, row.entry_event), reason=gate.text or self._reason(row),
            hindrance=hindrance, hindered_until=hindered_until,
            waits_for=tuple(n for n, _ in waits) or tuple(self._unlanded.get(row.task_no, ())),
            stranded_by=dead[0] if dead else "", not_before=row.not_before,
            overtaken=row.overtaken, attempt_no=row.attempt_no, spent=self._spent(row),
            max_attempts=row.max_attempts, lost=row.lost,
            automatic=tuple(self.automatic.get(row.task_no, ())), ended=row.ended,
            ended_at=row.ended_at, last_line=_line(row.last_line), has_commits=row.has_commits,
            late_attempt=self._late.get(row.task_no, 0), refusal=self._refusal(row),
            is_claimed=row.is_claimed, is_served=self._served.has(row),
            is_ours=self._served.is_ours(row), is_answered=row.is_answered,
            is_left=row.is_left, live=row.live,
            silent_since=self._silent_since(row), gate=gate.state, gate_runs=gate.runs,
            gate_tries=gate.tries, gate_at=gate.at, gate_check=gate.check, review=review.state,
            review_kind=review.kind or "reviewer", reviewer=review.reviewer,
            entry_no=row.entry_no, entry=row.entry, entry_text=row.entry_text,
            approval=review.missing, is_conflict_held=self._holds_conflicts,
        )  # fmt: skip

    def _reason(self, row: "OpenTask") -> str:
        """Return why it stands where it does: a question in its words, a check with its output."""
        if row.status == "blocked":
            asked = " ".join(facts.question(self._tx, row.thread_no).split())
            return asked[:300] or row.reason
        if row.status == "failed" and row.ended == "check_failed":
            found = check_rows.failures(self._tx, row.attempt_key)
            said = _line(found[0][1]) if found else ""
            return f"{row.reason}: {said}" if said else row.reason
        return row.reason

    def _to(self, row: "OpenTask") -> str:
        """Return its own assignee; one that is at work has whom it was given to."""
        if row.status in WORKED and row.assigned_to:
            return row.assigned_to
        return row.to

    def _spent(self, row: "OpenTask") -> int:
        return attempt_rows.worked(self._tx, row.task_no) if row.attempt_no else 0

    def _refusal(self, row: "OpenTask") -> Refusal | None:
        found = self._refusals.get(row.task_no)
        if found is None or found.kind == SILENT:
            return None
        return Refusal(found.kind, found.text, found.count, found.at, found.event_id)

    def _hindrance(self, row: "OpenTask") -> tuple[str, int]:
        """Return what keeps a task from beginning besides its status, and until when if known."""
        is_silent = row.live in ("gone", "stale")
        if row.status not in ("ready", "failed", "done") and not is_silent:
            return "", 0
        intent = self._intents.get(row.task_no)
        if intent is not None:
            who = (intent.pid, intent.pid_started, intent.pid_boot)
            unseen = process_identity.is_gone(*who) is None
            until = intent.created_at + _UNSEEN_MS if unseen else self._tx.now.wall_ms + 5000
            return f"process {intent.pid} is dispatching it", until
        task = task_rows.by_no(self._tx, row.task_no)
        found = scheduling.hindrance(self._tx, self._run, task, timed=False)
        return found or "", 0

    def _silent_since(self, row: "OpenTask") -> int:
        if row.live == "stale":
            return row.lease_until
        return facts.stale_at(self._tx, row.thread_no) if row.live == "gone" else 0

    def _review(self, row: "OpenTask") -> ReviewFacts:
        missing = tuple(json.loads(row.approvals).get("missing", ()))
        policy = self._watch.policy
        found = ReviewFacts(missing, policy.reviewer)
        if row.status == "done" and row.entry == "held" and self._is_revised(row):
            found.state = "revise"
        elif row.status == "done" and row.entry == "awaiting_approval" and found.kind:
            found.state = self._review_state(row, found)
        if policy.review == "never" and found.state != "revise":
            found.state = ""
        return found

    def _review_state(self, row: "OpenTask", found: ReviewFacts) -> str:
        """Say how far the review is that a landing lacks (REVIEWS of the planner's model)."""
        is_asked = row.task_no in self._watch.reviewing or self._has_word(row, found.kind)
        if is_asked or self._watch.landing:
            return "asked"
        refusal = self._refusals.get(row.task_no)
        if refusal is not None and refusal.kind == SILENT:
            return "silent"
        return "needed" if found.reviewer and self._watch.can_ask else "nobody"

    def _has_word(self, row: "OpenTask", kind: str) -> bool:
        """Say whether a reviewer's word is there that the queue has not looked at yet."""
        seen = max((one.event for one in self._watch.queues.values()), default=0)
        words = approval_rows.of_head(self._tx, row.task_no, row.head_commit)
        return any(one.speaker == kind and one.event_id > seen for one in words)

    def _is_revised(self, row: "OpenTask") -> bool:
        """Say whether reviewers, and no person, want a head to be revised (I21)."""
        words = approval_rows.of_head(self._tx, row.task_no, row.head_commit)
        newest = {one.given_by: one for one in words}
        against = {one.speaker for one in newest.values() if one.verdict == "reject"}
        return bool(against) and against <= {"reviewer", "council"}
