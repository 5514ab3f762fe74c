"""Whereabouts of a run's work, as far as git can tell: on its target, or in people's branch."""

from orch.config import load
from orch.git import proofs, refs, repository
from orch.landing import open_queue
from orch.landing.open_queue import HEADS
from orch.model import Run, integration_branch
from orch.store import ends as store
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.ends import Unlanded
    from schema.transaction import Database


class Places:
    """What git says of a run's branches, each repository and branch looked at once."""

    def __init__(self, db: "Database", run: Run) -> None:
        self._db = db
        self.run = run
        self.used: list[tuple[str, str, str]] = []
        self._repositories: dict[str, repository.Repository | None] = {}
        self._tips: dict[tuple[str, str], str] = {}

    def add(self, repo_path: str, target: str, commit: str) -> None:
        """Remember that work of the run is on a branch, up to a commit at least."""
        tip = self._tip(repo_path, HEADS + target) or commit
        if (repo_path, target, tip) not in self.used:
            self.used.append((repo_path, target, tip))

    def find(self, one: "Unlanded") -> bool:
        """Say whether work that no queue brought anywhere is on the run's target or its base."""
        if one.is_uncommitted or not one.head_commit:
            return False
        for branch in dict.fromkeys((self.base(one.repo_path, ""), self.target(one.repo_path))):
            if branch and self.holds(one.repo_path, branch, one.head_commit):
                if branch != self.base(one.repo_path, ""):
                    self.add(one.repo_path, branch, one.head_commit)
                return True
        return False

    def target(self, repo_path: str) -> str:
        """Return the branch that the run's work is meant for, "" where that cannot be told."""
        repo = self._open(repo_path)
        if repo is None:
            return ""
        try:
            found = open_queue.target_of(self.run, load.load(repo.top), None)
        except Failure:
            named = str(self.run.target).removeprefix(HEADS)
            return named or integration_branch(self.run.run_id)
        return str(found).removeprefix(HEADS)

    def base(self, repo_path: str, target: str) -> str:
        """Return the branch that people work on: the run's base, else what is checked out.

        A target that a person named is where its work ends, unless a base was named, too.
        """
        named = str(self.run.base_ref).removeprefix(HEADS)
        if named and self._tip(repo_path, HEADS + named):
            return named
        if target and target != integration_branch(self.run.run_id):
            return target
        repo = self._open(repo_path)
        try:
            return refs.head(repo).branch.removeprefix(HEADS) if repo is not None else ""
        except Failure:
            return ""

    def holds(self, repo_path: str, branch: str, commit: str) -> bool:
        """Say whether a branch holds what a commit brings; not where git cannot tell.

        Of two commits that never changes, so git is asked once.
        """
        repo, tip = self._open(repo_path), self._tip(repo_path, HEADS + branch)
        if repo is None or not tip:
            return False
        with self._db.read() as tx:
            seen = store.proof_seen(tx, commit, tip)
        if seen is not None:
            return bool(seen)
        try:
            found = proofs.find_integration(repo, commit, tip)
        except Failure:
            return False
        if found.undecided:
            return False
        with self._db.write() as tx:
            store.remember_proof(tx, commit, tip, found.proof)
        return bool(found.proof)

    def _open(self, path: str) -> repository.Repository | None:
        if path not in self._repositories:
            try:
                self._repositories[path] = repository.find_repository(path)
            except Failure:
                self._repositories[path] = None
        return self._repositories[path]

    def _tip(self, repo_path: str, ref: str) -> str:
        key = (repo_path, ref)
        if key not in self._tips:
            repo = self._open(repo_path)
            try:
                self._tips[key] = refs.read_ref(repo, ref) if repo is not None else ""
            except Failure:
                self._tips[key] = ""
        return self._tips[key]
