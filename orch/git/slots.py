"""Slots: detached worktrees of the queue in which candidates are tested, one after the other.

A slot is the queue's own: what a check leaves in it is cleared away without asking, only
ignored files (caches) stay unless it is to be hermetic. Guarantees: an opened slot holds
exactly the files of its commit, seen by git with no index flag in the way, or opening fails;
a slot that a kill left half-made or a check left broken is mended or refused, never used as
it is; files of a directory that is not a slot are never touched. One user of a slot at a
time: the caller's lock.
"""

import contextlib
import os

from orch.git import half_made
from orch.git.attributes import read_traits
from orch.git.changes import status
from orch.git.names import display, listed, require_oid, unusable
from orch.git.refs import head, tree_id
from orch.git.repository import (
    Repository,
    call,
    drivers_off,
    linked_worktree,
    locked_directory,
    read_small,
    write_small,
)
from orch.git.worktrees import CHECKOUT_SECONDS
from orch.steps.model import git
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    Blanks = tuple[tuple[str, str], ...]

# In the administrative directory of what `open_slot` made: no other worktree is ever a slot.
_OURS = "orch-slot"
# Whole files, whatever a check or the user configured for a checkout.
_WHOLE = (("core.sparseCheckout", "false"), ("core.sparseCheckoutCone", "false"))


def open_slot(
    repo: Repository, path: str, commit: str, *, root: str = "", hermetic: bool = False
) -> Repository:
    """Return the slot at `path` with exactly the files of `commit`; make it where it is not.

    `root` as for `add_worktree`. `hermetic` clears ignored files too.
    Raises: invalid_state/unsupported (submodules, filters), invalid_state/branch_exists when
    other files lie at `path`, refused/repo_tampered, git_error.
    """
    require_oid(commit, repo.object_format)
    path, root = half_made.require_place(path, root, must_be_free=False)
    lacking = read_traits(repo, commit).unsupported
    if lacking:
        raise unusable("unsupported", f"{commit[:12]} cannot be tested in a slot: {lacking}")
    slot = _mended(repo, path, commit) or _made(repo, path, commit)
    blanks = drivers_off(slot)
    fault = _brought(slot, commit, blanks, hermetic=hermetic)
    if fault:  # An index flag, a planted or a broken index: read all files anew.
        _unlink(os.path.join(slot.git_dir, "index"))
        fault = _brought(slot, commit, blanks, hermetic=hermetic)
    if not fault:
        return slot
    raise Failure(
        "git_error",
        "failed",
        f"the slot {display(path)} could not be brought to {commit[:12]}: {fault}",
        hint="look into it, then remove it",
        next=[git("worktree", "remove", "--force", path, where=repo.common_dir)],
    )


def _made(repo: Repository, path: str, commit: str) -> Repository:
    """Register a slot without files, under our mark until it has them."""
    half_made.require_outside(repo, path)
    if os.path.isdir(path) and os.listdir(path):
        shown = display(path)
        raise unusable("branch_exists", f"{shown} holds files and is not a slot", path=shown)
    blanks = drivers_off(repo)
    with locked_directory(repo.common_dir) as held:
        asked = ("worktree", "add", "--detach", "--no-checkout", "--lock", "--reason")
        mark = half_made.mark(path)
        call(repo, *asked, mark, "--", path, commit, hold=(held,), blanks=blanks)
    slot = linked_worktree(repo, path)
    write_small(os.path.join(slot.git_dir, _OURS), "")
    return slot


def _mended(repo: Repository, path: str, commit: str) -> Repository | None:
    """Return the registered slot with sound administrative files, None when there is none."""
    with locked_directory(repo.common_dir):
        admin = half_made.admin_of(repo, path)
    if not admin:
        return None
    if half_made.is_half_made(admin, path):
        # Killed at any point of `worktree add`: each file has one right content.
        write_small(os.path.join(admin, "commondir"), "../..\n")
        write_small(os.path.join(admin, "gitdir"), f"{os.path.join(path, '.git')}\n")
        write_small(os.path.join(admin, "HEAD"), f"{commit}\n")
        write_small(os.path.join(admin, _OURS), "")
    elif not os.path.isfile(os.path.join(admin, _OURS)):
        raise unusable("branch_exists", f"{display(path)} is a worktree, no slot", path=path)
    elif os.path.lexists(os.path.join(admin, "locked")):
        raise unusable("branch_exists", f"{display(path)} is locked by somebody", path=path)
    else:
        # A check may have written there: what leads git elsewhere is put right, or HEAD is of
        # another repository.
        write_small(os.path.join(admin, "commondir"), "../..\n")
        write_small(os.path.join(admin, "gitdir"), f"{os.path.join(path, '.git')}\n")
    clear_odd(admin)
    if not os.path.lexists(os.path.join(admin, "HEAD")):
        write_small(os.path.join(admin, "HEAD"), f"{commit}\n")
    half_made.drop_stale_locks(admin)
    os.makedirs(path, exist_ok=True)
    pointer = os.path.join(path, ".git")
    if os.path.islink(pointer) or os.path.isdir(pointer):
        shown = display(pointer)
        raise Failure("refused", "repo_tampered", f"{shown} is not a file of git", details={
            "name": shown, "old": f"gitdir: {admin}", "new": "a link or a directory"})  # fmt: skip
    if read_small(pointer) != f"gitdir: {admin}\n":
        write_small(pointer, f"gitdir: {admin}\n")
    return linked_worktree(repo, path)


def _brought(slot: Repository, commit: str, blanks: "Blanks", *, hermetic: bool) -> str:
    """Bring the slot to `commit`; return why it is not there, "" when it is."""
    try:
        _bring(slot, commit, blanks, hermetic=hermetic)
        return _fault(slot, commit, blanks)
    except Failure as failure:
        if failure.code != "git_error":
            raise
        return failure.message


def _bring(slot: Repository, commit: str, blanks: "Blanks", *, hermetic: bool) -> None:
    """Set HEAD, index and files to `commit`, and clear what is untracked."""
    stuck = clear_odd(slot.top)
    if stuck:
        raise Failure("git_error", "failed", f"{stuck[0]} cannot be cleared away")
    # First off whatever branch a check went to: `reset` would move it.
    why = ("update-ref", "--no-deref", "-m", "orch: slot", "HEAD", commit)
    call(slot, *why, blanks=blanks)
    asked = ("reset", "--hard", "--quiet", "--no-recurse-submodules", commit)
    call(slot, *asked, seconds=CHECKOUT_SECONDS, blanks=blanks, config=_WHOLE)
    _unlink(os.path.join(slot.git_dir, "locked"))  # Our mark: the files are there.
    swept = ("clean", "-ffdxq") if hermetic else ("clean", "-ffdq")
    call(slot, *swept, seconds=CHECKOUT_SECONDS, blanks=blanks, config=_WHOLE)


def clear_odd(top: str) -> list[str]:
    """Unlink sockets, FIFOs and devices, and make every directory writable.

    git sees none of the former and cannot remove what lies in a directory that is read-only.
    Returns what could not be done, in words.
    """
    stuck: list[str] = []
    ahead = [top] if os.path.isdir(top) else []
    while ahead:
        folder = ahead.pop()
        try:
            mode = os.lstat(folder).st_mode
            if mode & 0o700 != 0o700:
                os.chmod(folder, mode | 0o700)
            with os.scandir(folder) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        ahead.append(entry.path)
                    elif not (entry.is_symlink() or entry.is_file(follow_symlinks=False)):
                        os.unlink(entry.path)
        except OSError as error:
            stuck.append(f"{display(error.filename or folder)} ({error.strerror})")
    return stuck


def _fault(slot: Repository, commit: str, blanks: "Blanks") -> str:
    """Return why the slot does not hold exactly `commit`, "" when it does."""
    flagged = [
        record[2:]
        for record in call(slot, "ls-files", "-v", "-z", blanks=blanks).records()
        if record[0] != "H"
    ]
    if flagged:
        return f"index flags hide {', '.join(listed(flagged, 3))}"
    if call(slot, "write-tree", blanks=blanks).text() != tree_id(slot, commit):
        return "its index is of another tree"
    seen = status(slot)
    if not seen.is_clean:
        return f"{', '.join(listed(seen.files, 3))} cannot be cleared away"
    return "" if head(slot).commit == commit else "its HEAD is elsewhere"


def remove_slot(repo: Repository, path: str) -> bool:
    """Remove the slot at `path` with all that is in it; say whether there was one.

    Raises: invalid_input when the worktree there is no slot, git_error.
    """
    path, _ = half_made.require_place(path, "", must_be_free=False)
    with locked_directory(repo.common_dir) as held:
        admin = half_made.admin_of(repo, path)
        if not admin:
            return False
        is_ours = os.path.isfile(os.path.join(admin, _OURS)) or half_made.is_half_made(admin, path)
        if not is_ours:
            raise invalid_input(f"{display(path)} is a worktree, not a slot")
        # Twice, for one that was killed while it was made and is locked by our mark.
        force = ("--force", "--force") if half_made.is_half_made(admin, path) else ("--force",)
        asked = ("worktree", "remove", *force, "--", path)
        clear_odd(path)
        call(repo, *asked, seconds=CHECKOUT_SECONDS, hold=(held,))
    return True


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
