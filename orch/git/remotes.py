"""The one place where git talks to another machine: fetch, push and a look, by full ref names.

Guarantees: what is pushed replaces only what we last saw there (a lease); a fetch writes nothing
but refs below refs/orch/remote/; helpers for logins and ssh come from the person's own global
configuration, never from the repository's, which agents can write; nothing prompts. A URL is told
without its secret parts.
"""

import os

from orch.git import process, refs
from orch.git.names import require_oid, require_ref
from orch.git.repository import Repository, call
from schema.failures import Failure

_SECONDS = 120.0
_PROTOCOLS = "https:ssh:git:file"
_PASSED_ON = ("SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "https_proxy", "no_proxy")


def url(repo: Repository, remote: str) -> str:
    """Return where a remote is, "" when there is none of that name."""
    answer = call(repo, "config", "--get", f"remote.{remote}.url", ok=(0, 1))
    return answer.text()


def commit_of(repo: Repository, remote: str, ref: str) -> str:
    """Return where a ref is on a remote, "" where it is not. Raises: git_error."""
    return commits_of(repo, remote, [ref]).get(ref, "")


def commits_of(repo: Repository, remote: str, wanted: list[str]) -> dict[str, str]:
    """Return where those of these refs are that a remote has. Raises: git_error."""
    names = [require_ref(ref) for ref in wanted]
    answer = _talk(repo, "ls-remote", "--refs", remote, *names)
    lines = [line.split("\t") for line in answer.text().split("\n") if line]
    return {name: oid for oid, name in lines if name in names}


def delete(repo: Repository, remote: str, gone: dict[str, str]) -> None:
    """Delete refs of a remote that are where they were seen; those that moved stay.

    Raises: git_error where it does not answer.
    """
    leases = [f"--force-with-lease={require_ref(r)}:{require_oid(at)}" for r, at in gone.items()]
    words = ("push", "--porcelain", "--no-verify", "--recurse-submodules=no", *leases)
    _talk(repo, *words, remote, *(f":{ref}" for ref in gone), ok=(0, 1))


def default_branch(repo: Repository, remote: str) -> str:
    """Return the full ref of the branch that a remote's HEAD names, "" for none."""
    for line in _talk(repo, "ls-remote", "--symref", remote, "HEAD").text().split("\n"):
        if line.startswith("ref: refs/heads/"):
            return line.removeprefix("ref: ").partition("\t")[0]
    return ""


def forget(repo: Repository, remote: str, ref: str) -> None:
    """Let go of what was fetched of a ref that the remote has no more."""
    here = kept_ref(remote, ref)
    old = refs.read_ref(repo, here)
    if old:
        refs.swap_ref(repo, here, "", old)


def note(repo: Repository, remote: str, ref: str, commit: str) -> None:
    """Keep as fetched what was just pushed, "" for nothing: the next push leans on it."""
    here = kept_ref(remote, ref)
    old = refs.read_ref(repo, here)
    if old != commit:
        refs.swap_ref(repo, here, commit, old)


def fetch(repo: Repository, remote: str, ref: str) -> str:
    """Fetch one ref and what it needs; return its commit. Raises: git_error."""
    here = kept_ref(remote, ref)
    words = ("fetch", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet")
    _talk(repo, *words, remote, f"+{require_ref(ref)}:{here}")
    return call(repo, "rev-parse", "--verify", here).text()


def push(repo: Repository, remote: str, commit: str, ref: str, seen: str) -> bool:
    """Push a commit to a ref that is at `seen` ("" = it is not there); say whether it was.

    False: somebody else moved it, or made it, meanwhile. What is there already is no change.
    Raises: git_error for everything else.
    """
    lease = f"--force-with-lease={require_ref(ref)}:{seen and require_oid(seen)}"
    words = ("push", "--porcelain", "--no-verify", "--recurse-submodules=no", lease)
    answer = _talk(repo, *words, remote, f"{require_oid(commit)}:{ref}", ok=(0, 1))
    if answer.code == 0:
        return True
    if "stale info" in answer.text() + answer.err:
        return commit_of(repo, remote, ref) == commit
    said = next((x for x in answer.text().split("\n") if x.startswith("!")), answer.err)
    told = [x.removeprefix("remote:").strip() for x in answer.err.split("\n") if "remote:" in x[:7]]
    if any(told):
        said += " It said: " + " ".join(told)[:200]
    raise Failure("git_error", "failed", f"git push to {remote}: {' '.join(said.split())[:300]}")


def confirm(repo: Repository, remote: str, ref: str, commit: str) -> None:
    """See that a remote has what was pushed. Raises: git_error where it has not."""
    there = commit_of(repo, remote, ref)
    if there != commit:
        raise Failure(
            "git_error", "failed",
            f"{ref} was pushed to {remote}, but is {there[:12] or 'nowhere'} there",
            hint="something changes it there",
        )  # fmt: skip


def kept_ref(remote: str, ref: str) -> str:
    """Return under which ref a fetched one is kept here."""
    return f"refs/orch/remote/{remote}/{ref.removeprefix('refs/')}"


def _talk(repo: Repository, *args: str, ok: tuple[int, ...] = (0,)) -> process.Output:
    """Run a git that may use the network."""
    helpers = call(
        repo, "config", "--global", "--get-all", "credential.helper", ok=(0, 1, 128)
    ).text()
    config = [
        ("protocol.allow", "user"),
        ("protocol.file.allow", "always"),
        ("core.sshCommand", ""),
    ]
    config += [("credential.helper", each) for each in helpers.split("\n") if each]
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    env |= {
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_NO_LAZY_FETCH": "0",
    }
    return call(repo, *args, ok=ok, seconds=_SECONDS, config=tuple(config), env=env)
