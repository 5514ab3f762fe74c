"""Is this work integrated? Six proofs, the cheapest first; the first that holds is named.

Guarantees: "" when none holds or one could not be decided within its limit: what is not
proven is not integrated.
"""

import hashlib
from dataclasses import dataclass

from orch.git.merges import PLAIN_DIFF, changed_paths, merge_trees
from orch.git.names import require_oid
from orch.git.refs import is_ancestor, merge_base, tree_id
from orch.git.repository import Repository, call
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PROOFS = (
    "same_commit",
    "ancestor",
    "empty_diff",
    "equal_tree",
    "merge_adds_nothing",
    "patch_id",
)
_MOST_COMMITS = 5000
_MOST_PATHS = 500
_PATCH_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Integration:
    """The proof that holds ("" for none), the commit on the target that shows it where one
    does, and the name of the proof that could not be decided, if any."""

    proof: str
    commit: str = ""
    undecided: str = ""

    def __bool__(self) -> bool:
        """Whether the work is integrated."""
        return bool(self.proof)


def find_integration(repo: Repository, head: str, target: str) -> Integration:
    """Return the first proof that commit `head` is integrated in commit `target`.

    same_commit; ancestor; empty_diff: `head` changes nothing since it left the target;
    equal_tree; merge_adds_nothing: merging it would leave the target's tree as it is;
    patch_id: the whole change, or each of its commits, is the patch of a commit that the
    target has and `head` has not. Raises: invalid_input, git_error.
    """
    for oid in (head, target):
        require_oid(oid, repo.object_format)
    if head == target:
        return Integration("same_commit", target)
    if is_ancestor(repo, head, target):
        return Integration("ancestor", target)
    base = merge_base(repo, head, target)
    trees = {oid: tree_id(repo, oid) for oid in (head, target, base) if oid}
    if base and trees[head] == trees[base]:
        return Integration("empty_diff", base)
    if trees[head] == trees[target]:
        return Integration("equal_tree", target)
    if not base:
        return Integration("")
    undecided = ""
    try:
        merged = merge_trees(repo, target, head)
        if merged.is_clean and merged.tree == trees[target]:
            return Integration("merge_adds_nothing", target)
    except Failure as error:
        if error.code != "git_error":
            raise
        undecided = "merge_adds_nothing"  # A merge driver is switched off, most likely.
    try:
        found = _patch_on_target(repo, base, head, target)
    except _TooMuch:
        return Integration("", undecided="patch_id")
    return Integration("patch_id" if found else "", found, undecided if not found else "")


class _TooMuch(Exception):
    """The target moved too far to compare every patch."""


def _patch_on_target(repo: Repository, base: str, head: str, target: str) -> str:
    """Return a target commit with the change of base..head as its patch, "" when none has.

    Only the paths that the change touches are compared: a commit that does all of it and
    more still holds all of it.
    """
    paths = [c.path for c in changed_paths(repo, base, head)]
    if not paths:
        return ""
    narrow = paths if len(paths) <= _MOST_PATHS else []
    theirs = dict(_patches(repo, _commits(repo, head, target, narrow), narrow))
    whole = next(_patches(repo, [f"{head} {base}"], narrow), ("", ""))[0]
    if whole in theirs:
        return theirs[whole]
    mine = _commits(repo, target, head, [])
    each = [patch for patch, _ in _patches(repo, mine, [])]
    # A rebased range: every commit is there. Merges have no patch of their own: not proven.
    if len(each) == len(mine) and _merges(repo, target, head) == 0:
        wide = theirs if not narrow else dict(_patches(repo, _commits(repo, head, target, []), []))
        if all(patch in wide for patch in each):
            return wide[each[0]]
    return ""


def _commits(repo: Repository, without: str, tip: str, paths: list[str]) -> list[str]:
    asked = ("rev-list", "--no-merges", f"--max-count={_MOST_COMMITS + 1}", tip, f"^{without}")
    found = call(repo, *asked, "--", *paths).text().split()
    if len(found) > _MOST_COMMITS:
        raise _TooMuch
    return found


def _merges(repo: Repository, without: str, tip: str) -> int:
    return int(call(repo, "rev-list", "--count", "--merges", tip, f"^{without}").text())


def _patches(repo: Repository, lines: list[str], paths: list[str]) -> "Iterator[tuple[str, str]]":
    """Yield (digest, commit) of the patch of each line: a commit, or "commit parent".

    Like `git patch-id`, positions and object ids do not count; unlike it, white space,
    modes and binary content do.
    """
    if not lines:
        return
    asked = ["diff-tree", "--stdin", "--root", "--always", *PLAIN_DIFF, "--full-index", "--binary"]
    feed = "".join(line + "\n" for line in lines).encode()
    wanted = {line.partition(" ")[0].encode() for line in lines}
    answer = call(
        repo,
        *asked,
        "--",
        *paths,
        stdin=feed,
        limit=_PATCH_BYTES,
        truncate=True,
        seconds=300,
        lenient=True,
    )
    if answer.truncated:
        raise _TooMuch
    digest, commit, lines_seen = hashlib.sha256(), "", 0
    for line in answer.out.split(b"\n"):
        if line in wanted:
            if lines_seen:
                yield digest.hexdigest(), commit
            digest, commit, lines_seen = hashlib.sha256(), line.decode(), 0
        elif line.startswith(b"index ") or not line:
            continue
        else:
            digest.update((b"@@" if line.startswith(b"@@ ") else line) + b"\n")
            lines_seen += 1
    if lines_seen:
        yield digest.hexdigest(), commit
