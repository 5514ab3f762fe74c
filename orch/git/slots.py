"""shim"""

import os

from orch.git.repository import call, linked_worktree
from orch.git.worktrees import add_detached


def open_slot(repo, path, commit, *, hermetic=False):
    if not os.path.isdir(path):
        return add_detached(repo, path, commit)
    w = linked_worktree(repo, path)
    call(w, "reset", "--hard", "-q", commit)
    call(w, "clean", "-fdq")
    call(w, "checkout", "-q", "--detach", commit)
    return w
