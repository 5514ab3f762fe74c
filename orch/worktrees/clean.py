"""Whether a repository holds nothing that a new worktree would lack: ours and tickets left out."""

import os

from orch import paths
from orch.git import changes, repository
from orch.git import names as git_names
from orch.model import Workspace
from orch.operations import places
from orch.store import tickets
from schema import file
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.config.model import Config
    from schema.transaction import Database


def require_clean(
    db: "Database", repo: repository.Repository, place: Workspace, settings: "Config"
) -> None:
    """Refuse a dirty repository: what the new worktree would lack could be missed."""
    if not repo.top:
        return
    seen = changes.status(repo, leave_out=_left_out(db, place.workspace_root))
    if seen.is_clean:
        return
    with db.read() as tx:
        known = tickets.globs(tx)  # Tickets never make a repository dirty.
    watched = settings.drive.get("tickets")
    globs = [*known, *(watched if isinstance(watched, list) else ())]
    left = [name for name in seen.files if not any(paths.fits(name, glob) for glob in globs)]
    if left:
        names = [git_names.display(name) for name in left]
        raise Failure(
            "invalid_state",
            "dirty",
            f"{repo.top} has {len(names)} changed or untracked files: " + ", ".join(names[:10]),
            hint="commit or remove them, or name a base: --base-ref HEAD",
            details={"files": names[:200]},
        )


def _left_out(db: "Database", root: str) -> tuple[str, ...]:
    """Return the paths that never make a repository dirty: the store's and the worktrees'."""
    ours = db.folder
    if os.path.basename(ours.path) == file.STORE_FOLDER:
        return (ours.path, root)
    kept = (ours.artifacts, ours.logs, ours.below(places.PLACES), ours.below(places.OUT))
    return (*ours.files, ours.wake, *kept, root)
