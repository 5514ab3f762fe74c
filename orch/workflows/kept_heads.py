"""The heads of finished work, kept by refs of our own until their attempt is cleaned up.

Between `done` and `queue add` only the attempt's branch holds what was recorded, and anybody may
delete a branch. A ref goes with the worktree, where another ref holds the head by then.
"""

from orch import git
from orch.model import Attempt
from schema.failures import Failure

KEPT = "refs/orch/heads/"
_HOLDING = ("refs/heads/", "refs/tags/", "refs/remotes/", "refs/orch/")


def ref_of(run_id: str, task_id: str, attempt_no: int) -> str:
    """Return the ref that keeps an attempt's head."""
    salvage = git.salvage_ref(run_id, task_id, attempt_no)
    return KEPT + salvage.removeprefix(git.SALVAGE)


def keep(repo: git.Repository, run_id: str, task_id: str, attempt: Attempt, head: str) -> None:
    """Keep a head that is about to be recorded. Raises: git_error."""
    if head == attempt.base_commit:
        return
    ref = ref_of(run_id, task_id, attempt.attempt_no)
    old = git.read_ref(repo, ref)
    if old == head or git.swap_ref(repo, ref, head, old, "orch: work is done"):
        return
    if git.read_ref(repo, ref) != head:
        raise Failure("git_error", "failed", f"{ref} is being changed by others")


def let_go(repo: git.Repository, run_id: str, task_id: str, attempt: Attempt) -> None:
    """Delete the ref of a cleaned attempt, where another one holds the head. Raises: git_error."""
    ref = ref_of(run_id, task_id, attempt.attempt_no)
    kept = git.read_ref(repo, ref)
    if kept and git.list_refs(repo, *_HOLDING, contains=kept).keys() - {ref}:
        git.swap_ref(repo, ref, "", kept, "orch: cleaned up")
