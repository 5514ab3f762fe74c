"""The orch.toml in force: the one at the tip of the branch that people own.

That is the target, or, where the target is an integration branch of ours, the branch the run was
begun from (a commit, where there was no branch): what a person commits there counts at once, what
agents landed once it is integrated. Where none is committed, the file that lay there when the run
began. A file in a working tree counts only once it has landed or a person accepted it.
"""

import contextlib
import json
import os

from orch.config import cache, load
from orch.config.model import Config
from orch.git import blobs as git_blobs
from orch.git import names, repository, worktrees
from orch.git import refs as git_refs
from orch.steps.model import say
from orch.store import runs as run_rows
from schema.failures import Failure
from schema.json_text import dumps
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import Run
    from schema.transaction import Database, ReadTx

_HEADS = "refs/heads/"
_OURS = ("orch/", "orch-integration/")
# In a run's fingerprint, beside its git directories: {branch, file, over, told} of a repository.
_KEY = "orch.toml "
_HEAD = "HEAD"


class _Counts(Value):
    """What counts in a repository: a committed file, an accepted one, or none."""

    branch: str
    blob: str
    accepted: str | None
    head: str


class _Difference(Value):
    """A file in a checkout that does not count, by its blob, and what counts instead."""

    blob: str
    text: str


def of_run(
    db: "Database", run: "Run", repo: repository.Repository, target: str = "", *, anew: bool = False
) -> Config:
    """Return what counts for a run, for what is to land on `target` (default: the run's).

    `anew`: believe no kept meaning of another process. Raises: invalid_input naming every problem.
    """
    seen = _record(db, run, repo)
    found = _counts(repo, seen, target or run.target)
    settings = _meaning(db, repo, found, anew=anew)
    wanted = settings.queue.target
    if wanted and not (target or run.target) and not _is_ours(wanted):
        found = _counts(repo, seen, wanted)
        settings = _meaning(db, repo, found, anew=anew)
    return settings


def at(db: "Database", run: "Run", path: str = "", target: str = "") -> Config:
    """Return what counts for a run in the repository of a path (else the run's, else here)."""
    path = os.path.realpath(path or run.repo_path or os.getcwd())
    repo = repository.find_repository(path)
    return of_run(db, run, repo, target) if repo is not None else load.load(path)


def here(db: "Database", path: str = "") -> Config:
    """Return what counts in a directory (default: this one), of whatever run.

    In a repository of which no open run knows: what is committed, else the file itself.
    """
    repo = repository.find_repository(path or os.getcwd())
    if repo is None:
        return load.load(path or None)
    with db.read() as tx:
        run = run_rows.newest_with(tx, _KEY + repo.common_dir)
    if run is not None:
        tell_difference(db, run, repo)
        return of_run(db, run, repo)
    found = _counts(repo, {"branch": base_of(repo, "")}, "")
    return _meaning(db, repo, found) if found.blob else load.load(repo.top or None)


def first_sight(path: str, base_ref: str) -> "dict[str, dict[str, str]]":
    """Return what a run is to remember of the repository of a path, {} outside of git."""
    repo = repository.find_repository(path)
    return {_KEY + repo.common_dir: _look(repo, base_ref)} if repo is not None else {}


def accept(
    db: "Database", repo: repository.Repository, run: "Run"
) -> "tuple[dict[str, dict[str, str]], list[str]]":
    """Return what is to be remembered so that the file in the checkout counts, and what changes."""
    seen = _record(db, run, repo)
    found = _counts(repo, seen, run.target)
    content = _working_file(repo)
    text = content.decode("utf-8", "replace") if content is not None else None
    record = {"branch": seen["branch"], "over": found.blob}
    if text is not None:
        record["file"] = text
    same = text == found.accepted
    if found.accepted is None and found.blob:
        same = content is None or git_blobs.blob_id_of(repo, content) == found.blob
    told = [] if same else [f"orch.toml of {repo.top or repo.common_dir} counts as it is now"]
    return {_KEY + repo.common_dir: record}, told


def tell_difference(
    db: "Database", run: "Run", repo: repository.Repository, target: str = ""
) -> None:
    """Tell people once that the file in the checkout is not the one that counts."""
    seen = _record(db, run, repo)
    found = _difference(repo, seen, target or run.target)
    if found is None or found.blob == seen.get("told"):
        return
    with db.write() as tx:
        known = _all(tx, run.run_id)
        known[_KEY + repo.common_dir] = {**seen, "told": found.blob}
        run_rows.set_fingerprint(tx, run.run_id, dumps(known))
    accept = say("repo accept", run=run.run_id)
    db.notes.append(f"{found.text}: commit it, or a person says {accept.line}")


def difference(db: "Database", run: "Run") -> str:
    """Return in words that the file in the run's checkout is not the one that counts, or ""."""
    repo = repository.find_repository(run.repo_path or os.getcwd())
    if repo is None:
        return ""
    found = _difference(repo, _record(db, run, repo), run.target)
    return found.text if found is not None else ""


def _difference(
    repo: repository.Repository, seen: dict[str, str], target: str
) -> "_Difference | None":
    content = _working_file(repo)
    if content is None:
        return None
    found = _counts(repo, seen, target)
    blob = git_blobs.blob_id_of(repo, content)
    is_accepted = found.accepted == content.decode("utf-8", "replace")
    if blob in (found.blob, found.head) or is_accepted:
        return None
    which = "no orch.toml is committed, and none"
    if found.accepted is not None:
        which = "the orch.toml of the run's beginning"
    elif found.blob:
        which = f"{found.branch}'s orch.toml"
    return _Difference(blob, f"{which} counts; the checkout's differs")


def base_of(repo: repository.Repository, base_ref: str) -> str:
    """Return the full ref of the branch that people own, a commit where there is none."""
    named = base_ref.removeprefix(_HEADS)
    if named and named != _HEAD:
        try:
            branch = names.require_branch(named)
            if git_refs.read_ref(repo, branch):
                return branch
        except Failure:
            pass  # A tag, a commit, or nothing at all: what refuses that says so at dispatch.
        try:
            return git_refs.resolve(repo, base_ref)
        except Failure:
            pass
    head = git_refs.head(repo)
    if head.branch and not _is_ours(head.branch):
        return _HEADS + head.branch
    return head.commit


def _is_ours(branch: str) -> bool:
    return branch.removeprefix(_HEADS).startswith(_OURS)


def _record(db: "Database", run: "Run", repo: repository.Repository) -> dict[str, str]:
    """Return what the run remembers of the repository; it begins to now if it did not."""
    with db.read() as tx:
        seen = _known(_all(tx, run.run_id), repo)
    if seen is not None:
        return seen
    looked = _look(repo, run.base_ref)
    with db.write() as tx:
        known = _all(tx, run.run_id)
        seen = known.setdefault(_KEY + repo.common_dir, looked)
        run_rows.set_fingerprint(tx, run.run_id, dumps(known))
    return seen


def _all(tx: "ReadTx", run_id: str) -> "dict[str, dict[str, str]]":
    found: dict[str, dict[str, str]] = json.loads(run_rows.fingerprint(tx, run_id) or "{}")
    return found


def _known(
    known: "dict[str, dict[str, str]]", repo: repository.Repository
) -> dict[str, str] | None:
    """Return the record of a repository; of one that was moved, what stands under its old place."""
    found = known.get(_KEY + repo.common_dir)
    if found is not None:
        return found
    gone = [v for k, v in known.items() if k.startswith(_KEY) and not os.path.isdir(k[len(_KEY) :])]
    return gone[0] if len(gone) == 1 else None


def _look(repo: repository.Repository, base_ref: str) -> dict[str, str]:
    """Return the branch that people own now, and the file where none is committed there."""
    branch = base_of(repo, base_ref)
    content = None if _blobs(repo, [branch])[branch] else _working_file(repo)
    if content is None:
        return {"branch": branch}
    return {"branch": branch, "file": content.decode("utf-8", "replace"), "over": ""}


def _blobs(repo: repository.Repository, refs: list[str]) -> dict[str, str]:
    return dict.fromkeys(refs, "") | git_blobs.blob_ids(
        repo, [ref for ref in refs if ref], load.NAME
    )


def _counts(repo: repository.Repository, seen: dict[str, str], target: str) -> _Counts:
    """Decide which file counts for a target, "" for none yet; ours count as none."""
    refs = [seen["branch"]]
    if target and not _is_ours(target):
        refs.insert(0, _HEADS + target.removeprefix(_HEADS))
    blobs = _blobs(repo, [*refs, _HEAD])
    branch = next((ref for ref in refs if blobs[ref]), refs[-1])
    accepted = seen.get("file") if blobs[branch] == seen.get("over") else None
    return _Counts(branch.removeprefix(_HEADS), blobs[branch], accepted, blobs[_HEAD])


def _meaning(
    db: "Database", repo: repository.Repository, found: _Counts, *, anew: bool = False
) -> Config:
    folder = db.folder.path
    text = found.accepted
    if text is not None:
        content = text.encode()
        where = os.path.join(repo.top or repo.common_dir, load.NAME)
        return load.meaning(folder, where, cache.named(content), lambda: content, anew=anew)
    if not found.blob:
        return Config()
    return load.meaning(
        folder, f"{found.branch}:{load.NAME}", found.blob,
        lambda: git_blobs.read_blob(repo, found.blob, load.MOST_BYTES), anew=anew,
    )  # fmt: skip


def _working_file(repo: repository.Repository) -> bytes | None:
    top = repo.top
    if repo.is_linked:
        with contextlib.suppress(Failure):  # Of a bare repository whose place nobody tells.
            top = worktrees.main_checkout(repo)
    return load.read_file(top) if top else None
