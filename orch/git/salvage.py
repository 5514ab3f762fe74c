"""Keeping everything in a worktree: head, staged, uncommitted and untracked, under a ref.

A salvage is one commit: its tree is the files as they are on disk (bytes, no filter and
no line-ending conversion), its first parent the head; a second holds what was staged and
is not on disk, a further one the salvage it replaces. Guarantees: the worktree and its
index are only read; nothing the worktree configures is run; ignored files are kept only if
named;
what cannot be kept (a nested repository, an unreadable file) refuses the whole salvage.
"""

import os
import stat
import time
from dataclasses import dataclass

from orch.git import scratch
from orch.git.changes import status
from orch.git.merges import ORCH, Identity, commit_tree
from orch.git.names import display, listed, require_oid, require_ref, zero_oid
from orch.git.refs import head, read_ref, swap_ref, tree_id
from orch.git.repository import DURABLE, Repository, call, operation_in_progress
from schema.failures import Failure, not_found

SALVAGE = "refs/orch/salvage/"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class WorktreeSnapshot:
    """What a worktree held: `tree` as on disk, `staged` the index's tree ("" if no different
    or unmerged), `files` that differ from `head`; `head` is "" before the first commit."""

    head: str
    branch: str
    tree: str
    staged: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Salvage:
    """One kept worktree: `head` is the commit it stood on, `at` seconds, `summary` its files."""

    ref: str
    commit: str
    head: str
    at: int
    summary: str


def take_snapshot(
    worktree: Repository,
    *,
    leave_out: "tuple[str, ...]" = (),
    ignored: "tuple[str, ...]" = (),
    instead: str = "",
) -> WorktreeSnapshot:
    """Write all the worktree holds into the object store, unreferenced; return what it is.

    `leave_out` are untracked paths that do not count, `ignored` such as are kept all the same,
    `instead` is the head where HEAD names no commit. Raises: refused/work_at_risk when
    something cannot be kept, git_error.
    """
    seen = status(worktree, hidden=True)
    left = set(leave_out) & set(seen.untracked)
    files = tuple(dict.fromkeys((*(f for f in seen.files if f not in left), *ignored)))
    entries = _entries(worktree, files)
    with scratch.folder() as folder:
        mine = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        start = (seen.commit,) if seen.commit else ("--empty",)
        call(worktree, "read-tree", *start, env=mine, lenient=True)
        feed = b"".join(entries)
        call(worktree, "update-index", "-z", "--index-info", stdin=feed, env=mine, lenient=True)
        tree = call(worktree, "write-tree", env=mine, config=DURABLE, lenient=True).text()
        staged = _staged(worktree, folder)
    at_head = tree_id(worktree, seen.commit) if seen.commit else ""
    return WorktreeSnapshot(
        seen.commit or instead,
        seen.branch,
        tree,
        "" if staged in (tree, at_head) else staged,
        files,
    )


def _entries(worktree: Repository, files: "tuple[str, ...]") -> list[bytes]:
    """Return the `--index-info` record of each path as it is on disk, contents stored."""
    zero = zero_oid(worktree.object_format)
    gone, plain, records, lost = [], [], [], []
    for path in files:
        whole = os.path.join(worktree.top, path)
        try:
            mode = os.lstat(whole).st_mode
        except (FileNotFoundError, NotADirectoryError):
            gone.append(path)
            continue
        if stat.S_ISREG(mode) and os.access(whole, os.R_OK):
            plain.append((path, "100755" if mode & 0o100 else "100644"))
        elif stat.S_ISLNK(mode):
            target = os.fsencode(os.readlink(whole))
            oid = call(worktree, *_HASH, "--stdin", stdin=target, config=DURABLE).text()
            records.append((path, "120000", oid))
        elif stat.S_ISDIR(mode) and not path.endswith("/") and not _is_repository(whole):
            gone.append(path)  # A file became a directory: its files are listed themselves.
        else:
            lost.append(path)
    if lost:
        raise Failure(
            "refused",
            "work_at_risk",
            f"{display(worktree.top)} holds what cannot be kept: nested repositories, "
            "submodules, special or unreadable files",
            details={"worktree_path": display(worktree.top), "files": listed(lost)},
        )
    names = b"".join(_quoted(path) + b"\n" for path, _ in plain)
    asked = (*_HASH, "--stdin-paths")
    oids = call(worktree, *asked, stdin=names, config=DURABLE, seconds=600).text().split()
    records += [(p, mode, oid) for (p, mode), oid in zip(plain, oids, strict=True)] if oids else []
    # Removals first, or "a" would be in the way of "a/b".
    rows = [(path, "0", zero) for path in gone] + records
    return [
        f"{mode} {oid}\t{path}\0".encode("utf-8", "surrogateescape") for path, mode, oid in rows
    ]


_HASH = ("hash-object", "-w", "--no-filters")


def _quoted(path: str) -> bytes:
    """Return a path as `--stdin-paths` reads it: C-quoted where a line would not do."""
    raw = os.fsencode(path)
    if b"\n" not in raw and not raw.startswith(b'"'):
        return raw
    return b'"' + b"".join(b"\\%03o" % byte for byte in raw) + b'"'


def _is_repository(path: str) -> bool:
    return os.path.lexists(os.path.join(path, ".git"))


def _staged(worktree: Repository, folder: str) -> str:
    """Return the tree of a copy of the index, "" when there is none or it is unmerged."""
    import shutil

    index = os.path.join(worktree.git_dir, "index")
    copy = os.path.join(folder, "staged")
    try:
        shutil.copyfile(index, copy, follow_symlinks=False)
    except (FileNotFoundError, shutil.SpecialFileError):
        return ""
    mine = {"GIT_INDEX_FILE": copy}
    answer = call(worktree, "write-tree", env=mine, ok=(0, 128), config=DURABLE, lenient=True)
    return "" if answer.code else answer.text()


def save_salvage(
    worktree: Repository,
    ref: str,
    *,
    why: str = "",
    leave_out: "tuple[str, ...]" = (),
    ignored: "tuple[str, ...]" = (),
    instead: str = "",
    author: Identity = ORCH,
) -> Salvage:
    """Keep everything in the worktree under the salvage ref; return it.

    Made again on an unchanged worktree it is the same salvage; on a changed one the new
    one has the old as a parent, so nothing that was kept is ever lost. Options as `take_snapshot`.
    Raises: invalid_input, refused/work_at_risk, git_error.
    """
    require_ref(ref)
    for _ in range(_TRIES):
        old = read_ref(worktree, ref)
        taken = take_snapshot(worktree, leave_out=leave_out, ignored=ignored, instead=instead)
        if old and _holds(worktree, old, taken):
            return read_salvage(worktree, ref)
        parents = [taken.head] if taken.head else []
        now = int(time.time())
        if taken.staged:
            text = "orch: what was staged"
            parents.append(
                commit_tree(worktree, taken.staged, parents[:1], text, author=author, at=now)
            )
        parents += [old] if old else []
        commit = commit_tree(
            worktree, taken.tree, parents, _message(worktree, taken, why), author=author, at=now
        )
        if swap_ref(worktree, ref, commit, old, "orch: salvage"):
            return read_salvage(worktree, ref)
    raise Failure("git_error", "failed", f"{ref} is being changed by others")


def _message(worktree: Repository, taken: WorktreeSnapshot, why: str) -> str:
    count = len(taken.files)
    lines = (
        [f"orch: salvage of {count} file{'s' * (count != 1)}", "", why]
        if why
        else [f"orch: salvage of {count} file{'s' * (count != 1)}"]
    )
    lines += ["", f"Orch-Worktree: {display(worktree.top)}"]
    lines += [f"Orch-Branch: {display(taken.branch or '(detached)')}"]
    lines += [f"Orch-Head: {taken.head or '(none)'}"]
    doing = operation_in_progress(worktree)
    lines += [f"Orch-Interrupted: {doing}"] if doing else []
    return "\n".join(lines).replace("\0", "") + "\n"


def _holds(repo: Repository, commit: str, taken: WorktreeSnapshot) -> bool:
    """Return whether salvage `commit` keeps the snapshot: its files, its head, its stage."""
    asked = ("rev-list", "--no-walk", "--no-commit-header", "--format=%T %P", commit)
    tree, *parents = call(repo, *asked).text().split(" ")
    above = [p for p in parents if p]
    same_head = above[:1] == [taken.head] if taken.head else not above
    staged = not taken.staged or any(tree_id(repo, p) == taken.staged for p in above[1:])
    return tree == taken.tree and same_head and staged


def require_saved(
    worktree: Repository,
    ref: str,
    *,
    leave_out: "tuple[str, ...]" = (),
    ignored: "tuple[str, ...]" = (),
    instead: str = "",
) -> None:
    """Check that salvage `ref` holds all that is in the worktree now. Options as `take_snapshot`.

    Raises: not_found/salvage, refused/work_at_risk.
    """
    commit = read_ref(worktree, require_ref(ref))
    if not commit:
        raise not_found("salvage", ref)
    taken = take_snapshot(worktree, leave_out=leave_out, ignored=ignored, instead=instead)
    if not _holds(worktree, commit, taken):
        raise Failure(
            "refused",
            "work_at_risk",
            f"{display(worktree.top)} changed after {ref} was written",
            details={"worktree_path": display(worktree.top), "files": listed(taken.files)},
        )


def list_salvages(repo: Repository, prefix: str = SALVAGE) -> tuple[Salvage, ...]:
    """Return the salvages under `prefix` (`refs/orch/salvage/<run>/` for one run), oldest first."""
    require_ref(prefix.rstrip("/") + "/x")
    fields = "%(refname)%00%(objectname)%00%(parent)%00%(committerdate:unix)%00%(contents:subject)"
    listed_now = call(repo, "for-each-ref", f"--format={fields}", prefix).text()
    rows = (line.split("\0") for line in listed_now.split("\n") if line)
    found = [
        Salvage(ref, oid, parents.partition(" ")[0], int(at or 0), display(subject))
        for ref, oid, parents, at, subject in rows
    ]
    return tuple(sorted(found, key=lambda s: (s.at, s.ref)))


def read_salvage(repo: Repository, ref: str) -> Salvage:
    """Return the salvage under `ref`. Raises: not_found/salvage."""
    for found in list_salvages(repo, ref):
        if found.ref == ref:
            return found
    raise not_found("salvage", ref)


def commit_all(
    worktree: Repository,
    message: str,
    *,
    leave_out: "tuple[str, ...]" = (),
    author: Identity = ORCH,
) -> str:
    """Commit every change and untracked file on the worktree's branch; return the commit.

    For a worker whose sandbox cannot commit. Line endings are converted as git would;
    a required filter makes it fail. Returns "" when there is nothing to commit.
    Raises: invalid_state when detached or in a merge or rebase, refused/work_at_risk for
    nested repositories, git_error.
    """
    where = head(worktree)
    doing = operation_in_progress(worktree)
    if not where.branch or doing:
        raise Failure(
            "invalid_state",
            "transition",
            f"the worktree is {(doing and 'in a ' + doing) or 'detached'}",
        )
    seen = status(worktree, leave_out=leave_out)
    nested = tuple(p for p in seen.untracked if p.endswith("/"))
    if nested:
        raise Failure(
            "refused",
            "work_at_risk",
            "nested repositories cannot be committed",
            details={"worktree_path": display(worktree.top), "files": listed(nested)},
        )
    if not seen.files:
        return ""
    names = b"".join(os.fsencode(p) + b"\0" for p in seen.files)
    asked = ("update-index", "-z", "--add", "--remove", "--replace", "--stdin")
    call(worktree, *asked, stdin=names, seconds=600, config=DURABLE)
    tree = call(worktree, "write-tree", config=DURABLE).text()
    parents = [require_oid(where.commit, worktree.object_format)] if where.commit else []
    if parents and tree == tree_id(worktree, where.commit):
        return ""
    commit = commit_tree(worktree, tree, parents, message, author=author, at=int(time.time()))
    if not swap_ref(worktree, f"refs/heads/{where.branch}", commit, where.commit, "orch: commit"):
        raise Failure("git_error", "failed", f"{where.branch} moved while its work was committed")
    return commit
