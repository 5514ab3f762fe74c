"""Rows of `entry`: what is on its way to a target, and what landed."""

from orch.machines import ENTRY
from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)
# In which statuses an entry has a place in the landing order.
ON_ITS_WAY = (*ENTRY.moving, "landing")


class Entry(queries.Record):
    """An entry as operations and passes see it; `changed_paths`, `facts`, `approvals` are JSON."""

    entry_no: int
    queue_no: int
    run_id: str
    kind: str
    task_no: int | None
    attempt_key: int | None
    reverts: int | None
    head_commit: str
    base_commit: str
    strategy: str
    priority: int
    rank: int
    status: str
    reason: str
    changed_paths: str
    facts: str
    bounces: int
    overtaken: int
    failures: int
    conflicts: int
    errors: int
    flakes: int
    not_before_at: int
    tested_tree: str
    landed_commit: str
    landed_on: str
    risk: str
    approvals: str
    position: int | None
    why: str
    queued_event: int
    released_event: int
    repo_path: str
    target: str
    task_id: str | None

    @property
    def entry_id(self) -> str:
        """How a person names it."""
        return f"ent_{self.entry_no}"

    @property
    def task_number(self) -> int:
        """Its task's number; asked only of entries of kind "task": their rows have one."""
        assert self.task_no is not None, self.entry_id
        return self.task_no

    @property
    def name(self) -> str:
        """How a person recognises it: run/task, or what else it is."""
        return f"{self.run_id}/{self.task_id}" if self.task_id else f"{self.kind} of {self.run_id}"


def find(tx: "ReadTx", entry_no: int) -> Entry | None:
    """Return the entry, or None."""
    return Entry.maybe(tx, _SQL["entry_find"], entry_no=entry_no)


def get(tx: "ReadTx", entry_no: int) -> Entry:
    """Return the entry with this number."""
    return Entry.one(tx, _SQL["entry_find"], entry_no=entry_no)


def of_task(tx: "ReadTx", task_no: int) -> list[Entry]:
    """Return the entries of a task, the newest first."""
    return [get(tx, row[0]) for row in tx.many(_SQL["entry_of_task"], task_no=task_no)]


def open_of_attempt(tx: "ReadTx", queue_no: int, attempt_key: int) -> int | None:
    """Return the open entry that brings an attempt to a queue's target, or None."""
    row = tx.maybe(_SQL["entry_of_tasks_attempt"], queue_no=queue_no, attempt_key=attempt_key)
    return row[0] if row else None


def open_of_queue(tx: "ReadTx", queue_no: int) -> list[Entry]:
    """Return every entry of a queue that is not final."""
    return Entry.many(tx, _SQL["entry_open_of_queue"], queue_no=queue_no)


def landed_of(tx: "ReadTx", run_id: str, queue_no: int) -> list[Entry]:
    """Return a run's entries that landed by a queue, the newest first."""
    rows = tx.many(_SQL["entry_landed_of_queue"], run_id=run_id, queue_no=queue_no)
    return [get(tx, row[0]) for row in rows]


def landed_after(tx: "ReadTx", entry: Entry) -> list[Entry]:
    """Return what landed on the same target after an entry, oldest first."""
    rows = tx.many(_SQL["entry_landed_after"], queue_no=entry.queue_no, entry_no=entry.entry_no)
    return [get(tx, row[0]) for row in rows]


def insert(tx: "Tx", values: dict[str, object]) -> int:
    """Add an entry and return its number."""
    entry_no: int = tx.value(_SQL["entry_insert"], **values)
    return entry_no


def move(
    tx: "Tx",
    entry: Entry,
    target: str,
    event_id: int,
    reason: str,
    count: str = "",
    not_before: int = 0,
) -> None:
    """Move the entry from the status it was read with; the object follows."""
    tx.one(
        _SQL["entry_move"],
        entry_no=entry.entry_no,
        source=entry.status,
        target=target,
        event_id=event_id,
        reason=reason,
        count=count,
        not_before=not_before,
        on_its_way=target in ON_ITS_WAY,
    )
    entry.status, entry.reason = target, reason


def count(tx: "Tx", entry_no: int, counter: str) -> None:
    """Raise one of its counters."""
    tx.execute(_SQL["entry_count"], entry_no=entry_no, count=counter)


def forgive(tx: "Tx", entry_no: int, event_id: int) -> None:
    """Let earlier failures count no more: a person released it by this event."""
    tx.execute(_SQL["entry_forgive"], entry_no=entry_no, event_id=event_id)


def set_landed(tx: "Tx", entry: Entry, commit: str, tree: str) -> None:
    """Record where it landed; the move to `landed` follows in the same transaction."""
    tx.execute(
        _SQL["entry_land"], entry_no=entry.entry_no, commit=commit, tree=tree, target=entry.target
    )


def see(
    tx: "Tx", entry_no: int, risk: str, approvals: Json, position: int | None, why: str
) -> None:
    """Record what a pass found out about it."""
    tx.execute(
        _SQL["entry_see"],
        entry_no=entry_no,
        risk=risk,
        approvals=approvals,
        position=position,
        why=why,
    )


def roll_back(tx: "Tx", entry_no: int, by_no: int | None) -> None:
    """Record by which entry it was taken back; None: by none that still counts."""
    tx.execute(_SQL["entry_roll_back"], entry_no=entry_no, by_no=by_no)


def untold(tx: "ReadTx", entry_no: int) -> list[str]:
    """Return what of an entry, its task and its approvals the events do not tell, in words."""
    return [str(row[0]) for row in tx.many(_SQL["entry_untold"], entry_no=entry_no)]


def document(tx: "ReadTx", entry_no: int) -> Json:
    """Return the published JSON of one entry."""
    return tx.json(_SQL["entry_document"], entry_no=entry_no)


def chosen(
    tx: "ReadTx", run_id: str | None, queue_no: int | None, statuses: Json | None
) -> list[Entry]:
    """Return a run's entries, or a queue's, or all."""
    rows = tx.many(_SQL["entry_list"], run_id=run_id, queue_no=queue_no, statuses=statuses)
    return [get(tx, row[0]) for row in rows]


def waiting_on(tx: "ReadTx", task_no: int) -> list[Entry]:
    """Return the open entries of the tasks that depend on a task."""
    return [get(tx, row[0]) for row in tx.many(_SQL["entry_waiting_on"], task_no=task_no)]


def dependents(tx: "ReadTx", task_no: int) -> "list[tuple[int, str, str]]":
    """Return (number, id, status) of the tasks that depend on a task, at any distance."""
    rows = tx.many(_SQL["entry_dependents"], task_no=task_no)
    return [(row[0], row[1], row[2]) for row in rows]


def owners(tx: "ReadTx", task_no: int) -> set[str]:
    """Return everybody who was given an attempt of the task."""
    return {str(row[0]) for row in tx.many(_SQL["entry_owners"], task_no=task_no)}


def task_facts(tx: "ReadTx", task_no: int) -> "tuple[str, int, int]":
    """Return (risk, rank, priority) of a task."""
    row = tx.one(_SQL["entry_task_facts"], task_no=task_no)
    return row[0], row[1], row[2]


def targets(tx: "ReadTx", task_no: int, repo_path: str) -> list[str]:
    """Return the full refs on which a task's work landed in a repository."""
    rows = tx.many(_SQL["entry_targets"], task_no=task_no, repo_path=repo_path)
    return [str(row[0]) for row in rows]


def branch_of(tx: "ReadTx", entry: Entry) -> str:
    """Return the branch of the attempt that an entry is of, "" where it has none."""
    row = tx.maybe(_SQL["entry_branch"], attempt_key=entry.attempt_key)
    return str(row[0] or "") if row else ""


def landed_on_paths(tx: "ReadTx", queue_no: int, files: Json) -> list[Entry]:
    """Return what landed by a queue and changed any of the files, the newest first."""
    rows = tx.many(_SQL["entry_conflicting"], queue_no=queue_no, files=files)
    return [get(tx, row[0]) for row in rows]


def revert_of(tx: "ReadTx", entry_no: int) -> int | None:
    """Return the open entry that takes an entry back, or None."""
    row = tx.maybe(_SQL["entry_revert_of"], entry_no=entry_no)
    return row[0] if row else None


def landed_with(tx: "ReadTx", entry_no: int, commit: str) -> bool:
    """Say whether another entry landed at `commit` in the same landing as this one."""
    found = tx.maybe(_SQL["entry_landed_with"], entry_no=entry_no, commit_id=commit)
    return found is not None


def reverted_by(tx: "ReadTx", queue_no: int, task_no: int, attempt_key: int) -> int | None:
    """Return the entry that took an attempt back from a target, or None."""
    row = tx.maybe(
        _SQL["entry_rolled_back"], queue_no=queue_no, task_no=task_no, attempt_key=attempt_key
    )
    return row[0] if row else None


def integrating(tx: "ReadTx", queue_no: int, run_id: str) -> list[Entry]:
    """Return the open entries that bring a run's integration branch to a target."""
    rows = tx.many(_SQL["entry_integrating"], queue_no=queue_no, run_id=run_id)
    return [get(tx, row[0]) for row in rows]


def document_seen(
    tx: "ReadTx", entry_no: int, position: int | None, why: str, approvals: Json, risk: str
) -> Json:
    """Return the published JSON of one entry, with what a look at git has just shown."""
    return tx.json(
        _SQL["entry_document_seen"],
        entry_no=entry_no,
        position=position,
        why=why,
        approvals=approvals,
        risk=risk,
    )
