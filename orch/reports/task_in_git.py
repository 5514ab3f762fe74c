"""Git's knowledge of an attempt at a task, for its page: paths, lines, commits."""

from orch.git import merges, names, refs, repository
from orch.worktrees import inspect
from schema.failures import Failure
from schema.json_text import NULL, Json, array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Attempt

_MOST_FILES = 200


def seen(name: str, attempt: "Attempt") -> "dict[str, object]":
    """Return the paths that an attempt changed, and what of its work is not on its branch.

    What git cannot tell any more is null.
    """
    return {"changed_files": _changed_files(attempt), **_left_behind(name, attempt)}


def _left_behind(name: str, attempt: "Attempt") -> "dict[str, object]":
    """Return what of finished work is not on its branch, and the commands that mend it."""
    nothing: dict[str, object] = {"left_behind": NULL, "mending": NULL}
    if attempt.status not in ("done", "verifying") or attempt.workspace_status != "created":
        return nothing
    if not attempt.dirty_files:
        return nothing
    try:
        found = inspect.left(attempt)
    except Failure:
        return nothing
    if not found.names:
        return nothing
    steps = inspect.mending(name, attempt, found).steps
    line = " && ".join(step.line for step in steps)
    return {"left_behind": array(found.names[:_MOST_FILES]), "mending": line or None}


def _changed_files(attempt: "Attempt") -> Json:
    """Return the paths that an attempt changed, by its recorded head or where its branch is."""
    try:
        repo = repository.find_repository(attempt.repo_path)
        if repo is None:
            return NULL
        head = attempt.head_commit or refs.read_ref(repo, "refs/heads/" + attempt.branch_name)
        if not head:
            return NULL
        changed = merges.changed_paths(repo, attempt.base_commit, head)
    except Failure:
        return NULL
    return array([names.display(one.path) for one in changed[:_MOST_FILES]])
