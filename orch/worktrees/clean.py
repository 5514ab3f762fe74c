"""Cleanness of a repository: nothing in it that a new worktree would lack, but for ours."""

import os

from orch import paths
from orch.config import load
from orch.git import changes, repository
from orch.git import names as git_names
from orch.operations import places
from orch.store import tickets
from schema import file
from schema.failures import Failure
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orch.config.model import Config
    from schema.transaction import Database, ReadTx


# What this process watches by flags of its own, beside what is stored.
_watched: list[str] = []


def leave_out(globs: "Sequence[str]") -> None:
    """Let the files of these globs make no repository dirty, for as long as this process lives."""
    _watched.extend(glob for glob in globs if glob not in _watched)


def require_clean(
    db: "Database", repo: repository.Repository, root: str, settings: "Config"
) -> None:
    """Refuse a dirty repository; `root` is where worktrees are. Raises: invalid_state/dirty."""
    if not repo.top:
        return
    seen = changes.status(repo, leave_out=left_out(db, root))
    if seen.is_clean:
        return
    with db.read() as tx:
        globs = ticket_globs(tx, settings)
    require(repo, without(seen, globs))


def require(repo: repository.Repository, files: list[str]) -> None:
    """Raise invalid_state/dirty for files that a new worktree would lack."""
    if not files:
        return
    names = [git_names.display(name) for name in files]
    raise Failure(
        "invalid_state",
        "dirty",
        f"{repo.top} has {many(len(names), 'changed or untracked file')}: " + ", ".join(names[:10]),
        hint="commit or remove them, or name a base: --base-ref HEAD",
        details={"files": names[:200]},
    )


def without(seen: changes.Status, globs: "Sequence[str]") -> list[str]:
    """Return what makes a checkout dirty; not tickets, nor an orch.toml that nobody added yet.

    Which orch.toml counts is decided without the worktree (config_in_force.py).
    """
    loose = {load.NAME} & set(seen.untracked)
    wild = [glob for glob in globs if "*" in glob or "?" in glob]
    named = {glob.strip("/") for glob in globs} - set(wild)  # Thousands, where tickets are.
    return [
        name
        for name in seen.files
        if name not in loose
        and named.isdisjoint(_upwards(name))
        and not any(paths.fits(name, glob) for glob in wild)
    ]


def _upwards(name: str) -> list[str]:
    """Return a path and every folder around it."""
    return [name, *(name[:i] for i, c in enumerate(name) if c == "/")]


def ticket_globs(tx: "ReadTx", settings: "Config | None") -> list[str]:
    """Return what names the files of tickets: given to a run, or watched."""
    watched = settings.drive.get("tickets") if settings is not None else None
    return [*tickets.globs(tx), *_watched, *(watched if isinstance(watched, (list, tuple)) else ())]


def left_out(db: "Database", root: str) -> tuple[str, ...]:
    """Return the paths that never make a repository dirty: the store's and the worktrees'."""
    ours = db.folder
    if os.path.basename(ours.path) == file.STORE_FOLDER:
        return (ours.path, root)
    kept = (ours.artifacts, ours.logs, ours.below(places.PLACES), ours.below(places.OUT))
    return (*ours.files, ours.wake, *kept, root)
