"""Candidates: an entry put on top of a commit, and what is known of a conflict."""

import json

from orch.git import candidates, names, workbench
from orch.landing.open_queue import OpenQueue
from orch.landing.runner_lease import RunnerLease
from orch.store import entries as entry_rows
from orch.store import tasks as task_rows
from orch.store import trials
from orch.store.entries import Entry
from schema.json_text import array
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_MOST_OTHERS = 10


def put_on_top(
    lease: RunnerLease, opened: OpenQueue, entry: Entry, onto: str, bench: "workbench.Workbench"
) -> "candidates.Candidate":
    """Return an entry's candidate on top of a commit, or its conflict. Raises: git_error."""
    message = message_of(lease.db, entry)
    if entry.reverts is not None:
        with lease.db.read() as tx:
            before = trials.made_on(tx, entry.queue_no, entry.reverts, entry.head_commit)
        # No union: keeping the lines of both sides would keep what is to be taken back.
        return candidates.make_revert(
            opened.repo, onto, entry.head_commit, message, before=before, bench=bench
        )
    return candidates.make_candidate(
        opened.repo,
        onto,
        entry.head_commit,
        entry.base_commit,
        entry.strategy,
        message,
        fast_forward=entry.kind == "integrate",
        union=opened.settings.queue.union,
        bench=bench,
    )


def message_of(db: "Database", entry: Entry) -> str:
    """Return the message of an entry's commit: what landed, by its names."""
    if entry.kind == "integrate":
        return f"Integrate run {entry.run_id}\n\nOrch-Entry: {entry.entry_id}\n"
    with db.read() as tx:
        title = task_rows.by_no(tx, entry.task_no).title if entry.task_no is not None else ""
    subject = names.display(" ".join(title.split()))[:200] or entry.name
    if entry.kind == "revert":
        return (
            f'Revert "{subject}"\n\nThis takes back {entry.head_commit}.\n\n'
            f"Orch-Task: {entry.name}\nOrch-Entry: {entry.entry_id}\n"
        )
    return f"{subject}\n\nOrch-Task: {entry.name}\nOrch-Entry: {entry.entry_id}\n"


class Conflict(Value):
    """An entry that did not merge: with which files, in git's sentences, and what landed there."""

    onto: str
    files: list[str]
    notes: list[str]
    landed: list[str]

    def document(self) -> dict[str, object]:
        """Return the published shape."""
        return {
            "onto": self.onto, "files": self.files[:200], "notes": self.notes[:200],
            "landed": self.landed,
        }  # fmt: skip


def read(db: "Database", entry: Entry) -> Conflict | None:
    """Return an entry's newest conflict, None when it has none."""
    with db.read() as tx:
        built = trials.conflict_of(tx, entry.queue_no, entry.entry_no)
        if built is None:
            return None
        files: list[str] = json.loads(built.files)
        landed = []
        for other in entry_rows.landed_on_paths(tx, entry.queue_no, array(files)):
            if other.entry_no == entry.entry_no or other.task_no is None:
                continue
            task = task_rows.by_no(tx, other.task_no)
            words = f"{other.name} ({other.landed_commit[:12]}): {task.title}"
            if task.summary:
                words += f"\n  {task.summary}"
            landed.append(words)
    notes = [line for line in built.notes.split("\n") if line]
    return Conflict(built.onto, [names.display(f) for f in files], notes, landed[:_MOST_OTHERS])
