"""Half-made worktrees: how one is told, finished, and undone. Used by `worktrees` alone.

Runs under the repository's lock. Guarantees: only files that git itself writes while it
makes a worktree are unlinked, by name; a directory goes only when it is empty; anything
else stops the undoing with refused/work_at_risk, and stays.
"""

import contextlib
import os

from orch.git.names import display, listed, require_branch
from orch.git.refs import read_ref, swap_ref
from orch.git.repository import Repository, admin_dirs, call, read_small, write_small
from schema.failures import Failure, invalid_input

_ADMIN_FILES = (
    *("HEAD", "HEAD.lock", "ORIG_HEAD", "commondir", "config.worktree", "gitdir"),
    *("index", "index.lock", "logs/HEAD", "info/sparse-checkout", "refs/heads"),
)
_ADMIN_DIRS = ("logs", "refs", "info", "reftable")


def mark(path: str) -> str:
    """Return the lock reason that says "not finished" for the worktree at `path`."""
    return f"orch is making {path}"


def require_place(path: str, root: str, *, must_be_free: bool = True) -> tuple[str, str]:
    """Return real (path, root) for a worktree; below the root no component may be a link.

    Raises: invalid_input when path is not below root, refused/repo_tampered for a link.
    """
    if not os.path.isabs(path) or "\0" in path or "\n" in path:
        raise invalid_input(f"worktree path {display(path)!r} is not an absolute path")
    path = os.path.normpath(path)
    root = os.path.normpath(root) if root else os.path.dirname(path)
    if path == root or os.path.commonpath((path, root)) != root:
        raise invalid_input(f"worktree path {display(path)} is not below {display(root)}")
    below = os.path.relpath(path, root).split("/")
    real = root = os.path.realpath(root)
    for part in below[: None if must_be_free else -1]:
        real = os.path.join(real, part)
        if os.path.islink(real):
            raise Failure(
                "refused", "repo_tampered", f"{display(real)} is a link", details={"path": real}
            )
    return os.path.join(root, *below), root


def require_outside(repo: Repository, path: str) -> None:
    """Raise invalid_input for a worktree in the git directory of a repository with a checkout."""
    if repo.top and (path + "/").startswith(repo.common_dir + "/"):
        raise invalid_input(
            f"{display(path)} lies in the git directory {display(repo.common_dir)}",
            hint="name a place outside of it with --workspace-root",
        )


def admin_of(repo: Repository, path: str) -> str:
    """Return the administrative directory made for `path`, registered or only begun, or ""."""
    for admin, top in admin_dirs(repo):
        if os.path.normpath(top) == path or (not top and is_half_made(admin, path)):
            return admin
    return ""


def is_half_made(admin: str, path: str) -> bool:
    """Return whether `admin` carries our mark for `path`."""
    return (read_small(os.path.join(admin, "locked")) or "").strip() == mark(path)


def write_files(
    worktree: Repository,
    hold: "tuple[int, ...]",
    seconds: float,
    blanks: "tuple[tuple[str, str], ...] | None" = None,
) -> None:
    """Fill a worktree that was made without its files."""
    asked = ("reset", "--hard", "--quiet", "--no-recurse-submodules")
    call(worktree, *asked, seconds=seconds, hold=hold, blanks=blanks)


def finish_files(
    repo: Repository, admin: str, path: str, ref: str, hold: "tuple[int, ...]"
) -> None:
    """Bring a half-made worktree with a sound HEAD, on `ref`, to its end, and take the mark off.

    The caller holds the lock on `admin`, so no git of a killed maker is at work in it.
    """
    worktree = Repository(path, admin, repo.common_dir, repo.object_format)
    os.makedirs(path, exist_ok=True)
    pointer = os.path.join(path, ".git")
    if not read_small(pointer):
        write_small(pointer, f"gitdir: {admin}\n")
    drop_stale_locks(admin)
    _unlink(os.path.join(repo.common_dir, ref + ".lock"))  # Only orch writes this ref.
    write_files(worktree, hold, 900)
    _unlink(os.path.join(admin, "locked"))


def drop_stale_locks(admin: str) -> None:
    """Unlink the lock files of a killed git in an administrative directory whose lock we hold.

    `git reset` alone takes index.lock, HEAD.lock and ORIG_HEAD.lock.
    """
    for folder in (admin, os.path.join(admin, "logs")):
        for name in _files_in(folder):
            if name.endswith(".lock"):
                _unlink(os.path.join(folder, name))


def undo_locked(
    repo: Repository,
    held: int,
    admin: str,
    path: str,
    branch: str,
    commit: str,
    *,
    root: str,
) -> str:
    """Undo a worktree that was never handed over; `held` is the repository's lock.

    `admin` is its administrative directory, "" for none. Returns "undone" or "absent".
    Raises: refused/work_at_risk, git_error.
    """
    ref = require_branch(branch)
    done = "absent"
    if admin and is_half_made(admin, path):
        done = "undone"
        _drop_files(repo, path, commit)
        _drop_registration(admin, path)
    _unlink(os.path.join(repo.common_dir, ref + ".lock"))  # Only orch writes this ref.
    found = read_ref(repo, ref)
    if found == commit and not (admin and os.path.lexists(admin)):
        swap_ref(repo, ref, "", commit, hold=(held,))
        done = "undone"
    drop_empty(path, root)
    if os.path.lexists(path):
        raise _foreign(path, tuple(sorted(_files_in(path))))
    return done


def _drop_files(repo: Repository, path: str, commit: str) -> None:
    """Unlink the files of `commit`, whole or partly written, and their empty directories.

    No checkout is finished first: it may have failed for want of space or of a filter.
    """
    asked = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    ours = {".git", *call(repo, *asked).records()} if _files_in(path) - {".git"} else {".git"}
    found, folders = [], []
    for folder, below, files in os.walk(path):
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        found += [os.path.join(folder, name) for name in (*files, *links)]
        folders.append(folder)
    names = [os.path.relpath(file, path) for file in found]
    foreign = tuple(name for name in names if name not in ours)
    if foreign:
        raise _foreign(path, foreign)
    for file in found:
        if os.path.dirname(file) != path or os.path.basename(file) != ".git":
            _unlink(file)
    for folder in reversed(folders[1:]):
        _rmdir(folder)


def _drop_registration(admin: str, path: str) -> None:
    """Unlink what git wrote to register the worktree; our mark last, so that a second try
    still finds it."""
    if read_small(os.path.join(path, ".git")) in (f"gitdir: {admin}\n", ""):
        _unlink(os.path.join(path, ".git"))
    drop_stale_locks(admin)
    shared = [name for name in _files_in(admin) if name.startswith("sharedindex.")]
    tables = [f"reftable/{name}" for name in _files_in(os.path.join(admin, "reftable"))]
    for name in (*shared, *tables, *_ADMIN_FILES):
        _unlink(os.path.join(admin, name))
    for name in _ADMIN_DIRS:
        _rmdir(os.path.join(admin, name))
    strange = tuple(sorted(_files_in(admin) - {"locked"}))
    if strange:
        raise _foreign(admin, strange)
    _unlink(os.path.join(admin, "locked"))
    _rmdir(admin)


def drop_empty(path: str, root: str) -> None:
    """Remove `path` and its parents below `root` as long as they are empty directories."""
    while len(path) > len(root) and _rmdir(path):
        path = os.path.dirname(path)


def _files_in(path: str) -> set[str]:
    try:
        return set(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _foreign(path: str, files: "tuple[str, ...]") -> Failure:
    shown = {"worktree_path": display(path), "files": listed(files)}
    message = f"{display(path)} holds files that were not made by git: kept"
    return Failure("refused", "work_at_risk", message, details=shown)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def _rmdir(path: str) -> bool:
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
