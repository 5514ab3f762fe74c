"""Worktrees and branches that no attempt of the store names, for doctor.

A store that lost its newest pages (its `-wal` deleted), or that an older copy replaced, is sound
in itself: only what stands around it shows that runs are gone.
"""

import glob
import os

from inbox.workflows.finding import OK, WARNING, Check
from orch.steps.model import git, say
from orch.store import audit as store
from schema import file
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_NAMED = 5
_BRANCHES = "refs/heads/orch/"


def worktrees(db: "Database", works: list[store.WorkLocation]) -> Check:
    """Say which directories of attempts, below every known root, no attempt names."""
    roots = {work.worktree_path.rsplit("/", 3)[0] for work in works} | {*_own_root(db)}
    with db.read() as tx:
        begun = {f"/{task}/" for _, task, _ in store.intents(tx)}
    known = {work.worktree_path for work in works}
    found = [
        path
        for root in sorted(roots)
        for path in sorted(glob.glob(f"{glob.escape(root)}/*/*/attempt-*"))
        if path not in known and not any(task in path for task in begun)
    ]
    well = "no worktree that no attempt names"
    look = [git("log", where=found[0])] if found else []
    return _told(db, "strays", found, [path.rsplit("/", 3)[1] for path in found], well, look)


def branches(db: "Database", works: list[store.WorkLocation]) -> Check:
    """Say which branches of orch, in every known repository, no attempt names."""
    from orch.git import refs as git_refs
    from orch.git import repository

    paths = {work.repo_path for work in works}
    paths |= {os.path.dirname(os.path.dirname(root)) for root in _own_root(db)}
    known = {(work.repo_path, work.branch_name) for work in works}
    found = []
    for path in sorted(paths):
        repo = repository.find_repository(path)
        refs = git_refs.list_refs(repo, _BRANCHES) if repo is not None else {}
        names = [ref.removeprefix("refs/heads/") for ref in sorted(refs)]
        found += [name for name in names if (path, name) not in known]
    well = "no branch of orch that no attempt names"
    look = [git("log", found[0])] if found else []
    return _told(db, "branches", found, [name.split("/")[1] for name in found], well, look)


def _own_root(db: "Database") -> list[str]:
    """Return the usual root beside the store, where that lies in its usual place.

    A store on a server is of the repository that one stands in.
    """
    if not db.is_file:
        from orch.git import repository

        here = repository.find_repository(os.getcwd())
        top = os.path.dirname(here.common_dir) if here is not None and not here.is_bare else ""
        return [os.path.join(top, file.STORE_FOLDER, "worktrees")] if top else []
    usual = os.path.basename(db.folder.path) == file.STORE_FOLDER
    return [db.folder.below("worktrees")] if usual else []


def _told(
    db: "Database", name: str, found: list[str], of: list[str], well: str, look: list[Step]
) -> Check:
    """Return the finding about `found`, whose runs, as far as their names tell, are `of`."""
    if not found:
        return Check(name, OK, well)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    words = "; ".join(found[:_NAMED]) + more
    with db.read() as tx:
        known = {run.replace("_", "-") for run in store.runs(tx)}
    lost = [run for run in dict.fromkeys(of) if run.replace("_", "-") not in known]
    if not lost:
        hint = "bring the run up to date, then look into them: nothing refers to them"
        return Check(name, WARNING, words, hint, next=[say("reconcile", run=of[0]), *look])
    words = f"{words}: of run {', '.join(lost[:_NAMED])}, which this store does not know"
    name_of = (
        f"{os.path.basename(db.path)}-wal or the store" if db.is_file else "rows of the server"
    )
    hint = (
        f"were {name_of} deleted or replaced? stop, restore the newest backup; the work is still "
        "there"
    )
    return Check(name, WARNING, words, hint, next=look)
