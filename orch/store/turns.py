"""Rows of `turn`: each start of an agent's program for a thread."""

from schema import queries
from schema.json_text import Json, dumps
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

    Process = tuple[int, int, str]

_SQL = queries.load(__file__)


class Turn(queries.Record):
    """A turn as operations see it; `pid` is None until its program was started."""

    turn_key: int
    thread_no: int
    thread_id: str
    turn_no: int
    run_id: str | None
    epoch: int
    agent: str
    harness: str
    mark: str
    session: str
    told_through: int
    log_path: str
    runner_pid: int
    runner_started: int
    runner_boot: str
    pid: int | None
    pid_started: int | None
    pid_boot: str | None
    stop_reason: str | None
    outcome: str | None
    reason: str
    started_at: int

    @property
    def runner(self) -> "Process":
        """The process that looks after it."""
        return self.runner_pid, self.runner_started, self.runner_boot

    @property
    def process(self) -> "Process | None":
        """Which process it is, None before its start was recorded."""
        if self.pid is None or self.pid_started is None or self.pid_boot is None:
            return None
        return self.pid, self.pid_started, self.pid_boot


class TurnEnd(Value):
    """The facts of a turn that ended, as they are stored."""

    outcome: str
    reason: str
    reported: str = ""
    final_event: str = ""
    exit_status: int | None = None
    commits: int | None = None
    uncommitted: int | None = None
    salvage_ref: str = ""
    strays: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    session: str = ""
    last_line_at: int | None = None  # Of one that nobody saw end.


def begin(
    tx: "Tx",
    *,
    thread_no: int,
    run_id: str | None,
    epoch: int,
    agent: str,
    harness: str,
    mark: str,
    told_through: int,
    log_path: str,
    runner: "Process",
) -> int:
    """Add a running turn and return its key; the thread must have no other."""
    key: int = tx.value(
        _SQL["turn_begin"],
        thread_no=thread_no,
        run_id=run_id,
        epoch=epoch,
        agent=agent,
        harness=harness,
        mark=mark,
        told_through=told_through,
        log_path=log_path,
        runner_pid=runner[0],
        runner_started=runner[1],
        runner_boot=runner[2],
    )
    return key


def started(tx: "Tx", turn_key: int, thread_no: int, process: "Process") -> None:
    """Record which process the turn is, on its attempt too."""
    pid, begun, boot = process
    tx.execute(_SQL["turn_started"], turn_key=turn_key, pid=pid, pid_started=begun, pid_boot=boot)
    tx.execute(
        _SQL["turn_set_process"], thread_no=thread_no, pid=pid, pid_started=begun, pid_boot=boot
    )


def adopt(tx: "Tx", turn: Turn, runner: "Process") -> bool:
    """Make `runner` look after a turn in place of the one that did; False if others were faster."""
    changed = tx.execute(
        _SQL["turn_adopt"],
        turn_key=turn.turn_key,
        runner_pid=runner[0],
        runner_started=runner[1],
        runner_boot=runner[2],
        old_pid=turn.runner_pid,
        old_started=turn.runner_started,
        old_boot=turn.runner_boot,
    )
    return changed > 0


def ask_stop(tx: "Tx", turn: Turn, reason: str) -> None:
    """Ask the runner to end the turn; the first reason stays."""
    tx.ring("thread=" + turn.thread_id)
    tx.execute(_SQL["turn_ask_stop"], turn_key=turn.turn_key, reason=reason)


def set_session(tx: "Tx", turn_key: int, session: str) -> None:
    """Remember by which id the client's session can be resumed."""
    tx.execute(_SQL["turn_set_session"], turn_key=turn_key, session=session)


def end(tx: "Tx", turn: Turn, facts: TurnEnd) -> bool:
    """Store how the turn ended; False if that was stored already."""
    tx.ring("thread=" + turn.thread_id)
    changed = tx.execute(
        _SQL["turn_end"],
        turn_key=turn.turn_key,
        outcome=facts.outcome,
        reason=facts.reason[:2000],
        reported=facts.reported,
        final_event=facts.final_event,
        exit_status=facts.exit_status,
        commits=facts.commits,
        uncommitted=facts.uncommitted,
        salvage_ref=facts.salvage_ref,
        strays=facts.strays,
        input_tokens=facts.input_tokens,
        output_tokens=facts.output_tokens,
        cost_microusd=None if facts.cost_usd is None else round(facts.cost_usd * 1e6),
        session=facts.session,
        last_line_at=facts.last_line_at,
    )
    return changed > 0


def require(tx: "ReadTx", turn_key: int) -> Turn:
    """Return a turn that must exist."""
    return Turn.one(tx, _SQL["turn_find"], turn_key=turn_key)


def is_over(tx: "ReadTx", mark: str) -> bool | None:
    """Say whether the turn with a mark has ended; None when there is none."""
    row = tx.maybe(_SQL["turn_is_over"], mark=mark)
    return None if row is None else bool(row[0])


def run_of_ended(tx: "ReadTx", mark: str) -> str | None:
    """Return the run of the turn with a mark, if it has ended; None too where it has no run."""
    row = tx.maybe(_SQL["turn_run_of_ended"], mark=mark)
    return None if row is None else row[0]


def latest(tx: "ReadTx", thread_no: int) -> Turn | None:
    """Return the thread's newest turn, None before the first."""
    return Turn.maybe(tx, _SQL["turn_latest"], thread_no=thread_no)


def running(tx: "ReadTx", agent: str | None = None) -> list[Turn]:
    """Return the turns that have not ended: an agent's, or all."""
    return Turn.many(tx, _SQL["turn_open_of_agent"], agent=agent)


def of_processes(tx: "ReadTx", processes: "list[Process]") -> str:
    """Return the agent and thread of a turn that is one of these processes, "" if none is."""
    row = tx.maybe(_SQL["turn_of_processes"], processes=dumps(processes))
    return f"({row[0]} on {row[1]})" if row else ""


def running_of_run(tx: "ReadTx", run_id: str) -> list[Turn]:
    """Return the run's turns that have not ended."""
    return Turn.many(tx, _SQL["turn_open_of_run"], run_id=run_id)


def waiting(tx: "ReadTx", agent: str) -> list[str]:
    """Return the ids of the agent's threads that wait for an answer with nobody at work."""
    return [row[0] for row in tx.many(_SQL["turn_waiting_of_agent"], agent=agent)]


def in_a_row(tx: "ReadTx", thread_no: int, outcome: str) -> int:
    """Return how many of the thread's newest turns ended so: limited, interrupted."""
    found: int = tx.value(_SQL["turn_in_a_row"], thread_no=thread_no, outcome=outcome)
    return found


def salvage_ref(tx: "ReadTx", thread_no: int) -> str:
    """Return the ref of what a thread's turns left uncommitted, the newest; "" for nothing."""
    row = tx.maybe(_SQL["turn_salvage"], thread_no=thread_no)
    return row[0] if row else ""


def session_usage(tx: "ReadTx", thread_no: int, session: str) -> tuple[int, int, float]:
    """Return (input tokens, output tokens, dollars) of the ended turns of a session."""
    row = tx.one(_SQL["turn_session_usage"], thread_no=thread_no, session=session)
    return row[0], row[1], row[2] / 1e6


def commits_before(tx: "ReadTx", thread_no: int) -> int:
    """Return how many commits the attempt had when its last turn ended."""
    found: int = tx.value(_SQL["turn_commits_before"], thread_no=thread_no)
    return found


def question(tx: "ReadTx", thread_no: int, agent: str) -> tuple[int, int]:
    """Return (the newest question's event or 0, the first word of others since or 0)."""
    asked, answered = tx.one(_SQL["turn_question"], thread_no=thread_no, agent=agent)
    return asked, answered


def activity(tx: "ReadTx", thread_no: int) -> int:
    """Return a number that grows with each message of the thread."""
    found: int = tx.value(_SQL["turn_activity"], thread_no=thread_no)
    return found


def document(tx: "ReadTx", turn_key: int) -> Json:
    """Return the published JSON of one turn."""
    return tx.json(_SQL["turn_document"], turn_key=turn_key)


def documents(tx: "ReadTx", run_id: str, task_no: int | None, limit: int) -> list[Json]:
    """Return the published JSON of a run's newest turns, or of one task's."""
    rows = tx.many(_SQL["turn_documents"], run_id=run_id, task_no=task_no, limit=limit)
    return [Json(row[0]) for row in rows]


def usage(tx: "ReadTx", run_id: str, task_no: int | None = None) -> Json:
    """Return what a run's turns took, or all of one task's."""
    return tx.json(_SQL["turn_usage"], run_id=run_id, task_no=task_no)


def shares(tx: "ReadTx", run_id: str, task_no: int | None = None, *, by_agent: bool) -> Json:
    """Return the same, task by task or agent by agent."""
    return tx.json(_SQL["turn_usage_shares"], run_id=run_id, task_no=task_no, by_agent=by_agent)


def names_on(tx: "ReadTx", machine_id: str) -> list[str]:
    """Return what is at work on a machine, as people call it."""
    return [str(row[0]) for row in tx.many(_SQL["turn_names_on"], machine_id=machine_id)]


def keep_log(tx: "Tx", turn_key: int, size: int, head: str, tail: str) -> None:
    """Keep the ends of a turn's log for other machines."""
    tx.execute(_SQL["turn_log_keep"], turn_key=turn_key, size=size, head=head, tail=tail)


def kept_log(tx: "ReadTx", turn_key: int) -> tuple[int, str, str] | None:
    """Return (size, head, tail) of a turn's log, None where none was kept."""
    row = tx.maybe(_SQL["turn_log_find"], turn_key=turn_key)
    return (int(row[0]), str(row[1]), str(row[2])) if row else None
