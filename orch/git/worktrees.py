"""Worktrees: made whole or not at all, found by their registration, finished or undone.

A new worktree carries git's own `locked` file with our reason until its files are all
there: that mark is what tells a half-made one, which nobody has worked in, from one that
was handed over. Guarantees: a path or branch is never reused; nothing is removed
recursively by us.
"""

import contextlib
import os
from dataclasses import dataclass

from orch.git import half_made
from orch.git.names import display, require_branch, require_oid, require_ref, unusable
from orch.git.refs import read_ref, swap_ref
from orch.git.repository import (
    Repository,
    admin_dirs,
    call,
    drivers_off,
    linked_worktree,
    locked_directory,
    read_small,
)
from orch.steps.model import git, say
from schema import file
from schema.failures import Failure

TYPE_CHECKING = False

CHECKOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Worktree:
    """One registration: `branch` is short, "" when detached; the reasons are "" when not so.

    `path` is "" for a main checkout that cannot be found: see `list_worktrees`. `locked` and
    `prunable` hold git's reason, or "yes" when git gives none.
    """

    path: str
    commit: str
    branch: str
    is_bare: bool
    locked: str
    prunable: str


def list_worktrees(repo: Repository) -> tuple[Worktree, ...]:
    """Return every registered checkout, the main one first.

    git names the main one by its git directory, which is right only where that is called `.git`.
    Of a submodule and of a repository made with --separate-git-dir we find it ourselves; seen
    from a linked worktree elsewhere that may fail: then its path is "". A bare repository
    whose worktrees say for themselves that they are none is bare all the same.
    """
    listed_now = call(repo, "worktree", "list", "--porcelain", "-z").text()
    found: list[Worktree] = []
    for block in listed_now.split("\0\0"):
        fields = dict(line.partition(" ")[::2] for line in block.split("\0") if line)
        if "worktree" in fields:
            path, is_bare = fields["worktree"], "bare" in fields
            if not found and not is_bare:
                path, is_bare = _main(repo)
            found.append(
                Worktree(
                    path,
                    fields.get("HEAD", ""),
                    fields.get("branch", "").removeprefix("refs/heads/"),
                    is_bare,
                    fields["locked"] or "yes" if "locked" in fields else "",
                    fields["prunable"] or "yes" if "prunable" in fields else "",
                )
            )
    return tuple(found)


def _main(repo: Repository) -> tuple[str, bool]:
    """Return where the main checkout is, "" if that cannot be told, and whether there is none."""
    if repo.top and not repo.is_linked:
        return repo.top, False
    if repo.is_linked:
        own = os.path.join(repo.common_dir, "config")
        asked = ("config", "--file", own, "--type=bool", "--get", "core.bare")
        if call(repo, *asked, ok=(0, 1, 128)).text() == "true":
            return repo.common_dir, True
    return file.checkout_of(repo.common_dir, repo.top) or "", False


def find_worktree(repo: Repository, path: str) -> Worktree | None:
    """Return the registration at `path`, or None."""
    wanted = os.path.realpath(path)
    known = (w for w in list_worktrees(repo) if w.path)
    return next((w for w in known if os.path.realpath(w.path) == wanted), None)


def main_checkout(repo: Repository) -> str:
    """Return the top of the main checkout (of a bare repository, its directory).

    Raises: invalid_state/unsupported when it cannot be found.
    """
    path = list_worktrees(repo)[0].path
    if not path:
        raise unfound(repo)
    return path


def unfound(repo: Repository) -> Failure:
    """Return the refusal to guess where the main checkout of a git directory is."""
    shown = display(repo.common_dir)
    return Failure(
        "invalid_state",
        "unsupported",
        f"where the files of {shown} are checked out cannot be told from {display(repo.top)}",
        hint="tell git; then accept it, for each run that is under way",
        next=[
            git("config", "core.worktree", "DIR", where=display(repo.top)),
            say("repo accept", run="R"),
        ],
        details={"git_dir": shown},
    )


def checked_out_at(repo: Repository, ref: str) -> "tuple[str, ...]":
    """Return the paths of the checkouts whose HEAD is the full ref `ref`."""
    require_ref(ref)
    return tuple(w.path for w in list_worktrees(repo) if "refs/heads/" + w.branch == ref)


def delete_branch(repo: Repository, branch: str, old: str) -> str:
    """Delete `branch` if it is at `old` and no checkout is on it.

    Returns "deleted", "absent", "moved" (it is elsewhere: kept) or "checked_out" (kept).
    """
    ref = require_branch(branch)
    require_oid(old, repo.object_format)
    if not read_ref(repo, ref):
        return "absent"
    if checked_out_at(repo, ref):
        return "checked_out"
    return "deleted" if swap_ref(repo, ref, "", old) else "moved"


def add_worktree(
    repo: Repository,
    path: str,
    branch: str,
    commit: str,
    *,
    root: str = "",
    seconds: float = CHECKOUT_SECONDS,
) -> Repository:
    """Make a worktree at `path` on the new `branch` at `commit`; return it.

    `root` is the workspace root (default: the parent of `path`): below it no component may
    be a link, and empty directories made below it go again on failure. Only the
    registration is done under the repository's lock; files are written outside it.

    Guarantees: on any failure neither path nor branch is left. Killed half-way:
    `recover_worktree` finishes or undoes it.
    Raises: invalid_input, invalid_state/branch_exists, refused/repo_tampered, git_error.
    """
    ref = require_branch(branch)
    require_oid(commit, repo.object_format)
    path, root = half_made.require_place(path, root)
    blanks = drivers_off(repo)
    with contextlib.ExitStack() as writing:
        with locked_directory(repo.common_dir) as held:
            _require_free(repo, path)
            _make_branch(repo, ref, commit, (held,), blanks)
            try:
                worktree = _register(repo, path, branch, (held,), blanks)
            except BaseException:
                admin = half_made.admin_of(repo, path)
                half_made.undo_locked(repo, held, admin, path, branch, commit, root=root)
                raise
            admin_fd = writing.enter_context(locked_directory(worktree.git_dir))
        try:
            half_made.write_files(worktree, (admin_fd,), seconds, blanks)
            os.unlink(os.path.join(worktree.git_dir, "locked"))
        except BaseException:
            writing.close()
            recover_worktree(repo, path, branch, commit, root=root, finish=False)
            raise
    return worktree


def _make_branch(
    repo: Repository,
    ref: str,
    commit: str,
    hold: "tuple[int, ...]",
    blanks: "tuple[tuple[str, str], ...]",
) -> None:
    """Create the branch by compare-and-swap, so that whose it is is never in doubt."""
    try:
        if swap_ref(repo, ref, commit, "", "orch: dispatch", hold=hold, blanks=blanks):
            return
        taken = ref
    except Failure:
        parts = ref.split("/")
        above = ["/".join(parts[:n]) for n in range(3, len(parts))]
        found = call(repo, "for-each-ref", "--format=%(refname)", *above, ref + "/").text()
        in_the_way = [r for r in found.split("\n") if r in above or r.startswith(ref + "/")]
        if not in_the_way:
            raise
        taken = in_the_way[0]
    short = taken.removeprefix("refs/heads/")
    raise Failure(
        "invalid_state",
        "branch_exists",
        f"branch {short} exists already",
        hint=f"give it another name: git branch -m {short} NAME",
        details={"branch": short},
    )


def _register(
    repo: Repository,
    path: str,
    branch: str,
    hold: "tuple[int, ...]",
    blanks: "tuple[tuple[str, str], ...]",
) -> Repository:
    """Register a worktree without files, under our mark; its HEAD is on `branch`."""
    # The branch is there already, so git tracks nothing and never locks the configuration.
    asked = ("worktree", "add", "--no-checkout", "--lock", "--reason", half_made.mark(path))
    call(repo, *asked, "--", path, branch, hold=hold, blanks=blanks)
    worktree = linked_worktree(repo, path)
    if read_small(os.path.join(worktree.git_dir, "HEAD")) != f"ref: refs/heads/{branch}\n":
        raise Failure("git_error", "failed", f"the new worktree is not on {branch}")
    return worktree


def recover_worktree(
    repo: Repository,
    path: str,
    branch: str,
    commit: str,
    *,
    root: str = "",
    finish: bool = True,
) -> str:
    """Settle what a killed `add_worktree` with these arguments left.

    Waits for a git of it that is still running. Returns "complete" (it had been handed
    over, or was finished now), "undone" (path and branch are gone), or "absent" (there was
    nothing). `finish=False` undoes a half-made one. A complete one is never touched.

    Raises: refused/work_at_risk when files that git did not write stand in the way.
    """
    require_branch(branch)
    require_oid(commit, repo.object_format)
    path, root = half_made.require_place(path, root, must_be_free=False)
    # Lock order here: worktree, then repository. A worktree that is found under the
    # repository's lock is already locked by its maker, or its maker is dead.
    was_there = False
    while True:
        with locked_directory(repo.common_dir) as held:
            admin = half_made.admin_of(repo, path)
            if not admin:
                left = half_made.undo_locked(repo, held, "", path, branch, commit, root=root)
                return "undone" if was_there else left
        was_there = True
        try:
            with locked_directory(admin, seconds=CHECKOUT_SECONDS) as writing:
                if not _is_still(admin, writing):
                    continue  # Its maker's git, or another process, took it away: look again.
                return _settle(repo, admin, path, branch, commit, root, writing if finish else None)
        except FileNotFoundError:
            if os.path.isdir(admin):
                raise


def _is_still(admin: str, fd: int) -> bool:
    """Return whether the directory that we locked is the one of that name."""
    try:
        return os.path.samestat(os.stat(admin), os.fstat(fd))
    except FileNotFoundError:
        return False


def _settle(
    repo: Repository,
    admin: str,
    path: str,
    branch: str,
    commit: str,
    root: str,
    writing: int | None,
) -> str:
    """Finish (by `writing`, the lock on `admin`) or undo a worktree that is registered."""
    if not half_made.is_half_made(admin, path):
        return "complete"
    ref = require_branch(branch)
    if writing and read_small(os.path.join(admin, "HEAD")) == f"ref: {ref}\n":
        half_made.finish_files(repo, admin, path, ref, (writing,))
        return "complete"
    with locked_directory(repo.common_dir) as held:
        return half_made.undo_locked(repo, held, admin, path, branch, commit, root=root)


def repair_worktrees(repo: Repository, old: str, new: str) -> int:
    """Mend the pointers of worktrees of a repository moved from `old` to `new`; count them.

    Those below `old` moved with it, others lie where they did. Raises: git_error.
    """
    paths = []
    with locked_directory(repo.common_dir) as held:
        for _, top in admin_dirs(repo):
            place = new + top[len(old) :] if top == old or top.startswith(old + "/") else top
            if top and os.path.isdir(place):
                paths.append(place)
        for path in paths:
            call(repo, "worktree", "repair", "--", path, hold=(held,))
    return len(paths)


def add_detached(repo: Repository, path: str, commit: str) -> Repository:
    """Make a worktree at the free `path`, detached at `commit`, for a person to look into.

    Raises: invalid_input, invalid_state/branch_exists, git_error.
    """
    require_oid(commit, repo.object_format)
    path, _ = half_made.require_place(path, "")
    with locked_directory(repo.common_dir) as held:
        _require_free(repo, path)
        asked = ("worktree", "add", "--detach", "--", path, commit)
        call(repo, *asked, seconds=CHECKOUT_SECONDS, hold=(held,))
    return linked_worktree(repo, path)


def _require_free(repo: Repository, path: str) -> None:
    half_made.require_outside(repo, path)
    if os.path.lexists(path):
        raise unusable("branch_exists", f"{display(path)} exists already", path=display(path))
    if any(os.path.normpath(top) == path for _, top in admin_dirs(repo)):
        raise unusable("branch_exists", f"{display(path)} is registered as a worktree", path=path)
