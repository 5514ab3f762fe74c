"""Moving a target branch, and the files of the checkouts that are on it.

The order is the promise: a dry run in every checkout, then the ref by compare-and-swap, then
the files. From the ref's move until the files are there each checkout's `index.lock` is held
by us, with our mark in it: the user's git waits instead of committing old files on a new
head. Guarantees: a file that the user changed, staged, hid, ignored or never added is never
written or removed; what a kill leaves is finished by `refresh_checkout` or let go by
`release_checkouts`. The caller holds the queue's lock: a mark that it finds is a dead one's.
"""

import contextlib
import os
import time

from orch.git import checkout_conflicts
from orch.git.names import display, listed, require_oid, require_ref
from orch.git.refs import head, read_ref, swap_ref
from orch.git.repository import Repository, call, drivers_off, linked_worktree, read_small
from orch.git.worktrees import list_worktrees, unfound
from orch.steps.model import git
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.git.checkout_conflicts import Blocker

_MARK = "orch is moving this branch; if it was killed, `orch queue run` finishes it\n"
_LOCK_SECONDS = 3.0


def checkouts_of(repo: Repository, ref: str) -> tuple[Repository, ...]:
    """Return the checkouts on the full ref `ref`, those that rebase or bisect it included.

    A checkout whose directory is gone has no files to keep in step and is left out. Raises:
    invalid_state/unsupported for one that cannot be found, or that is a git directory's inside:
    what is written there could be run.
    """
    require_ref(ref)
    found = []
    for number, tree in enumerate(list_worktrees(repo)):
        if tree.is_bare or (tree.branch and "refs/heads/" + tree.branch != ref):
            continue  # An operation that will go back to a branch detaches HEAD meanwhile.
        if not tree.path:
            raise unfound(repo)
        if not os.path.isdir(tree.path):
            continue
        here = linked_worktree(repo, tree.path) if number else _main(repo, tree.path)
        if "refs/heads/" + tree.branch == ref or ref in _busy_with(here.git_dir):
            _require_outside(here)
            found.append(here)
    return tuple(found)


def _main(repo: Repository, path: str) -> Repository:
    return Repository(os.path.realpath(path), repo.common_dir, repo.common_dir, repo.object_format)


def _require_outside(checkout: Repository) -> None:
    """Raise invalid_state/unsupported for a checkout at or below its git directory."""
    if (checkout.top + "/").startswith(checkout.common_dir + "/"):
        where = display(checkout.top)
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{where} lies in the git directory {display(checkout.common_dir)}: nothing is "
            "written there, git would run it",
            hint="take the branch out of it",
            next=[git("switch", "--detach", where=where)],
            details={"worktree_path": where},
        )


def _busy_with(git_dir: str) -> tuple[str, ...]:
    """Return the refs that an operation in progress will go back to, though HEAD is detached."""
    names = [read_small(f"{git_dir}/{d}/head-name") for d in ("rebase-merge", "rebase-apply")]
    bisecting = (read_small(f"{git_dir}/BISECT_START") or "").strip()
    return (*(n.strip() for n in names if n), f"refs/heads/{bisecting}")


def create_target(repo: Repository, ref: str, commit: str) -> bool:
    """Make the target at `commit`; say whether it is there now. Raises: git_error."""
    return swap_ref(repo, ref, commit, "", "orch: queue target") or read_ref(repo, ref) == commit


def is_published(repo: Repository, commit: str) -> bool:
    """Return whether a remote branch, as last fetched or pushed, contains `commit`."""
    require_oid(commit, repo.object_format)
    asked = ("for-each-ref", "--count=1", "--format=%(refname)", f"--contains={commit}")
    return bool(call(repo, *asked, "refs/remotes/").out)


def move_target(
    repo: Repository, ref: str, old: str, new: str, why: str, *, backup: str = ""
) -> bool:
    """Move `ref` from `old` to `new` if it is at `old` and no checkout stands in the way.

    Returns False, with nothing changed, when the ref is elsewhere. After True the caller
    calls `refresh_checkout` for each checkout, which gives the user's git free again. `backup` is
    a ref that keeps `old`. Raises: invalid_state/dirty naming files, with nothing changed;
    invalid_state/unsupported when the branch is another's alias; git_error.
    """
    for oid in (old, new):
        require_oid(oid, repo.object_format)
    if not call(repo, "symbolic-ref", "-q", require_ref(ref), ok=(0, 1)).code:
        shown = f"{ref} is another name of a branch: land on that one"
        raise Failure("invalid_state", "unsupported", shown)
    if backup and not swap_ref(repo, backup, old, read_ref(repo, backup), why):
        raise Failure("git_error", "failed", f"{backup} is being changed by others")
    with contextlib.ExitStack() as undone:
        for checkout in checkouts_of(repo, ref):
            _lock_index(checkout)
            undone.callback(_unlock_index, checkout)
            found = checkout_conflicts.rehearse(checkout, old, new)
            if found:
                raise checkout_conflicts.refusal(found)
        if not swap_ref(repo, ref, new, old, why):
            return False
        undone.pop_all()
    return True


def release_checkouts(repo: Repository, ref: str) -> None:
    """Take our mark off the checkouts on `ref`, after a landing that was killed before it moved."""
    for checkout in checkouts_of(repo, ref):
        _unlock_index(checkout)


def refresh_checkout(checkout: Repository, old: str, new: str) -> None:
    """Bring the files and the index of a checkout from `old` to `new`, where its HEAD is.

    Called again, or after a kill at any point, it finishes what is left; done already, it
    changes nothing. A checkout whose HEAD is not at `new` (any more) is let go as it is.
    Raises: invalid_state/dirty naming files that were changed meanwhile and stay, git_error.
    """
    _lock_index(checkout)
    if head(checkout).commit != new:
        _unlock_index(checkout)
        return
    real = os.path.join(checkout.git_dir, "index")
    mine = os.path.join(checkout.git_dir, "index.orch")
    for stale in (mine, mine + ".lock"):
        _unlink(stale)
    checkout_conflicts.copy_index(real, mine)
    blanks = drivers_off(checkout)
    if not checkout_conflicts.is_index_at(checkout, mine, old, new, blanks):
        checkout_conflicts.write_files(checkout, mine, old, new, blanks)
        os.replace(mine, real)
    _unlink(mine)
    _unlock_index(checkout)


def _lock_index(checkout: Repository) -> None:
    """Take `index.lock` as git does, with our mark in it from its first instant."""
    lock = os.path.join(checkout.git_dir, "index.lock")
    draft = os.path.join(checkout.git_dir, f"index.orch-mark.{os.getpid()}")
    with open(draft, "w", encoding="utf-8") as file:
        file.write(_MARK)
    until = time.monotonic() + _LOCK_SECONDS
    try:
        while True:
            with contextlib.suppress(FileExistsError):
                os.link(draft, lock)
                return
            if read_small(lock) == _MARK:
                return
            if time.monotonic() >= until:
                shown = f"another git is at work in {display(checkout.top)}"
                hint = f"let it end; if none runs, remove {display(lock)}; then run it again"
                details = {"worktree_path": display(checkout.top), "files": listed((lock,))}
                raise Failure("invalid_state", "dirty", shown, hint=hint, details=details)
            time.sleep(0.02)
    finally:
        _unlink(draft)


def _unlock_index(checkout: Repository) -> None:
    lock = os.path.join(checkout.git_dir, "index.lock")
    if read_small(lock) == _MARK:
        _unlink(lock)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def rehearse(checkout: Repository, old: str, new: str) -> "tuple[Blocker, ...]":
    """Return what stands in the way of a move of the checkout's branch; writes nothing."""
    return checkout_conflicts.rehearse(checkout, old, new)
