"""A worker's steps on the bus: take a thread, begin a turn, end it. One atomic step each.

What a turn ends with and what that means for its thread are written together, so a runner that
is killed leaves either a running turn, which its successor judges, or a finished one.
"""

from inbox import model as bus
from inbox.operations import claims, leases, threads
from inbox.operations import work as holder
from inbox.store import cursors
from inbox.store import leases as lease_rows
from orch import process_identity
from orch.model import WORKED, Attempt, Run, Task
from orch.operations import budgets
from orch.store import attempts, turns
from orch.store import places as place_rows
from orch.store import runs as run_rows
from orch.store import tasks as task_rows
from orch.store.places import Place
from orch.store.turns import Turn, TurnEnd
from schema import events, ids
from schema.failures import Failure
from schema.json_text import obj
from schema.transaction import Commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

    Process = tuple[int, int, str]


class HeldThread:
    """A thread that this worker holds; for a run's work, the attempt with its task and run."""

    __slots__ = (
        "agent", "attempt", "epoch", "expects", "place", "run", "subject", "task", "thread_id",
        "thread_no", "token", "ttl_ms",
    )  # fmt: skip

    def __init__(self, thread: bus.Thread, lease: bus.Lease | None, agent: str, token: str) -> None:
        self.thread_id: str = thread.thread_id
        self.thread_no: int = thread.thread_no
        self.subject: str = thread.subject
        self.expects: str | None = thread.expects
        self.agent = agent
        self.epoch: int = lease.epoch if lease is not None else thread.epoch
        self.ttl_ms: int = lease.ttl_ms if lease is not None else bus.DEFAULT_LEASE_MS
        self.token = token
        self.attempt: Attempt | None = None
        self.task: Task | None = None
        self.run: Run | None = None
        self.place: Place | None = None

    @property
    def name(self) -> str:
        """How a person names the work: run/task, or the thread."""
        return self.task.name if self.task is not None else self.thread_id


def take(tx: "Tx", agent: str, pools: "tuple[str, ...]", ttl_ms: int) -> HeldThread | None:
    """Claim the next thread for `agent`; None when there is none."""
    change = claims.claim_next(tx, agent, pools, ttl_ms)
    if change is None:
        return None
    threads.note_names(tx, agent)
    return hold(tx, change.thread_id, agent)


def hold(tx: "ReadTx", thread_id: str, agent: str) -> HeldThread:
    """Return the held on a thread that `agent` holds already. Raises: as require_holder."""
    thread = leases.require_thread(tx, thread_id)
    lease, _ = leases.require_holder(tx, thread, agent, None)
    token = ids.lease_token(lease_rows.secret(tx), thread_id, lease.epoch)
    return _with_attempt(tx, HeldThread(thread, lease, agent, token))


def _with_attempt(tx: "ReadTx", held: HeldThread) -> HeldThread:
    held.attempt = attempts.of_thread(tx, held.thread_no)
    if held.attempt is not None:
        held.task = task_rows.by_no(tx, held.attempt.task_no)
        held.run = run_rows.find(tx, held.task.run_id)
        held.place = place_rows.find(tx, held.attempt.attempt_key)
    return held


def begin(
    tx: "Tx", held: HeldThread, *, harness: str, mark: str, told_through: int, log_path: str,
    runner: "Process", session: str,
) -> Turn:  # fmt: skip
    """Write a turn down before its program is started.

    Raises: as require_holder, refused/budget.
    """
    thread = leases.require_thread(tx, held.thread_id)
    lease, _ = leases.require_holder(tx, thread, held.agent, held.token)
    if held.run is not None:
        budgets.refuse_turn(tx, held.run)
    leases.refresh(tx, thread, lease)
    if thread.status == "blocked":  # A new turn is told the answer, if there is one.
        draft = bus.MessageDraft("goes on")
        holder.update(tx, thread, held.agent, held.token, "in_progress", draft)
    _supersede(tx, held)
    key = turns.begin(
        tx,
        thread_no=held.thread_no,
        run_id=held.run.run_id if held.run is not None else None,
        epoch=held.epoch,
        agent=held.agent,
        harness=harness,
        mark=mark,
        told_through=told_through,
        log_path=log_path,
        runner=runner,
    )
    if told_through:  # Its brief holds them in full: no hook need show them again.
        cursors.advance(tx, held.agent, held.thread_no, told_through)
    if session:
        turns.set_session(tx, key, session)
    turn = turns.require(tx, key)
    _tell(tx, turn, "turn_start", thread, obj(turn_no=turn.turn_no, harness=harness))
    return turn


def _supersede(tx: "Tx", held: HeldThread) -> None:
    """End a turn that another machine began under an earlier lease, and of which nobody hears."""
    before = turns.latest(tx, held.thread_no)
    if before is None or before.outcome is not None or before.epoch >= held.epoch:
        return
    if not process_identity.is_of_here(before.runner[2]):
        why = f"its lease ended before it was heard of again; {held.agent} went on"
        end(tx, before, TurnEnd("interrupted", why), "", bus.MessageDraft(why))


def end(
    tx: "Tx",
    turn: Turn,
    facts: TurnEnd,
    action: str,
    draft: bus.MessageDraft,
    not_before_ms: int = 0,
) -> str:
    """End a turn and do to its thread what follows: `done`, `fail`, `release` or nothing.

    Returns what was done; "" when the thread was not ours any more (what `done` and `fail`
    brought to a cancelled one is kept as a late result), or another runner was faster.
    """
    if not turns.end(tx, turn, facts):
        return ""
    thread = leases.require_thread(tx, turn.thread_id)
    acted = action
    try:
        token = ids.lease_token(lease_rows.secret(tx), turn.thread_id, turn.epoch)
        if action == "release":
            holder.release(tx, thread, turn.agent, token, draft.summary, not_before_ms)
        elif action:
            retryable = True if action == "fail" else None
            holder.finish(tx, thread, action, turn.agent, token, draft, retryable)
    except Commit:
        acted = ""
    except Failure as refusal:
        if refusal.code not in ("invalid_state", "lease_conflict"):
            raise
        acted = ""
    payload = obj(
        turn_no=turn.turn_no,
        harness=turn.harness,
        outcome=facts.outcome,
        reported=facts.reported or None,
        final_event=facts.final_event or None,
        exit_status=facts.exit_status,
        commits=facts.commits,
        salvage_ref=facts.salvage_ref or None,
    )
    _tell(tx, turn, "turn_end", thread, payload, f"{facts.outcome}: {facts.reason}"[:300])
    return acted


def _tell(
    tx: "Tx", turn: Turn, kind: str, thread: bus.Thread, payload: str, summary: str = ""
) -> None:
    events.record(
        tx,
        kind,
        turn.agent,
        thread_no=turn.thread_no,
        run_id=thread.run_id,
        task_id=thread.task_id,
        summary=summary,
        payload=payload,
    )


def hold_of_turn(tx: "ReadTx", turn: Turn) -> HeldThread:
    """Return the held a turn had, whoever holds the thread by now."""
    thread = leases.require_thread(tx, turn.thread_id)
    token = ids.lease_token(lease_rows.secret(tx), turn.thread_id, turn.epoch)
    held = HeldThread(thread, thread.lease, turn.agent, token)
    held.epoch = turn.epoch
    return _with_attempt(tx, held)


def give_back(tx: "Tx", held: HeldThread, why: str, wait_ms: int) -> None:
    """Let go of a thread that cannot be worked on now. Raises: as require_holder."""
    thread = leases.require_thread(tx, held.thread_id)
    holder.release(tx, thread, held.agent, held.token, why, wait_ms)


def look_after(tx: "Tx", turn: Turn, runner: "Process") -> bool:
    """Give a turn whose runner is gone to another one; False when others were faster."""
    if not turns.adopt(tx, turn, runner):
        return False
    attempt = attempts.of_thread(tx, turn.thread_no)
    if attempt is not None and attempt.liveness == "gone":
        attempts.set_liveness(tx, attempt.attempt_key, "live")
    return True


def note_gone(tx: "Tx", turn: Turn) -> int:
    """Record that an attempt's worker is gone; return its task's number, 0 if known already."""
    attempt = attempts.of_thread(tx, turn.thread_no)
    if attempt is None or attempt.liveness == "gone" or attempt.status not in WORKED:
        return 0
    attempts.set_liveness(tx, attempt.attempt_key, "gone")
    task = task_rows.by_no(tx, attempt.task_no)
    events.record(
        tx,
        "task_stale",
        "orch",
        thread_no=turn.thread_no,
        run_id=task.run_id,
        task_id=task.task_id,
        status=task.status,
        summary=f"the worker {turn.agent} is gone",
        payload=obj(attempt_no=attempt.attempt_no),
    )
    return int(task.task_no)


def renew(tx: "Tx", held: HeldThread) -> None:
    """Give the lease its full length again, silently. Raises: as require_holder."""
    leases.prove_life(tx, held.thread_id, held.agent, held.token)
