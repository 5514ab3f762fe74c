"""Required checks of an entry of the merge queue: the queue's own and its task's."""

import json

from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import tasks as task_rows
from orch.store.entries import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from schema.transaction import ReadTx


def of_entry(tx: "ReadTx", settings: "Config", entry: Entry) -> list[str]:
    """Return the names of the checks that an entry must pass, sorted: outside ones too."""
    wanted = set(settings.queue.checks)
    if entry.task_no is not None:
        wanted |= set(json.loads(task_rows.by_no(tx, entry.task_no).required_checks))
    if entry.kind == "integrate":
        wanted |= _of_landed(tx, entry)
    return sorted(wanted)


def _of_landed(tx: "ReadTx", entry: Entry) -> set[str]:
    """Return the checks of the tasks that an integration branch holds."""
    found: set[str] = set()
    for queue in queue_rows.all_of(tx, entry.run_id):
        if queue.queue_no == entry.queue_no or queue.repo_path != entry.repo_path:
            continue
        for one in entry_rows.landed_of(tx, entry.run_id, queue.queue_no):
            if one.task_no is not None:
                found |= set(json.loads(task_rows.by_no(tx, one.task_no).required_checks))
    return found
