"""Mirrors of shared repositories on this machine: a checkout, or a mirror of our own.

A mirror is bare, in `~/.cache/orch/REPO/` (XDG_CACHE_HOME), made at the first task that is worked
on here, under a lock that dies with its process. Its worktrees stand beside it.
"""

import os

from orch.fleet import here
from orch.git import process as git_process
from orch.git import refs, remotes, repository
from orch.steps.model import git
from orch.store import fleet as store
from orch.store.fleet import Checkout, SharedRepository
from schema.failures import Failure, invalid_input, not_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

MIRROR = "mirror.git"
REMOTE = "origin"
_HEADS = "refs/heads/"
_SECONDS = 120.0


def folder(repo_id: str) -> str:
    """Return this machine's folder for the mirror of a repository and its worktrees."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.realpath(os.path.join(base, "orch", repo_id))


def worktrees_of(repo: repository.Repository) -> str:
    """Return beside what relative places for worktrees are taken: never inside a git directory."""
    if not repo.top and os.path.basename(repo.common_dir) == MIRROR:
        return os.path.dirname(repo.common_dir)
    return repo.top or repo.common_dir


def find(db: "Database", repo_id: str) -> Checkout | None:
    """Return where this machine has a repository, None where it has it not yet."""
    with db.read() as tx:
        return store.checkout(tx, repo_id, tx.machine)


def need(db: "Database", repo_id: str) -> Checkout:
    """Return where this machine has a repository; a mirror is made where there is none.

    Raises: git_error, invalid_input/value for a copied machine.
    """
    found = find(db, repo_id)
    if found is not None and os.path.isdir(found.path):
        return found
    here.appear(db, at_once=True)
    with db.read() as tx:
        shared = store.repository(tx, repo_id)
    if shared is None:
        raise not_found("repository", repo_id)
    path = _mirror(shared)
    with db.write() as tx:
        store.put_checkout(tx, repo_id, tx.machine, path, REMOTE, is_mirror=True)
    with db.read() as tx:
        made = store.checkout(tx, repo_id, tx.machine)
    assert made is not None
    return made


def _mirror(shared: SharedRepository) -> str:
    """Make the mirror, or finish one that a kill left half-made; return its path."""
    home = folder(shared.repo_id)
    os.makedirs(home, mode=0o700, exist_ok=True)
    path = os.path.join(home, MIRROR)
    with repository.locked_directory(home, _SECONDS):
        environment = git_process.environment()
        length = 64 if len(shared.first_commit) == 64 else 40
        kind = "sha256" if length == 64 else "sha1"
        made = ["init", "-q", "--bare", f"--object-format={kind}", "--", path]
        git_process.execute(made, environment, home)  # Changes nothing in one that is there.
        repo = repository.open_repository(path)
        repository.call(repo, "config", f"remote.{REMOTE}.url", shared.remote_url)
        branch = remotes.default_branch(repo, REMOTE)
        if branch:
            repository.call(repo, "symbolic-ref", "HEAD", branch)
            follow(repo, REMOTE, branch)
    return path


def follow(repo: repository.Repository, remote: str, ref: str) -> str:
    """Fetch a branch; return where the remote has it, "" for nowhere. Raises: git_error.

    The branch of the same name here goes along where it is free: no checkout is on it, and nothing
    but the remote's work is on the way.
    """
    there = remotes.commit_of(repo, remote, ref)
    if not there:
        remotes.forget(repo, remote, ref)
        return ""
    if refs.read_ref(repo, remotes.kept_ref(remote, ref)) != there:
        there = remotes.fetch(repo, remote, ref)
    old = refs.read_ref(repo, ref)
    if old == there or (old and not refs.is_ancestor(repo, old, there)):
        return there
    from orch.git import worktrees

    if not old or not worktrees.checked_out_at(repo, ref):
        refs.swap_ref(repo, ref, there, old, f"orch: follow {remote}")
    return there


def share(path: str, remote: str) -> tuple[str, str, str]:
    """Return (remote's URL, its name there, first commit) of a checkout that is to be shared.

    Raises: not_found/repository, invalid_input, git_error where the remote does not answer.
    """
    repo = repository.open_repository(path)
    url = remotes.url(repo, remote)
    if not url:
        raise Failure(
            "invalid_input",
            "value",
            f"{repo.top or repo.common_dir} has no remote {remote}",
            hint="add it",
            next=[git("remote", "add", remote, "URL", where=repo.top or repo.common_dir)],
        )
    if "://" in url and ":" in url.partition("://")[2].partition("@")[0] and "@" in url:
        raise invalid_input(
            f"the URL of remote {remote} holds a password, which others of the store would see",
            hint="take it out, and let git's credential helper know it",
        )
    if "://" not in url and ":" not in url.partition("/")[0]:
        url = os.path.realpath(os.path.join(repo.top or repo.common_dir, url))
    remotes.default_branch(repo, remote)  # Raises where it does not answer.
    first = repository.call(
        repo, "rev-list", "--max-parents=0", "--max-count=1", "HEAD", ok=(0, 128)
    )  # fmt: skip
    return url, repo.top or repo.common_dir, first.text() if first.code == 0 else ""
