"""Material of the reviewers: the change as bytes beside the store, a place at its commit."""

from council.rows import Council
from council.workflows import blobs
from inbox.model import Artifact
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import PlannedPlace
    from schema.transaction import Database


def keep_change(db: "Database", council: Council, change: str) -> tuple[Artifact, ...]:
    """Keep the diff's bytes beside the store; return the artifact that carries them."""
    if not change:
        return ()
    content = change.encode()
    council.diff_sha256 = blobs.digest(content)
    blobs.keep(db.folder.artifact(council.diff_sha256), content)
    commits = obj(base_commit=council.base_commit, head_commit=council.head_commit)
    made = Artifact("change.diff", "diff", commits, len(content), council.diff_sha256, copied=True)
    return (made,)


def place_of(db: "Database", council: Council, task_id: str) -> "PlannedPlace":
    """Return where a reviewer's first attempt works: at the commit that is reviewed."""
    from orch.operations import places as rules

    folder = db.folder.path
    return rules.plan(folder, council.run_id, task_id, 1, council.repo_path, council.head_commit)
