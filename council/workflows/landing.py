"""What reviewers say of a task's change, as verdicts on its landing: kinds council and reviewer.

No verdict (abstained, split, no quorum, unreadable) is passed on as none: it never approves.
"""

from council.records import Council
from council.store import councils as council_rows
from orch import config
from orch.model import Task
from orch.operations import approvals
from orch.store import entries as entry_rows
from orch.store import tasks as task_rows
from orch.workflows import queue_gate
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Tally
    from schema.transaction import ReadTx, Tx

_MEANS = {"approve": "approve", "revise": "reject", "block": "reject"}


def policy_of(council: Council) -> str:
    """Return the digest of the policy that a verdict is bound to, "" where it cannot be read."""
    if not council.reviewed_task or not council.head_commit:
        return ""
    try:
        return queue_gate.digest_of(config.load(council.repo_path))
    except Failure:
        return ""


def meaning(verdict: str | None) -> str:
    """Return what a reviewer's verdict means for landing: approve, reject, or "" for none."""
    return _MEANS.get(verdict or "", "")


def pass_on(tx: "Tx", council: Council, tally: "Tally", digest: str) -> None:
    """Record a council's verdict on the task it reviewed, unless a reviewer worked on that."""
    verdict = meaning(tally.verdict)
    task = _task(tx, council)
    if not verdict or not digest or task is None or tally.mode != "code-review":
        return
    if council_rows.agents(tx, council.run_id) & entry_rows.owners(tx, task.task_no):
        return
    approvals.give_on_work(
        tx, task, council.head_commit, digest, kind="council", verdict=verdict,
        by=council.run_id, note=f"{tally.verdict} ({tally.status})",
    )  # fmt: skip


def _task(tx: "ReadTx", council: Council) -> Task | None:
    run_id, _, task_id = (council.reviewed_task or "").partition("/")
    return task_rows.find(tx, run_id, task_id)
