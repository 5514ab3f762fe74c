"""Queries of a driver's snapshot, row by row. Reads only."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_SQL = queries.load(__file__)


class OpenTask(queries.Record):
    """A task that is not over, with its newest attempt, that one's last turn, its newest entry."""

    task_no: int
    task_id: str
    status: str
    priority: int
    rank: int
    chain: int
    mode: str
    to: str
    since: int
    event: int
    reason: str
    not_before: int
    overtaken: int
    attempt_no: int
    max_attempts: int
    lost: int
    required_checks: str
    attempt_key: int
    thread_no: int
    assigned_to: str
    attempt_mode: str
    repo: str
    branch: str
    worktree_path: str
    ended: str
    ended_at: int
    head_commit: str
    has_commits: bool
    last_line: str
    is_left: bool
    live: str
    is_claimed: bool
    lease_until: int
    is_answered: bool
    entry_no: int
    entry: str
    entry_text: str
    approvals: str
    entry_event: int


class AttemptEnd(queries.Record):
    """How an attempt ended."""

    task_no: int
    end_class: str
    last_line: str
    at: int


class CheckedOnce(queries.Record):
    """One result of a check."""

    check_name: str
    status: str
    source: str
    head_commit: str
    created_at: int
    summary: str


class IntentUnderWay(queries.Record):
    """A dispatch that somebody has begun."""

    task_no: int
    pid: int
    pid_started: int
    pid_boot: str
    created_at: int


class OpenEntries(queries.Record):
    """The open entries of a queue that are in one status."""

    queue_no: int
    status: str
    count: int
    not_before: int
    event: int
    is_revert: bool


def open_tasks(tx: "ReadTx", run_id: str, limit: int) -> list[OpenTask]:
    """Return the tasks that are neither ready nor over, in order of arrival."""
    return OpenTask.many(tx, _SQL["facts_open"], run_id=run_id, limit=limit)


def ready_tasks(tx: "ReadTx", run_id: str, limit: int) -> list[OpenTask]:
    """Return the first ready tasks in dispatch order."""
    return OpenTask.many(tx, _SQL["facts_ready"], run_id=run_id, limit=limit)


def overtaken_tasks(tx: "ReadTx", run_id: str, most: int, limit: int) -> list[OpenTask]:
    """Return the ready tasks that later ones have overtaken as often as may be."""
    return OpenTask.many(tx, _SQL["facts_overtaken"], run_id=run_id, most=most, limit=limit)


def done_tasks(tx: "ReadTx", run_id: str, limit: int) -> list[OpenTask]:
    """Return the done tasks that have something to land, and are on no target yet."""
    return OpenTask.many(tx, _SQL["facts_done"], run_id=run_id, limit=limit)


def ready_count(tx: "ReadTx", run_id: str) -> int:
    """Return how many tasks are ready."""
    found: int = tx.value(_SQL["facts_ready_count"], run_id=run_id)
    return found


def waits(tx: "ReadTx", run_id: str) -> "dict[int, list[tuple[str, str]]]":
    """Return by planned task (id, status) of what it waits for."""
    found: dict[int, list[tuple[str, str]]] = {}
    for number, task_id, status in tx.many(_SQL["facts_waits"], run_id=run_id):
        found.setdefault(number, []).append((task_id, status))
    return found


def unlanded(tx: "ReadTx", run_id: str) -> dict[int, list[str]]:
    """Return by ready task what it builds on that is done, and on no target yet."""
    found: dict[int, list[str]] = {}
    for number, task_id, _ in tx.many(_SQL["facts_unlanded"], run_id=run_id):
        found.setdefault(number, []).append(task_id)
    return found


def automatic(tx: "ReadTx", run_id: str) -> "dict[int, list[tuple[str, int]]]":
    """Return by task (class, how many attempts were begun for it without a person)."""
    found: dict[int, list[tuple[str, int]]] = {}
    for number, name, count in tx.many(_SQL["facts_automatic"], run_id=run_id):
        found.setdefault(number, []).append((name, count))
    return found


def late(tx: "ReadTx", run_id: str) -> dict[int, int]:
    """Return by failed task its newest attempt that reported after its end."""
    return {row[0]: row[1] for row in tx.many(_SQL["facts_late"], run_id=run_id)}


def ends(tx: "ReadTx", run_id: str, since: int, limit: int) -> list[AttemptEnd]:
    """Return how attempts ended after a moment (ms), the newest first."""
    return AttemptEnd.many(tx, _SQL["facts_ends"], run_id=run_id, since=since, limit=limit)


def checks(tx: "ReadTx", attempt_key: int) -> list[CheckedOnce]:
    """Return every result of an attempt's checks, oldest first."""
    return CheckedOnce.many(tx, _SQL["facts_checks"], attempt_key=attempt_key)


def stale_at(tx: "ReadTx", thread_no: int) -> int:
    """Return when the worker of a thread was missed, 0 for never."""
    found: int = tx.value(_SQL["facts_stale_at"], thread_no=thread_no)
    return found


def question(tx: "ReadTx", thread_no: int) -> str:
    """Return what was asked last in a thread, "" for nothing."""
    found: str = tx.value(_SQL["facts_question"], thread_no=thread_no)
    return found


def intents(tx: "ReadTx", run_id: str) -> list[IntentUnderWay]:
    """Return the dispatches under way in a run."""
    return IntentUnderWay.many(tx, _SQL["facts_intents"], run_id=run_id)


def entries(tx: "ReadTx", run_id: str) -> list[OpenEntries]:
    """Return the open entries, by status, of the queues that a run has entries in."""
    return OpenEntries.many(tx, _SQL["facts_entries"], run_id=run_id)


def landed(tx: "ReadTx", run_id: str) -> int:
    """Return how many tasks of a run are on a target."""
    found: int = tx.value(_SQL["facts_landed"], run_id=run_id)
    return found


def newest(tx: "ReadTx", run_id: str, after: int) -> "dict[str, tuple[int, int]]":
    """Return (id, moment) of the newest event after one of each kind that passes ask for."""
    rows = tx.many(_SQL["facts_newest"], run_id=run_id, after=after)
    return {row[0]: (row[1], row[2]) for row in rows}


def last(tx: "ReadTx", run_id: str) -> int:
    """Return the newest event of a run, 0 for none."""
    found: int = tx.value(_SQL["facts_last"], run_id=run_id)
    return found


def news(tx: "ReadTx", run_id: str, after: int) -> int:
    """Return the newest event after one that may matter to a queue of the run, 0 for none."""
    found: int = tx.value(_SQL["facts_news"], run_id=run_id, after=after)
    return found


def harness(tx: "ReadTx", run_id: str, name: str) -> "tuple[str, str, int, int] | None":
    """Return (outcome, reason, until when put off, its number) of a client's newest turn."""
    row = tx.maybe(_SQL["facts_harness"], run_id=run_id, harness=name)
    return (row[0], row[1], row[2], row[3]) if row else None


def is_any_standing(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a worktree stands whose task is over."""
    return tx.maybe(_SQL["facts_standing"], run_id=run_id) is not None


def is_any_open(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a task of a run is neither over nor on a target."""
    return bool(tx.value(_SQL["facts_any_open"], run_id=run_id))
