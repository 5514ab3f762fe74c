"""lock list: who holds a lock, and who waits for it."""

from inbox.cli import plain
from orch.operations import runs
from orch.store import tasks as store
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from inbox.cli.call import Call

    Answer = dict[str, Any]


def list_locks(call: "Call", *, run: str | None) -> None:
    """List the locks of open tasks, by name."""
    with call.db.read() as tx:
        if run is not None:
            runs.require(tx, run)
        call.say(obj(run_id=run, locks=array(store.lock_documents(tx, run))))


def _list(answer: "Answer") -> str:
    lines = []
    for lock, holder, waiting in plain.columns(answer.get("locks"), "lock held_by waiting"):
        text = f"{lock} is free"
        if holder:
            run, task, status, who, since = plain.values(
                holder, "run_id task_id status assigned_to since"
            )
            by = f" by {who}" if who else ""
            when = f", {plain.ago(since)}" if since else ""
            text = f"{lock} is held by {run}/{task} ({status}{by}{when})"
        wanted = plain.columns(waiting, "run_id task_id status")
        names = [f"{run}/{task} ({status})" for run, task, status in wanted]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        lines.append(text + (f"; wanted by {', '.join(names[:10])}{more}" if names else ""))
    return "\n".join(lines) or "no open task names a lock"


VIEWS: "dict[str, Callable[[Answer], str]]" = {"lock list": _list}
