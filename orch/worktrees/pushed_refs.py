"""Refs of attempts on a shared remote: deleted once their work has landed and was kept for a while.

Only where the remote has exactly what is recorded: what somebody added there is a person's. Work
that did not land, and what was left uncommitted, stays. Killed between deletion and record, the
next time finds the ref gone.
"""

from orch.git import remotes, repository
from orch.store import deliveries as store
from orch.worktrees import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_MOST = 200  # At once: their names are arguments of one git.


def delete_landed(
    db: "Database", repo: repository.Repository, remote: str, repo_id: str,
    *, kept_ms: int, run_id: str | None = None,
) -> int:  # fmt: skip
    """Delete the branches and bases of what landed so long ago; return of how many attempts.

    Raises: git_error, where the remote does not answer.
    """
    with db.read() as tx:
        found = store.landed(tx, repo_id, tx.now.wall_ms - kept_ms, run_id)[:_MOST]
    if not found:
        return 0
    wanted: dict[str, str] = {}
    for one in found:
        wanted[one.ref] = one.head
        wanted[shared.base_ref(one.ref.removeprefix(shared.HEADS))] = one.start_commit
    there = remotes.commits_of(repo, remote, sorted(wanted))
    gone = {ref: at for ref, at in wanted.items() if there.get(ref) == at}
    if gone:
        remotes.delete(repo, remote, gone)
        there = remotes.commits_of(repo, remote, sorted(wanted))
    over = [one for one in found if one.ref not in there]
    for one in over:
        remotes.forget(repo, remote, one.ref)
    with db.write() as tx:
        for one in over:
            store.set_deleted(tx, one.thread_no)
    return len(over)
