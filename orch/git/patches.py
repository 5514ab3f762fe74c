"""Patches as a tree: applied to a commit in an index of their own, without a checkout.

Guarantees: no ref, no worktree and no index of the user is touched; no hook, filter or
configured driver runs; what comes out differs from the commit in nothing but the given paths.
"""

import os

from orch.git import scratch
from orch.git.merges import PathChange, path_changes
from orch.git.names import display, require_oid
from orch.git.repository import DURABLE, Repository, call, drivers_off
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STEP = 200  # Paths in one argument list.
_WORDS = 1500
# Whatever the user configured, a patch means what it says.
_APPLY = ("apply", "--cached", "--whitespace=nowarn", "--no-ignore-whitespace", "-p1", "-")


class Applied(Value):
    """The tree that came of patches and how it differs; or `faults`, git's words by number."""

    tree: str = ""
    changes: tuple[PathChange, ...] = ()
    faults: dict[int, str] = own(factory=dict)


def path_modes(repo: Repository, commit: str, paths: "Iterable[str]") -> dict[str, str]:
    """Return the mode in `commit` of each path, and of each folder above, that is there."""
    require_oid(commit, repo.object_format)
    wanted = sorted(
        {"/".join(parts[:n]) for parts in (p.split("/") for p in paths)
         for n in range(1, len(parts) + 1)}
    )  # fmt: skip
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _STEP):
        asked = ("ls-tree", "-t", "-z", "--full-tree", commit, "--", *wanted[start : start + _STEP])
        for record in call(repo, *asked).records():
            head, _, path = record.partition("\t")
            found[path] = head.split(" ")[0]
    return found


def apply_patches(
    repo: Repository, commit: str, patches: "Sequence[bytes]", *, keep: bool = True
) -> Applied:
    """Return the tree of `commit` with the patches applied, or which do not apply and why.

    With `keep=False` nothing is written to the repository's objects. Raises: git_error.
    """
    require_oid(commit, repo.object_format)
    found = Applied()
    with scratch.folder() as folder:
        mine = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        if not keep:
            objects = os.path.join(folder, "objects")
            os.mkdir(objects)
            mine["GIT_OBJECT_DIRECTORY"] = objects
            theirs = os.path.join(repo.common_dir, "objects")
            # Quoted, since a colon would end the path.
            theirs = '"' + theirs.replace("\\", "\\\\").replace('"', '\\"') + '"'
            mine["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = theirs
        blanks = drivers_off(repo)
        call(repo, "read-tree", commit, env=mine, blanks=blanks)
        if _apply(repo, b"".join(patches), mine, blanks):
            told = ((n, _apply(repo, patch, mine, blanks)) for n, patch in enumerate(patches))
            found.faults = {number: words for number, words in told if words}
        if not found.faults:
            found.tree = call(repo, "write-tree", env=mine, config=DURABLE, blanks=blanks).text()
            asked = ("diff-index", "--cached", "-z", "--raw", "--no-renames", commit)
            records = call(repo, *asked, env=mine, blanks=blanks).records()
            found.changes = path_changes(records)
    return found


def _apply(
    repo: Repository, patch: bytes, mine: dict[str, str], blanks: "tuple[tuple[str, str], ...]"
) -> str:
    """Apply to the index; return git's words where it refuses, "" where it is done."""
    answer = call(repo, *_APPLY, stdin=patch, env=mine, ok=(0, 1, 128), blanks=blanks,
                  config=DURABLE, seconds=300)  # fmt: skip
    if answer.code == 0:
        return ""
    lines = [display(line) for line in answer.err.strip().split("\n")]
    return "\n".join(lines)[-_WORDS:] or f"git apply ended with {answer.code}"


def tree_faults(applied: Applied, wanted: dict[str, str]) -> list[str]:
    """Return how a tree differs otherwise than as wanted: {path: A, M or D}."""
    found = {change.path: change for change in applied.changes}
    faults = [f"{display(path)} is changed as well" for path in found if path not in wanted]
    for path, status in wanted.items():
        change = found.get(path)
        if change is None:
            faults.append(f"{display(path)} is not changed by its patch")
        elif change.status != status or change.new_mode not in ("100644", "100755", "000000"):
            faults.append(f"{display(path)} becomes {change.status} {change.new_mode}")
    return faults
