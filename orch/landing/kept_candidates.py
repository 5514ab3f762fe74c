"""The candidates of a queue, kept by refs of our own as long as they may still land.

The last commit of a chain holds all below it. What is missing all the same, since a gc came before
the ref or somebody deleted that, is forgotten: the same step makes the same commit again.
"""

from orch.git import commits
from orch.git import refs as git_refs
from orch.landing import snapshot
from orch.landing.open_queue import OpenQueue
from orch.landing.runner_lease import RunnerLease
from orch.store import pull_requests as pull_rows
from orch.store import trials
from schema.failures import Failure
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.transaction import ReadTx

KEPT = "refs/orch/candidate/"


def wanted(tx: "ReadTx", opened: OpenQueue) -> dict[str, str]:
    """Return the refs that keep what is built on the target's tip, with their commits."""
    queue_no = opened.queue.queue_no
    links = snapshot.reachable(opened.tip, trials.built(tx, queue_no))
    clean = [link for link in links if link.is_clean]
    last = {link.commit for link in clean} - {link.onto for link in clean} - {opened.tip}
    last |= {pull.commit_id for pull in pull_rows.of_queue(tx, queue_no)}
    return {f"{KEPT}{queue_no}-{commit}": commit for commit in sorted(last)}


def keep(lease: RunnerLease, opened: OpenQueue, refs: "Mapping[str, str]") -> None:
    """Keep what is not among the refs seen; forget what is gone. Raises: git_error."""
    with lease.db.read() as tx:
        found = wanted(tx, opened)
    new = {ref: commit for ref, commit in found.items() if refs.get(ref) != commit}
    while new:
        changes = {ref: (commit, refs.get(ref, "")) for ref, commit in new.items()}
        try:
            git_refs.swap_refs(opened.repo, changes, "orch queue: built")
            return  # Where another store of this repository was faster, it holds the same.
        except Failure:
            gone = set(commits.missing_objects(opened.repo, [*new.values()]))
            if not gone:
                raise
        with lease.write() as tx:
            trials.forget_commits(tx, lease.queue_no, array(sorted(gone)))
            found = wanted(tx, opened)  # What they were built on is the last one now.
        new = {ref: commit for ref, commit in found.items() if refs.get(ref) != commit}


def over(tx: "ReadTx", opened: OpenQueue, refs: "Mapping[str, str]") -> dict[str, tuple[str, str]]:
    """Return the deletions of this queue's refs that keep nothing any more, for `swap_refs`."""
    mine = f"{KEPT}{opened.queue.queue_no}-"
    needed = wanted(tx, opened)
    return {r: ("", at) for r, at in refs.items() if r.startswith(mine) and r not in needed}
