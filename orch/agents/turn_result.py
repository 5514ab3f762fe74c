"""Result of a turn: git's facts, the verdict, the work kept, the thread told.

Uncommitted work is kept under a salvage ref and never put on the attempt's branch, unless the
harness is one whose sandbox cannot commit and the work is done. Then one transaction ends the
turn and closes or releases the thread.
"""

import json

from inbox import model as bus
from inbox.operations import leases
from orch.agents import deliver, store_away, turn_monitor
from orch.git import merges, names, refs, repository, salvage
from orch.harness import outcome as verdict
from orch.harness import spool
from orch.harness.outcome import TurnFacts
from orch.model import Attempt
from orch.operations import work
from orch.operations.work import HeldThread
from orch.store import attempts as attempt_rows
from orch.store import turns as store
from orch.store.turns import Turn, TurnEnd
from orch.worktrees import create, inspect, setup_files
from schema import crash_points
from schema.failures import Failure
from schema.json_text import obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.agents.turn_monitor import Stop
    from orch.harness.config import Harness
    from orch.harness.log import Log
    from orch.harness.process import ClientEnd
    from orch.harness.redaction import Redactor
    from schema.transaction import Database

_LONGEST_WAIT = 3600.0
_ACTIONS = {"done": "done", "failed": "fail", "no_change": "fail", "crashed": "fail",
            "timeout": "fail", "limited": "release", "interrupted": "release",
            "waiting": ""}  # fmt: skip
_GIT_SAYS = ("git_error", "refused", "not_found", "invalid_state")
_LONGEST_TEXT = 60_000
_LOG_END = 64 << 10  # Of a log, for other machines: its head and its tail.
_MOST_LIMITED = 12  # Turns in a row: by then it is no limit that passes.
_MOST_INTERRUPTED = 9  # Before one more: its workers are lost again and again.


def conclude(
    db: "Database", harness: "Harness", held: HeldThread, turn: Turn, facts: TurnFacts,
    ended: "ClientEnd | None", log: "Log", redactor: "Redactor",
) -> Turn:  # fmt: skip
    """Judge a turn and do what follows; return it, ended. Its spool goes last."""
    if ended is not None:
        _from_end(facts, ended)
    _ask_store(db, held, turn, facts)
    keeper = _WorktreeCapture(db, harness, held, log)
    keeper.look(facts)
    outcome, why = verdict.judge(facts, harness.table)
    if outcome == "done" and harness.table.commits == "runner":
        outcome, why = keeper.commit(facts, outcome, why)
    end = TurnEnd(outcome, redactor.text(why)[:1000])
    end.salvage_ref = keeper.save(facts, f"turn {turn.turn_no} of {held.name}: {outcome}")
    missing = deliver.at_end(db, held, end.salvage_ref, log, is_done=outcome == "done")
    if missing and outcome == "done" and not facts.reported:
        outcome = end.outcome = "interrupted"
        end.reason = redactor.text(missing)[:1000]
    _store_facts(end, facts, ended)
    action = "" if facts.reported or facts.lost else _ACTIONS[outcome]
    with db.read() as tx:
        stopped = store.require(tx, turn.turn_key).stop_reason
        alike = store.in_a_row(tx, turn.thread_no, outcome)
        _only_this_turn(harness, end, store.session_usage(tx, turn.thread_no, end.session))
    wait_ms = _wait_ms(harness, alike)
    if outcome == "limited" and alike >= _MOST_LIMITED:
        action = "fail"
    if outcome == "interrupted" and action and (stopped is not None or alike >= _MOST_INTERRUPTED):
        action = "fail"  # Who stops a task does not want it taken up again at once.
    log.note(f"turn {turn.turn_no} ended: {outcome}: {end.reason}")
    if end.strays:
        log.note(f"ended {many(end.strays, 'process', 'processes')} that it left behind")
    if end.salvage_ref:
        log.note(f"kept {many(facts.uncommitted, 'uncommitted file')} under {end.salvage_ref}")
    log.close()
    crash_points.reach("work.judged")
    draft = _letter(facts, end, redactor)
    with db.write() as tx:
        later = wait_ms if outcome == "limited" else deliver.WAIT_MS if missing else 0
        work.end(tx, turn, end, action, draft, later)
        if not db.is_file:
            store.keep_log(tx, turn.turn_key, *_ends(turn.log_path))
        done = store.require(tx, turn.turn_key)
    crash_points.reach("work.concluded")
    spool.remove(db.folder.spool, turn.mark)
    return done


def not_begun(db: "Database", held: HeldThread, turn: Turn, why: str) -> Turn:
    """End a turn whose worktree could not be made here: its thread is given back for a minute."""
    end = TurnEnd("interrupted", why[:1000])
    with db.read() as tx:
        alike = store.in_a_row(tx, turn.thread_no, end.outcome)
    action = "fail" if alike >= _MOST_INTERRUPTED else "release"
    with db.write() as tx:
        work.end(tx, turn, end, action, bus.MessageDraft(why[:300]), deliver.WAIT_MS)
        return store.require(tx, turn.turn_key)


def leave(
    db: "Database", harness: "Harness", held: HeldThread, turn: Turn, log: "Log"
) -> None:  # fmt: skip
    """Keep the work of a turn that was ended, and leave its end to the next runner to judge."""
    _keep(db, harness, held, turn, log, "the store was upgraded beyond this program")
    log.close()


def hold_out(
    db: "Database", harness: "Harness", held: HeldThread, turn: Turn, log: "Log", stop: "Stop"
) -> None:
    """Keep the work of a turn that was cut off from its store, and wait until that is back.

    Raises: store_error, once a stop is asked meanwhile: the next runner judges it.
    """
    _keep(db, harness, held, turn, log, "the store could not be reached")
    store_away.wait_for(db, stop)


def _keep(
    db: "Database", harness: "Harness", held: HeldThread, turn: Turn, log: "Log", why: str
) -> None:
    """Save what lies uncommitted, asking the store for nothing."""
    facts = TurnFacts()
    keeper = _WorktreeCapture(db, harness, held, log)
    keeper.look_at_files(facts)
    ref = keeper.save(facts, f"turn {turn.turn_no} of {held.name}: {why}"[:200])
    log.note(f"turn {turn.turn_no} was ended: {why}")
    if ref:
        log.note(f"kept {many(facts.uncommitted, 'uncommitted file')} under {ref}")


def _ends(path: str) -> tuple[int, str, str]:
    """Return (size, head, tail) of a log, the two not overlapping."""
    from orch.harness import log as harness_log

    data, size = harness_log.read_from(path, 0)
    text = data.decode("utf-8", "replace").replace("\0", "")
    tail = text[_LOG_END:][-_LOG_END:]
    return size, text[:_LOG_END], tail


def _from_end(facts: TurnFacts, ended: "ClientEnd") -> None:
    reader = ended.reader
    facts.cause, facts.stopped = ended.cause, ended.why
    facts.final, facts.exit_status = reader.final, ended.exit_status
    facts.text, facts.error, facts.tail = reader.text, reader.error, ended.tail


def _ask_store(db: "Database", held: HeldThread, turn: Turn, facts: TurnFacts) -> None:
    """Add what the agent itself did through the inbox."""
    with db.read() as tx:
        thread = leases.require_thread(tx, held.thread_id)
        question, _ = store.question(tx, held.thread_no, held.agent)
    if thread.status in ("done", "failed") and thread.epoch == held.epoch:
        facts.reported = "done" if thread.status == "done" else "fail"
    else:
        facts.lost = facts.lost or turn_monitor.lost(thread, held)
    facts.asked = thread.status == "blocked" and question > turn.told_through
    if held.expects:
        facts.text = ""  # A result that has to fit a schema is delivered by the agent itself.


def _store_facts(end: TurnEnd, facts: TurnFacts, ended: "ClientEnd | None") -> None:
    end.reported, end.final_event = facts.reported, facts.final
    end.exit_status = facts.exit_status
    if facts.has_code:
        end.commits, end.uncommitted = facts.commits, facts.uncommitted
    if ended is not None:
        reader = ended.reader
        end.strays, end.session = ended.strays, reader.session
        end.last_line_at = ended.last_line_at
        end.input_tokens, end.output_tokens = reader.input_tokens, reader.output_tokens
        end.cost_usd = reader.cost_usd


def _only_this_turn(harness: "Harness", end: TurnEnd, before: tuple[int, int, float]) -> None:
    """Take off what earlier turns of the session took, where the client counts them again."""
    totals = harness.table.session_totals
    if "input_tokens" in totals and end.input_tokens is not None:
        end.input_tokens = max(0, end.input_tokens - before[0])
    if "output_tokens" in totals and end.output_tokens is not None:
        end.output_tokens = max(0, end.output_tokens - before[1])
    if "cost_usd" in totals and end.cost_usd is not None:
        end.cost_usd = max(0.0, end.cost_usd - before[2])


def _wait_ms(harness: "Harness", limited_before: int) -> int:
    """Return how long a limited task waits: twice as long each time, an hour at most."""
    seconds: float = harness.table.limited_wait * 2 ** min(limited_before, 10)
    most = max(_LONGEST_WAIT, harness.table.limited_wait)
    return int(1000 * min(seconds, most))


def _letter(facts: TurnFacts, end: TurnEnd, redactor: "Redactor") -> bus.MessageDraft:
    """Return what the thread is told where the agent itself did not."""
    said = redactor.text(facts.text or facts.error)[-_LONGEST_TEXT:].strip()
    if end.outcome == "done":
        summary = (said.partition("\n")[0] or "done; see the commits")[:120]
    else:
        summary = f"{end.outcome}: {end.reason}"[:300]
    tail = said or redactor.text(facts.tail)[-4000:].strip()
    payload = obj(
        told_by="orch work",
        outcome=end.outcome,
        exit_status=end.exit_status,
        commits=end.commits,
        salvage_ref=end.salvage_ref or None,
    )
    return bus.MessageDraft(summary, tail.replace("\0", ""), payload)


class _WorktreeCapture:
    """What a code attempt's worktree holds, and keeping it."""

    def __init__(self, db: "Database", harness: "Harness", held: HeldThread, log: "Log") -> None:
        self._db = db
        self._grip = held
        self._harness = harness
        self._log = log
        self._attempt: Attempt | None = None
        attempt = held.attempt
        if attempt is not None and attempt.workspace_status == "created":
            self._attempt = attempt if inspect.is_here(attempt) else None

    def look(self, facts: TurnFacts) -> None:
        """Add what git says. What git refuses counts as nothing done, and is logged."""
        attempt = self._attempt
        if attempt is None:
            return
        facts.has_code = True
        try:
            head, facts.uncommitted = inspect.look(attempt)
            if head:
                repo = repository.open_repository(attempt.repo_path)
                facts.commits = refs.count_commits(repo, attempt.base_commit, head)
                with self._db.read() as tx:
                    before = store.commits_before(tx, attempt.thread_no)
                    earlier = attempt_rows.of_task(tx, attempt.task_no)
                facts.carried = inspect.carried(repo, attempt, head, earlier)
                facts.made = facts.commits - max(before, facts.carried)
        except Failure as failure:
            self._tell(failure)

    def look_at_files(self, facts: TurnFacts) -> None:
        """Add how much is uncommitted, without asking the store."""
        if self._attempt is not None:
            try:
                facts.uncommitted = inspect.look(self._attempt)[1]
            except Failure as failure:
                self._tell(failure)

    def commit(self, facts: TurnFacts, outcome: str, why: str) -> tuple[str, str]:
        """Commit for a worker that cannot; return what has become of the verdict."""
        attempt, held = self._attempt, self._grip
        if attempt is None or not facts.uncommitted or held.run is None:
            return outcome, why
        try:
            repo = create.open_checked(self._db, held.run, attempt.repo_path)
            worktree = repository.linked_worktree(repo, attempt.worktree_path)
            text = f"{held.subject}\n\nOrch-Task: {held.name} attempt {attempt.attempt_no}\n"
            author = merges.Identity(held.agent, f"{held.agent}@localhost")
            salvage.commit_all(worktree, text, leave_out=self._placed(attempt), author=author)
        except Failure as failure:
            self._tell(failure)
            if facts.reported:
                return outcome, why
            return "failed", f"its work could not be committed: {failure.message}"
        self.look(facts)
        return outcome, why

    def save(self, facts: TurnFacts, why: str) -> str:
        """Keep uncommitted work under the attempt's salvage ref; return the ref or ""."""
        attempt, held = self._attempt, self._grip
        if attempt is None or not facts.uncommitted or held.task is None:
            return ""
        try:
            repo = repository.open_repository(attempt.repo_path)
            worktree = repository.linked_worktree(repo, attempt.worktree_path)
            ref = names.salvage_ref(held.task.run_id, held.task.task_id, attempt.attempt_no)
            salvage.save_salvage(worktree, ref, why=why, leave_out=self._placed(attempt))
        except Failure as failure:
            self._tell(failure)
            return ""
        return ref

    def _placed(self, attempt: Attempt) -> tuple[str, ...]:
        return setup_files.unchanged(attempt.worktree_path, json.loads(attempt.placed_files))

    def _tell(self, failure: Failure) -> None:
        if failure.code not in _GIT_SAYS:
            raise failure
        self._log.note(f"git: {failure.message}")
