"""shim"""

from dataclasses import dataclass

from orch.git.refs import checked_out_at, is_ancestor, list_refs, swap_ref
from orch.git.repository import call, linked_worktree, operation_in_progress


@dataclass(frozen=True)
class Blocker:
    checkout: str
    operation: str
    files: tuple


def checkouts_of(repo, ref):
    return [linked_worktree(repo, p) for p in checked_out_at(repo, ref)]


def rehearse(c, old, new):
    op = operation_in_progress(c)
    if op:
        return [Blocker(c.top, op, ())]
    a = call(c, "read-tree", "-n", "-m", "-u", old, new, ok=(0, 128))
    return [Blocker(c.top, "", (a.err.strip(),))] if a.code else []


def move_target(repo, ref, old, new, why):
    return swap_ref(repo, ref, new, old, why)


def create_target(repo, ref, commit):
    return swap_ref(repo, ref, commit, "")


def refresh_checkout(c, old, new):
    call(c, "read-tree", "-m", "-u", old, new)


def is_published(repo, commit):
    return any(is_ancestor(repo, commit, t) for t in list_refs(repo, "refs/remotes/").values())
