"""What happened in a run, row by row: for reports, pictures and figures. Times are ms."""

from orch.store import landings
from orch.store.history_model import (
    AttemptHistory,
    CheckResult,
    History,
    LeaseHistory,
    Question,
    TaskHistory,
    TurnHistory,
)
from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Row

_SQL = queries.load(__file__)


def list_runs(tx: "ReadTx", *, only_open: bool = False) -> list[str]:
    """Return the ids of all runs, or of those that are not closed, the oldest first."""
    block = _SQL["history_open_runs"] if only_open else _SQL["history_runs"]
    return [row[0] for row in tx.many(block)]


def of_run(tx: "ReadTx", run_id: str) -> History:
    """Return everything that happened in a run."""
    tasks = {row[0]: TaskHistory(*row) for row in tx.many(_SQL["history_tasks"], run_id=run_id)}
    attempts: dict[int, AttemptHistory] = {}
    for row in tx.many(_SQL["history_attempts"], run_id=run_id):
        attempts[row[0]] = AttemptHistory(*row)
        tasks[row[1]].attempts.append(attempts[row[0]])
    for key, *rest in tx.many(_SQL["history_leases"], run_id=run_id):
        attempts[key].leases.append(LeaseHistory(*rest))
    for key, *rest in tx.many(_SQL["history_checks"], run_id=run_id):
        attempts[key].checks.append(CheckResult(*rest))
    for key, *rest in tx.many(_SQL["history_turns"], run_id=run_id):
        attempts[key].turns.append(TurnHistory(*rest))
    for row in tx.many(_SQL["history_words"], run_id=run_id):
        _hear(attempts[row[0]], row)
    _verify(tx, run_id, {attempt.thread_no: attempt for attempt in attempts.values()})
    for task_no, landing in landings.of_run(tx, run_id).items():
        tasks[task_no].landing = landing
    edges = [(row[0], row[1]) for row in tx.many(_SQL["history_edges"], run_id=run_id)]
    return History(run_id, tx.now.wall_ms, list(tasks.values()), edges)


def _hear(attempt: AttemptHistory, row: "Row") -> None:
    """Add a question, or give the open ones their answer."""
    _, _, kind, sender, text, at = row
    if kind == "question":
        attempt.questions.append(Question(sender, text, at))
        return
    for question in attempt.questions:
        if question.answered_at is None and question.asked_by != sender:
            question.answer, question.answered_at = text, at


def _verify(tx: "ReadTx", run_id: str, of_thread: "dict[int, AttemptHistory]") -> None:
    """Pair each beginning of a verification with what ended it: a verdict, or a new attempt."""
    begun: dict[str, AttemptHistory] = {}
    for task_id, kind, thread_no, at in tx.many(_SQL["history_verifications"], run_id=run_id):
        if task_id in begun:
            verified = begun.pop(task_id).verifications
            verified[-1] = (verified[-1][0], at)
        if kind == "task_verifying" and thread_no in of_thread:
            begun[task_id] = of_thread[thread_no]
            begun[task_id].verifications.append((at, None))
