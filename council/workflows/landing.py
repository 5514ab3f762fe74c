"""Verdicts of reviewers on a landing: kinds council and reviewer.

No verdict (abstained, split, no quorum, unreadable) is passed on as none: it never approves.
"""

from council.rows import Council
from council.store import councils as council_rows
from orch.landing import approval_gate, open_queue
from orch.model import Task
from orch.operations import approvals
from orch.store import approvals as approval_rows
from orch.store import entries as entry_rows
from orch.store import tasks as task_rows
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Tally
    from orch.config.model import Config
    from schema.transaction import Database, ReadTx, Tx

_MEANS = {"approve": "approve", "revise": "reject", "block": "reject"}


def settings_of(db: "Database", council: Council) -> "Config | None":
    """Return the settings whose policy a verdict is bound to, None where they cannot be read."""
    if not council.reviewed_task or not council.head_commit:
        return None
    with db.read() as tx:
        task = _task(tx, council)
    if task is None:
        return None
    try:
        return open_queue.settings_for(db, task, council.repo_path)
    except Failure:
        return None


def meaning(verdict: str | None) -> str:
    """Return what a reviewer's verdict means for landing: approve, reject, or "" for none."""
    return _MEANS.get(verdict or "", "")


def give(
    tx: "Tx",
    settings: "Config",
    task: Task,
    head: str,
    *,
    kind: str,
    verdict: str,
    by: str,
    note: str,
) -> None:
    """Record a verdict on a task's head, and what its entries still lack now."""
    digest = approval_gate.digest_of(settings)
    approvals.give_on_work(tx, task, head, digest, kind=kind, verdict=verdict, by=by, note=note)
    approval_gate.see_work(tx, settings, task.task_no, head)


def pass_on(
    tx: "Tx", council: Council, tally: "Tally", settings: "Config | None", *, is_new: bool
) -> str:
    """Record a council's verdict on the task it reviewed; return in words what it counts as.

    A tally that says nothing new is no new word: what an earlier policy or a release made void
    stays so. A council in which somebody sits who worked on the task is no approver.
    """
    task = _task(tx, council)
    if task is None or tally.mode != "code-review":
        return ""
    verdict = meaning(tally.verdict)
    if verdict == "approve" and _is_open(tally):
        return f"no verdict on {task.name} yet: it approves after round two only"
    if not verdict:
        return f"no verdict on {task.name}: it approves nothing"
    if settings is None:
        return f"no verdict on {task.name}: its policy cannot be read"
    owners = {name.casefold() for name in entry_rows.owners(tx, task.task_no)}
    own = sorted(a for a in council_rows.agents(tx, council.run_id) if a.casefold() in owners)
    if own:
        return f"no verdict on {task.name}: {', '.join(own)} worked on it"
    words = approval_rows.of_head(tx, task.task_no, council.head_commit)
    said = [one for one in words if one.given_by == council.run_id]
    if is_new or not said:
        give(
            tx, settings, task, council.head_commit, kind="council", verdict=verdict,
            by=council.run_id, note=f"{tally.verdict} ({tally.status})",
        )  # fmt: skip
    elif said[-1].policy_digest != approval_gate.digest_of(settings):
        return f"void on {task.name}: the policy is another by now; ask a new council"
    elif said[-1].event_id < _released(tx, task, words):
        return f"void on {task.name}: it was released after a reject; ask a new council"
    return f"{verdict} of {task.name}"


def _is_open(tally: "Tally") -> bool:
    """Return whether votes are still to come that may say otherwise."""
    cross = getattr(tally, "cross", None)
    return cross is not None and cross.state == "pending"


def _released(tx: "ReadTx", task: Task, words: list[approval_rows.Approval]) -> int:
    """Return the release of the task's entries that made earlier words void, 0 for none."""
    last = max((entry.released_event for entry in entry_rows.of_task(tx, task.task_no)), default=0)
    rejected = any(one.verdict == "reject" and one.event_id < last for one in words)
    return last if rejected else 0


def _task(tx: "ReadTx", council: Council) -> Task | None:
    run_id, _, task_id = (council.reviewed_task or "").partition("/")
    return task_rows.find(tx, run_id, task_id)
