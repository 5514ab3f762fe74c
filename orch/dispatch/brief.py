"""Brief of a worker: the task in words, built by the tool from what is recorded."""

from inbox import reporting
from orch.operations import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Task, Workspace

_LONGEST_TAIL = 4000


def text(task: "Task", workspace: "Workspace", earlier: "list[str]") -> str:
    """Return the brief of an attempt; `earlier` says what came of the ones before.

    Commands name no ids where the worker's environment has them.
    """
    parts = [task.summary or task.title]
    if workspace.place is not None:
        parts = [parts[0] if workspace.repo_id else places.located(parts[0], workspace.place)]
    if task.spec_text:
        parts.append("Specification:\n" + task.spec_text)
    if task.acceptance:
        parts.append("Accepted when: " + task.acceptance)
    if task.allowed_paths != "[]":
        parts.append("Change only: " + task.allowed_paths)
    if task.blocked_paths != "[]":
        parts.append("Do not change: " + task.blocked_paths)
    if workspace.worktree_path:
        parts.append(
            f"Work in {workspace.worktree_path} on branch {workspace.branch_name} "
            f"(from {workspace.start[:12]}); commit there before you report."
        )
    elif workspace.branch_name:
        parts.append(
            f"Work on branch {workspace.branch_name} (from {workspace.start[:12]}), in the "
            "worktree that orch work makes where you are; commit there before you report."
        )
    if workspace.loose:
        names = ", ".join(workspace.loose[:10])
        parts.append(f"Put there for you, and not to be committed: {names}")
    if workspace.place is not None:
        parts.append(places.words(workspace.place, is_shared=bool(workspace.repo_id)))
    if task.required_checks != "[]":
        parts.append("Checked afterwards by: " + task.required_checks)
    parts += earlier
    parts.append(
        f"To ask: {reporting.ASKING}\nTo finish: {reporting.DONE}; if you cannot: {reporting.FAIL}."
    )
    return "\n\n".join(parts)


def of_earlier(attempt_no: int, how: str, branch: str, words: str) -> str:
    """Return what a new attempt is told about the one before it."""
    tail = words if len(words) <= _LONGEST_TAIL else "…" + words[-_LONGEST_TAIL:]
    where = f" Its branch {branch} is kept." if branch else ""
    ended = f" Its last words:\n{tail}" if tail else ""
    return f"Attempt {attempt_no} {how}.{where}{ended}"
