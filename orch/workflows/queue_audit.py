"""What doctor looks at in queues: landings that were killed, heads and landed commits in git."""

from inbox.workflows.doctor import OK, PROBLEM, WARNING, Check
from orch import identity
from orch.store import audit as store
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch import git
    from schema.transaction import Database

_NAMED = 5


def landings(db: "Database") -> Check:
    """Say which landings were killed half-way."""
    with db.read() as tx:
        found = store.landings(tx)
    dead = [name for name, runner in found if runner is None or identity.is_gone(*runner)]
    if not dead:
        return Check("landings", OK, f"{len(found)} under way")
    words = "; ".join(f"the landing on {name} was killed half-way" for name in dead[:_NAMED])
    hint = "; ".join(f"orch queue run --target {name}" for name in dead[:_NAMED])
    return Check("landings", WARNING, words, hint)


def commits(db: "Database") -> Check:
    """Say which entries' commits are lost: their head, or what landed of them."""
    from orch import git

    with db.read() as tx:
        found = store.entry_heads(tx)
    opened: dict[str, git.Repository | None] = {}
    lost, odd = [], []
    for name, path, head, landed, target in found:
        if path not in opened:
            opened[path] = git.find_repository(path)
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
    return Check("landed commits", OK, f"{len(found)} entries have all their commits")


def _is_there(repo: "git.Repository", commit: str) -> bool:
    from orch import git

    try:
        return bool(git.tree_id(repo, commit))
    except Failure:
        return False


def _is_on(repo: "git.Repository", commit: str, target: str) -> bool:
    from orch import git

    tip = git.read_ref(repo, target)
    try:
        return not tip or git.is_ancestor(repo, commit, tip)
    except Failure:
        return False
