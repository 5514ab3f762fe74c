"""The heads of finished work, kept by refs of our own until it has landed and was cleaned up.

Between `done` and `queue add` only the attempt's branch holds what was recorded, and anybody may
delete a branch. A ref goes after the worktree, where another ref holds the head by then.
"""

from orch.git import names, refs, repository
from orch.git import salvage as git_salvage
from orch.model import Attempt
from schema.failures import Failure

KEPT = "refs/orch/heads/"
_HOLDING = ("refs/heads/", "refs/tags/", "refs/remotes/", "refs/orch/")


def ref_of(run_id: str, task_id: str, attempt_no: int) -> str:
    """Return the ref that keeps an attempt's head."""
    salvage = names.salvage_ref(run_id, task_id, attempt_no)
    return KEPT + salvage.removeprefix(git_salvage.SALVAGE)


def keep(
    repo: repository.Repository, run_id: str, task_id: str, attempt: Attempt, head: str
) -> None:
    """Keep a head that is about to be recorded. Raises: git_error."""
    if head == attempt.base_commit:
        return
    ref = ref_of(run_id, task_id, attempt.attempt_no)
    old = refs.read_ref(repo, ref)
    if old == head or refs.swap_ref(repo, ref, head, old, "orch: work is done"):
        return
    if refs.read_ref(repo, ref) != head:
        raise Failure("git_error", "failed", f"{ref} is being changed by others")


def delete(repo: repository.Repository, run_id: str, task_id: str, attempt: Attempt) -> None:
    """Delete the ref of a cleaned attempt, where another one holds the head. Raises: git_error."""
    ref = ref_of(run_id, task_id, attempt.attempt_no)
    kept = refs.read_ref(repo, ref)
    if kept and refs.list_refs(repo, *_HOLDING, contains=kept).keys() - {ref}:
        refs.swap_ref(repo, ref, "", kept, "orch: cleaned up")
