"""One new file committed alone on the branch that a checkout stands on."""

from orch.git.merges import ORCH
from orch.git.names import require_oid
from orch.git.repository import Repository, call


def commit_file(repo: Repository, name: str, message: str) -> str:
    """Commit one file of the checkout as it lies there, and nothing else; return the commit.

    What else is staged stays staged. The author is git's own user, else orch. Raises: git_error.
    """
    author = () if _has_user(repo) else (("user.name", ORCH.name), ("user.email", ORCH.email))
    call(repo, "add", "--force", "--", name, config=author)
    call(repo, "commit", "--quiet", "--only", "-m", message, "--", name, config=author)
    return require_oid(call(repo, "rev-parse", "HEAD").text())


def _has_user(repo: Repository) -> bool:
    return call(repo, "config", "--get", "user.email", ok=(0, 1)).code == 0
