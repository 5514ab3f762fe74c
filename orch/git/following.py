"""A worktree whose HEAD left its branch: is its work on the branch all the same, or brought there?

Guarantees: a branch is moved only forward, by compare-and-swap, and only over commits that were
made in this very worktree, as its own log of HEAD tells; nothing else is written. What is
not brought there is told in words, never passed over.
"""

import os
from dataclasses import dataclass

from orch.git.names import display, require_branch
from orch.git.refs import head, is_ancestor, read_ref, swap_ref
from orch.git.repository import Repository, call, operation_in_progress
from orch.git.worktrees import checked_out_at
from schema.failures import Failure

_LOG_BYTES = 1 << 20
_MADE = ("commit", "cherry-pick", "revert", "am", "rebase", "merge ")
_MOST_COMMITS = 1000


@dataclass(frozen=True, slots=True)
class Stray:
    """What a worktree stands on and its branch does not hold: the tip, and where HEAD is.

    `branch_gone` says that the branch itself is not there.
    """

    commit: str
    words: str
    branch_gone: bool


def stray_commits(worktree: Repository, branch: str, held: str) -> Stray | None:
    """Return what HEAD stands on that `branch` does not hold, None for nothing.

    `held` stands for the branch where that is gone. Raises: git_error.
    """
    try:
        here = head(worktree)
    except Failure as failure:
        if failure.code != "git_error":
            raise
        return Stray("", "a HEAD that names no commit", False)
    own = read_ref(worktree, require_branch(branch))
    tip = own or held
    if not here.commit:
        lost = _last_made(worktree)
        if not lost or (tip and is_ancestor(worktree, lost, tip)):
            return None
        words = f"commits up to {lost[:12]}, whose branch {display(here.branch)} was deleted"
        return Stray(lost, words, not own)
    if tip and is_ancestor(worktree, here.commit, tip):
        return None
    doing = operation_in_progress(worktree)
    where = f"HEAD is on branch {display(here.branch)}" if here.branch else "HEAD is detached"
    where += f", in a {doing}" if doing else ""
    words = f"commits up to {here.commit[:12]} that branch {branch} does not hold ({where})"
    return Stray(here.commit, words, not own)


def bring_branch(worktree: Repository, branch: str, base: str) -> bool:
    """Move `branch` forward to what was committed in `worktree` beside it; say whether it moved.

    `base` is where a branch that is gone begins again. Nothing is moved in the middle of a merge
    or a rebase, over commits of others, or where the branch is checked out. Raises: git_error.
    """
    ref = require_branch(branch)
    tip = read_ref(worktree, ref)
    try:
        here = head(worktree)
    except Failure as failure:
        if failure.code != "git_error":
            raise
        return False
    commit = here.commit or _last_made(worktree)
    if not commit or commit == tip or operation_in_progress(worktree):
        return False
    start = tip or base
    if commit == start or not is_ancestor(worktree, start, commit):
        return False
    if not set(_between(worktree, start, commit)) <= _made_here(worktree):
        return False
    others = [p for p in checked_out_at(worktree, ref) if os.path.realpath(p) != worktree.top]
    return not others and swap_ref(worktree, ref, commit, tip, "orch: work made beside the branch")


def _between(worktree: Repository, start: str, tip: str) -> list[str]:
    asked = ("rev-list", "--first-parent", f"--max-count={_MOST_COMMITS}", tip, f"^{start}")
    return call(worktree, *asked).text().split()


def _entries(worktree: Repository) -> list[tuple[str, str]]:
    """Return (commit, what was done) of the worktree's own log of HEAD, the oldest first."""
    path = os.path.join(worktree.git_dir, "logs", "HEAD")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return _asked_of_git(worktree)
    with open(fd, "rb") as file:
        text = os.fsdecode(file.read(_LOG_BYTES))
    found = []
    for line in text.split("\n"):
        facts, tab, what = line.partition("\t")
        words = facts.split(" ", 2)
        if tab and len(words) == 3:
            found.append((words[1], what))
    return found


def _asked_of_git(worktree: Repository) -> list[tuple[str, str]]:
    """Return the same where refs and their logs are kept in tables."""
    asked = ("log", "--walk-reflogs", "--format=%H%x00%gs", "HEAD")
    answer = call(worktree, *asked, ok=(0, 128), lenient=True)
    rows = [line.partition("\0") for line in answer.text().split("\n")] if not answer.code else []
    return [(commit, what) for commit, _, what in reversed(rows)]


def _is_made(what: str) -> bool:
    moved = what.endswith("Fast-forward") or "(start)" in what or "(abort)" in what
    return what.startswith(_MADE) and not moved


def _made_here(worktree: Repository) -> set[str]:
    return {commit for commit, what in _entries(worktree) if _is_made(what)}


def _last_made(worktree: Repository) -> str:
    """Return the commit that HEAD stood on last, if it was made here, else ""."""
    entries = _entries(worktree)
    return entries[-1][0] if entries and _is_made(entries[-1][1]) else ""
