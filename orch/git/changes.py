"""Changes in a checkout: tracked ones, untracked files, ignored ones, hidden ones.

Guarantees: runs no filter, no fsmonitor and nothing inside a submodule; never refreshes
the index on disk. A change that `assume-unchanged` or `skip-worktree` hides from git is
found too when asked for.
"""

import os
from dataclasses import dataclass

from orch.git.repository import Repository, call, drivers_off
from schema.file import open_regular


@dataclass(frozen=True, slots=True)
class DirtyPath:
    """One tracked path that differs: `code` is porcelain's XY, "UU" and the like unmerged."""

    path: str
    code: str


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a checkout. Paths are relative to its top, undecodable bytes as surrogates.

    `ignored` counts ignored entries (a whole ignored directory is one), -1 when not asked.
    `hidden` are existing files whose index flag hides changes; they count as dirty when
    their content may differ, which git cannot say, so always.
    """

    commit: str
    branch: str
    tracked: tuple[DirtyPath, ...]
    untracked: tuple[str, ...]
    ignored: int
    hidden: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing tracked differs, nothing is untracked and nothing is hidden."""
        return not (self.tracked or self.untracked or self.hidden)

    @property
    def files(self) -> tuple[str, ...]:
        """Every path that makes the checkout dirty."""
        return (*(c.path for c in self.tracked), *self.untracked, *self.hidden)


def status(
    repo: Repository,
    *,
    leave_out: "tuple[str, ...]" = (),
    ignored: bool = False,
    hidden: bool = False,
) -> Status:
    """Return what differs in the checkout.

    `leave_out`: paths, absolute or relative to the top, whose content does not count (the
    store, `.orch`, the workspace root). Raises: git_error.
    """
    asked = ["status", "--porcelain=v2", "-z", "--branch", "--no-ahead-behind", "--no-renames"]
    asked += ["--untracked-files=all", "--ignore-submodules=dirty"]
    if ignored:
        asked.append("--ignored=matching")
    records = call(repo, *asked, lenient=True, seconds=300).records()
    skipped = _relative(repo, leave_out)
    commit = branch = ""
    tracked: list[DirtyPath] = []
    untracked: list[str] = []
    count = 0
    each = iter(records)
    for record in each:
        kind, rest = record[0], record[2:]
        if kind == "#":
            key, _, value = rest.partition(" ")
            commit = value if key == "branch.oid" and value != "(initial)" else commit
            branch = value if key == "branch.head" and value != "(detached)" else branch
        elif kind in "?!":
            if not _inside(rest, skipped):
                untracked += [rest] if kind == "?" else []
                count += kind == "!"
        else:
            path = rest.split(" ", {"1": 7, "2": 8, "u": 9}[kind])[-1]
            if kind == "2":
                next(each)
            if not _inside(path, skipped):
                tracked.append(DirtyPath(path, rest[:2]))
    flagged = tuple(p for p in hidden_files(repo) if not _inside(p, skipped)) if hidden else ()
    return Status(
        commit, branch, tuple(tracked), tuple(untracked), count if ignored else -1, flagged
    )


def ignored_files(repo: Repository) -> "tuple[tuple[str, int], ...]":
    """Return (path, bytes) of each ignored file of the checkout, the largest first.

    A repository of its own counts as one, without a size, and ends in "/".
    """
    asked = ("ls-files", "--others", "--ignored", "--exclude-standard", "-z")
    found = []
    for path in call(repo, *asked, lenient=True, seconds=300).records():
        try:
            seen = os.lstat(os.path.join(repo.top, path))
        except OSError:
            continue
        found.append((path, 0 if path.endswith("/") else seen.st_size))
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


def lines_since(repo: Repository, base: str) -> tuple[int, int]:
    """Return (lines added, lines removed) since a commit in a checkout, committed or not.

    Binary files count nothing; of untracked ones the first _MOST_NEW. Raises: git_error.
    """
    blanks = drivers_off(repo, lenient=True)
    asked = ["diff-index", "--numstat", "-z", "--no-renames", "--no-ext-diff",
             "--no-textconv", "--ignore-submodules=dirty", base]  # fmt: skip
    added = removed = 0
    for record in call(repo, *asked, lenient=True, blanks=blanks).records():
        more, less, _ = record.split("\t", 2)
        if more != "-":
            added, removed = added + int(more), removed + int(less)
    others = ("ls-files", "--others", "--exclude-standard", "-z")
    for path in call(repo, *others, lenient=True, blanks=blanks).records()[:_MOST_NEW]:
        added += _lines_of(os.path.join(repo.top, path))
    return added, removed


_MOST_NEW, _MOST_NEW_BYTES = 200, 1 << 20


def _lines_of(path: str) -> int:
    try:
        with open(open_regular(path), "rb") as file:
            data = file.read(_MOST_NEW_BYTES)
    except OSError:
        return 0
    return 0 if b"\0" in data else data.count(b"\n") + (data[-1:] not in (b"", b"\n"))


def hidden_files(repo: Repository) -> tuple[str, ...]:
    """Return the files on disk whose changes an index flag hides from `git status`."""
    flagged = []
    for record in call(repo, "ls-files", "-v", "-z").records():
        tag, path = record[0], record[2:]
        # Lower case: assume-unchanged. "S": skip-worktree, whose file is normally absent.
        if (tag.islower() or tag == "S") and os.path.lexists(os.path.join(repo.top, path)):
            flagged.append(path)
    return tuple(flagged)


def _relative(repo: Repository, paths: "tuple[str, ...]") -> tuple[str, ...]:
    """Return the paths inside the checkout, relative to its top, "" for the top itself."""
    inside = []
    for path in paths:
        whole = os.path.normpath(os.path.join(repo.top, path))
        for spelled in {whole, os.path.join(os.path.realpath(os.path.dirname(whole)), whole)}:
            relative = os.path.relpath(spelled, repo.top)
            if relative != ".." and not relative.startswith("../"):
                inside.append("" if relative == "." else relative)
    return tuple(inside)


def _inside(path: str, prefixes: "tuple[str, ...]") -> bool:
    bare = path.rstrip("/")
    return any(not p or bare == p or bare.startswith(p + "/") for p in prefixes)
