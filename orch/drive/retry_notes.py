"""Notes for an attempt that is begun by itself, beside the last words of the one before.

By the class of end that it answers: what was wrong, what was kept, what would mend it.
"""

import json

from inbox import reporting
from orch.model import Attempt
from orch.steps.model import git
from orch.store import approvals, turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx

_MOST_PATHS = 20
_WORDS = {
    "no_change": "It ended without a commit or a report. If nothing is to be done, say so: "
    f"{reporting.DONE}",
    "gone": "Nothing was heard of its worker any more. Look at what there is before you begin.",
    "check_failed": "Its work is done but for those checks: mend what fails.",
    "revise": "Whoever reviewed it asks for changes.",
}


def note(tx: "ReadTx", before: Attempt, cause: str) -> str:
    """Return what the next attempt is told about `before`, which ended as `cause`."""
    turn = turns.latest(tx, before.thread_no)
    parts = [_WORDS.get(cause, "")]
    if cause == "timeout" and turn is not None:
        parts.append(f"It was ended because it took too long: {turn.reason}.")
    if cause == "paths":
        parts.append(_paths(before))
    if cause == "revise":
        parts += _findings(tx, before)
    if saved := turns.salvage_ref(tx, before.thread_no):
        step = git("restore", "--source", saved, "--", ".")
        parts.append(f"What it had not committed is kept: {step.line}")
    return "\n".join(part for part in parts if part)


def _paths(before: Attempt) -> str:
    """Return which paths are to be as they were, and how."""
    wrong = json.loads(before.path_violations or "[]")
    if not wrong:
        return ""
    step = git(
        "restore", "--source", before.base_commit, "--staged", "--worktree", "--",
        *wrong[:_MOST_PATHS],
    )  # fmt: skip
    more = f" (and {len(wrong) - _MOST_PATHS} more)" if len(wrong) > _MOST_PATHS else ""
    return f"It changed paths that the task does not own; bring them back{more}: {step.line}"


def _findings(tx: "ReadTx", before: Attempt) -> list[str]:
    """Return what the reviewers of its head said, the newest word of each."""
    said = {
        one.given_by: one.note
        for one in approvals.of_head(tx, before.task_no, before.head_commit or "")
        if one.verdict == "reject"
    }
    return [f"{name}: {words}" for name, words in said.items() if words]
