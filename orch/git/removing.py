"""Before a worktree is removed: may every folder in it be emptied, and is a repository inside?

git deletes what it can, then its own registration, and only then says what it could not
delete: so it is asked only when nothing stands in its way. Guarantees: follows no link,
deletes nothing; a folder is only made writable, for its owner.
"""

import os
import stat

from orch.git.names import display, listed
from schema.failures import Failure


def clear_the_way(top: str, *, nested_too: bool = False) -> None:
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
