"""Audit of queues for doctor: landings that were killed, heads and landed commits in git."""

from inbox.workflows.finding import OK, PROBLEM, WARNING, Check
from orch import process_identity
from orch.landing import kept_candidates, kept_refs
from orch.steps.model import git, say
from orch.store import audit as store
from orch.worktrees import kept_heads
from schema.failures import Failure
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.git import repository
    from schema.transaction import Database

_NAMED = 5


def landings(db: "Database") -> Check:
    """Say which landings were killed half-way."""
    with db.read() as tx:
        found = store.landings(tx)
    dead = [name for name, runner in found if runner is None or process_identity.is_gone(*runner)]
    if not dead:
        return Check("landings", OK, f"{len(found)} under way")
    words = "; ".join(f"the landing on {name} was killed half-way" for name in dead[:_NAMED])
    runs = [say("queue run", target=name) for name in dead[:_NAMED]]
    return Check("landings", WARNING, words, next=runs)


def commits(db: "Database") -> Check:
    """Say which entries' commits are lost: their head, or what landed of them."""
    from orch.git import repository

    with db.read() as tx:
        found = store.entry_heads(tx)
    opened: dict[str, repository.Repository | None] = {}
    lost, odd = [], []
    for name, path, head, landed, target in found:
        if path not in opened:
            opened[path] = repository.find_repository(path)
        repo = opened[path]
        if repo is None:
            odd.append(f"{name}: no repository {path}")
        elif not _is_there(repo, head):
            lost.append(f"{name}: its head {head[:12]} is gone")
        elif landed and not _is_on(repo, landed, target):
            branch = target.removeprefix("refs/heads/")
            odd.append(f"{name}: {landed[:12]} is no longer on {branch}")
    if lost or odd:
        words = "; ".join([*lost, *odd][:_NAMED])
        status = PROBLEM if lost else WARNING
        return Check("landed commits", status, words, "was the target or the repository changed?")
    return Check(
        "landed commits", OK, f"all commits are there of {many(len(found), 'entry', 'entries')}"
    )


def refs(db: "Database") -> Check:
    """Say which refs that keep commits for the store are of nothing in it any more."""
    from orch.git import refs as git_refs
    from orch.git import repository
    from schema.steps import Step

    with db.read() as tx:
        paths, named = store.kept_paths(tx), store.kept_names(tx)
    found: list[Step] = []
    count = 0
    for path in paths:
        repo = repository.find_repository(path)
        if repo is None:
            continue
        for ref in git_refs.list_refs(repo, kept_refs.KEPT, kept_candidates.KEPT, kept_heads.KEPT):
            count += 1
            # An entry's and a candidate's ref go on with the commit that they keep.
            number, dash, _ = ref.rpartition("-")
            if ref not in named and not (dash and number in named):
                found.append(git("update-ref", "-d", ref, where=path))
    if not found:
        return Check("kept refs", OK, f"{count}, each of something in this store")
    words = "; ".join(step.argv[-1] for step in found[:_NAMED])
    hint = "another store's, or left by a kill; a run of the queue lets go of the queue's"
    words = f"of nothing that this store has under way: {words}"
    return Check("kept refs", WARNING, words, hint, next=[say("queue run"), found[0]])


def _is_there(repo: "repository.Repository", commit: str) -> bool:
    from orch.git import refs as git_refs

    try:
        return bool(git_refs.tree_id(repo, commit))
    except Failure:
        return False


def _is_on(repo: "repository.Repository", commit: str, target: str) -> bool:
    from orch.git import refs as git_refs

    tip = git_refs.read_ref(repo, target)
    try:
        return not tip or git_refs.is_ancestor(repo, commit, tip)
    except Failure:
        return False
