"""History of a run, row by row: for reports, pictures and figures. Times are ms."""

from orch.store import landings
from orch.store.history_model import (
    AttemptHistory,
    CheckResult,
    EntryHistory,
    History,
    LeaseHistory,
    Question,
    TaskHistory,
    TurnHistory,
)
from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


class Word(queries.Record):
    """A question or an answer in an attempt's thread."""

    attempt_key: int
    kind: str
    sender: str
    text: str
    at: int


def list_runs(tx: "ReadTx", *, only_open: bool = False) -> list[str]:
    """Return the ids of all runs, or of those that are not closed, the oldest first."""
    block = _SQL["history_open_runs"] if only_open else _SQL["history_runs"]
    return [row[0] for row in tx.many(block)]


def of_run(tx: "ReadTx", run_id: str) -> History:
    """Return everything that happened in a run."""
    tasks = {
        row["task_no"]: TaskHistory(**row)
        for row in queries.named(tx, _SQL["history_tasks"], run_id=run_id)
    }
    attempts: dict[int, AttemptHistory] = {}
    for row in queries.named(tx, _SQL["history_attempts"], run_id=run_id):
        attempts[row["attempt_key"]] = attempt = AttemptHistory(**row)
        tasks[attempt.task_no].attempts.append(attempt)
    for row in queries.named(tx, _SQL["history_leases"], run_id=run_id):
        attempts[row.pop("attempt_key")].leases.append(LeaseHistory(**row))
    for row in queries.named(tx, _SQL["history_checks"], run_id=run_id):
        attempts[row.pop("attempt_key")].checks.append(CheckResult(**row))
    for row in queries.named(tx, _SQL["history_turns"], run_id=run_id):
        attempts[row.pop("attempt_key")].turns.append(TurnHistory(**row))
    for word in Word.many(tx, _SQL["history_words"], run_id=run_id):
        _hear(attempts[word.attempt_key], word)
    _verify(tx, run_id, {attempt.thread_no: attempt for attempt in attempts.values()})
    for task_no, landing in landings.of_run(tx, run_id).items():
        tasks[task_no].landing = landing
    for row in queries.named(tx, _SQL["history_entries"], run_id=run_id):
        tasks[row.pop("task_no")].entries.append(EntryHistory(**row))
    for (task_no,) in tx.many(_SQL["history_attended"], run_id=run_id):
        tasks[task_no].is_attended = True
    for (task_no,) in tx.many(_SQL["history_tied"], run_id=run_id):
        tasks[task_no].is_tied = True
    edges = [(row[0], row[1]) for row in tx.many(_SQL["history_edges"], run_id=run_id)]
    return History(run_id, tx.now.wall_ms, list(tasks.values()), edges)


def _hear(attempt: AttemptHistory, word: Word) -> None:
    """Add a question, or give the open ones their answer."""
    if word.kind == "question":
        attempt.questions.append(Question(word.sender, word.text, word.at))
        return
    for question in attempt.questions:
        if question.answered_at is None and question.asked_by != word.sender:
            question.answer, question.answered_at = word.text, word.at


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
