"""A worktree is removed: only when it is safe, only as a whole, and seen to be gone.

git deletes what it can, then its own registration, and only then says what it could not
delete: so it is asked only when nothing stands in its way. Guarantees: nothing is removed
recursively by us; git removes by force only behind a salvage ref that holds everything; a
folder is only made writable, for its owner; no link is followed.
"""

import os
import stat
from dataclasses import dataclass

from orch.git.names import display, listed, unusable
from orch.git.process import within
from orch.git.repository import (
    Repository,
    call,
    linked_worktree,
    locked_directory,
    read_small,
    write_small,
)
from orch.git.worktrees import CHECKOUT_SECONDS
from schema import file
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Removed:
    """A removal that was seen to have worked; `ignored` entries went with it."""

    path: str
    ignored: int


def remove_worktree(
    repo: Repository,
    path: str,
    *,
    salvage: str = "",
    copies: "Mapping[str, str] | None" = None,
    ignored: "tuple[str, ...]" = (),
    instead: str = "",
    nested_too: bool = False,
) -> Removed:
    """Remove the clean worktree at `path`, and see that it is gone. The branch stays.

    `copies` maps files that were put there or changed at dispatch (relative path) to the
    sha256 of their content (of a link: of its target; "" for none); those still unchanged do
    not count. `salvage` is a salvage ref: with it a dirty worktree goes too, once a fresh look
    has shown that the ref holds all that is there (`ignored` and `instead` as it was saved with).
    Read-only folders of ours are no obstacle;
    repositories of their own in ignored places are, unless `nested_too`. One that another process
    removes meanwhile is removed.

    Raises: not_found/repository, refused/work_at_risk, invalid_state/unsupported, git_error.
    """
    worktree = linked_worktree(repo, path)
    if not worktree.is_linked:
        raise invalid_input(f"{display(path)} is the main checkout")
    try:
        return _remove(
            repo, worktree, path, salvage=salvage, copies=copies or {}, ignored=ignored,
            instead=instead, nested_too=nested_too,
        )  # fmt: skip
    except (Failure, FileNotFoundError) as error:
        with locked_directory(repo.common_dir):  # Another's git has ended by then.
            if not any(map(os.path.lexists, (worktree.top, worktree.git_dir))):
                return Removed(worktree.top, 0)
        if isinstance(error, Failure):
            raise
        raise Failure(
            "git_error", "failed", f"{display(path)} changed while it was removed",
            hint="run the same again",
        ) from error  # fmt: skip


def _remove(
    repo: Repository,
    worktree: Repository,
    path: str,
    *,
    salvage: str,
    copies: "Mapping[str, str]",
    ignored: "tuple[str, ...]",
    instead: str,
    nested_too: bool,
) -> Removed:
    from orch.git.changes import status
    from orch.git.salvage import SALVAGE, require_saved

    if os.path.lexists(os.path.join(worktree.git_dir, "locked")):
        raise at_risk(worktree.top, "is locked", ())
    if not os.path.lexists(worktree.top):
        return _unregister(repo, worktree, 0, ())
    if os.path.isdir(os.path.join(worktree.git_dir, "modules")):
        raise unusable("unsupported", f"{display(path)} has submodules checked out", path=path)
    seen = status(worktree, ignored=True, hidden=True)
    unchanged = [p for p in seen.files if _is_copy(worktree, p, copies)]
    new = [p for p in unchanged if p in seen.untracked]
    rest = tuple(p for p in seen.files if p not in unchanged)
    if rest and not salvage:
        raise at_risk(worktree.top, "has uncommitted work", rest)
    if salvage and not salvage.startswith(SALVAGE):
        raise invalid_input(f"{display(salvage)} is not a salvage ref")
    _clear_the_way(worktree.top, nested_too=nested_too)
    if salvage:
        require_saved(worktree, salvage, leave_out=tuple(new), ignored=ignored, instead=instead)
    else:
        for copy in new:
            os.unlink(os.path.join(worktree.top, copy))
        _put_back(worktree, [p for p in unchanged if p not in new])
    return _unregister(repo, worktree, seen.ignored, ("-f",) if salvage else ())


def _put_back(worktree: Repository, paths: list[str]) -> None:
    """Restore tracked files that were changed before anybody worked there."""
    if not paths:
        return
    names = b"".join(os.fsencode(path) + b"\0" for path in paths)
    asked = ("restore", "--source=HEAD", "--staged", "--worktree", "--quiet")
    named = ("--pathspec-from-file=-", "--pathspec-file-nul")
    call(worktree, *asked, *named, stdin=names, seconds=CHECKOUT_SECONDS)


def at_risk(path: str, why: str, files: "tuple[str, ...]") -> Failure:
    """Return the refusal to touch work, naming the files."""
    shown = {"worktree_path": display(path), "files": listed(files), "count": len(files)}
    return Failure("refused", "work_at_risk", f"{display(path)} {why}", details=shown)


def _unregister(
    repo: Repository, worktree: Repository, ignored: int, force: "tuple[str, ...]"
) -> Removed:
    _point_back(worktree)
    # Half a removal would look like changed files: it is never cut short.
    with locked_directory(repo.common_dir) as held, within(None):
        try:
            asked = ("worktree", "remove", *force, "--", worktree.top)
            call(repo, *asked, seconds=CHECKOUT_SECONDS, hold=(held,))
        except Failure as error:
            if "modified or untracked files" in str(error.details.get("stderr")):
                raise at_risk(worktree.top, "was changed meanwhile", ()) from error
            raise
    left = [p for p in (worktree.top, worktree.git_dir) if os.path.lexists(p)]
    if left:
        raise Failure(
            "git_error", "failed", "git said removed, but it is there", details={"left": left}
        )
    return Removed(worktree.top, ignored)


def _point_back(worktree: Repository) -> None:
    """Put back the `.git` file that a worker took away or turned: git removes nothing without."""
    pointer = os.path.join(worktree.top, ".git")
    wanted = f"gitdir: {worktree.git_dir}\n"
    is_gone = os.path.isdir(worktree.top) and not os.path.lexists(pointer)
    if is_gone or read_small(pointer) not in (None, wanted):
        write_small(pointer, wanted)


def _is_copy(worktree: Repository, path: str, copies: "Mapping[str, str]") -> bool:
    import hashlib

    whole = os.path.join(worktree.top, path)
    if path not in copies:
        return False
    if not os.path.lexists(whole):
        return not copies[path]
    if os.path.islink(whole):
        return hashlib.sha256(os.fsencode(os.readlink(whole))).hexdigest() == copies[path]
    if not os.path.isfile(whole):
        return False
    with open(file.open_regular(whole), "rb") as copy:
        return hashlib.file_digest(copy, "sha256").hexdigest() == copies[path]


def _clear_the_way(top: str, *, nested_too: bool = False) -> None:
    """Make each folder below `top` writable.

    Raises: refused/work_at_risk for folders that are not ours, and for repositories of their own
    inside, where only ignored files are left, unless `nested_too`.
    """
    stuck, nested = [], []
    folders = [top]
    for folder in folders:
        if not _open_up(folder):
            stuck.append(os.path.relpath(folder, top))
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == ".git" and folder != top:
                    nested.append(os.path.relpath(folder, top))
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    if stuck:
        raise _kept(top, "has folders that are not ours to empty", stuck)
    if nested and not nested_too:
        raise _kept(top, "holds repositories of their own, which no salvage keeps", nested)


def _open_up(folder: str) -> bool:
    """Make a folder one whose entries we may remove; say whether it is."""
    mode = stat.S_IMODE(os.lstat(folder).st_mode)
    if mode & 0o700 != 0o700:
        try:
            os.chmod(folder, mode | 0o700)
        except OSError:
            return False
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def _kept(top: str, why: str, names: list[str]) -> Failure:
    shown = ", ".join(display(name) for name in names[:5])
    return Failure(
        "refused",
        "work_at_risk",
        f"{display(top)} {why}: {shown}",
        hint="look into them and remove them yourself, then clean up again",
        details={"worktree_path": display(top), "files": listed(tuple(names))},
    )
