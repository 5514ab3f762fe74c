"""Merging and comparing commits without a checkout.

Guarantees: no index, worktree or ref is touched; merge commits are reproducible (times
from their parents), so the same merge made twice is one commit; a file that would need a
configured merge driver is a conflict that names it; nothing resolves a conflict.
"""

import os
from dataclasses import dataclass

from orch.git.commits import read_commits
from orch.git.names import display, require_oid
from orch.git.process import TEXT_BYTES, failure, said
from orch.git.refs import is_ancestor, tree_id
from orch.git.repository import DURABLE, Repository, call, drivers_off
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose name a commit carries."""

    name: str = "orch"
    email: str = "orch@localhost"


ORCH = Identity()
DRIVEN = "merge driver"  # A type of conflict, beside git's.


@dataclass(frozen=True, slots=True)
class Stage:
    """One side of a path in conflict: `stage` 1 is the base, 2 ours, 3 theirs."""

    path: str
    stage: int
    mode: str
    oid: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that was made, or why not.

    `kind`: "same" (one head), "fast_forward" (one head contains the others), "merge", or
    "conflict"; then `commit` and `tree` are "", `files` names the paths, `between` the two
    commits, and `notes` are git's sentences. `stages`, `types` (git's words for each kind of
    conflict) and `marked`, the tree with conflict markers, are what a resolution starts from.
    """

    kind: str
    commit: str
    tree: str
    files: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    types: tuple[str, ...] = ()
    marked: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether there is a commit."""
        return self.kind != "conflict"


@dataclass(frozen=True, slots=True)
class PathChange:
    """One path between two trees: `status` A, D, M or T; modes as git writes them."""

    path: str
    status: str
    old_mode: str
    new_mode: str


def merge_heads(
    repo: Repository,
    heads: "Sequence[str]",
    message: str = "orch: merge",
    *,
    author: Identity = ORCH,
) -> Merge:
    """Return the merge of one or more commits, in the order given.

    Heads contained in others are left out; what remains is merged two at a time. Nothing
    refers to the result until the caller makes a branch of it.
    Raises: invalid_input, git_error.
    """
    wanted = list(dict.fromkeys(require_oid(h, repo.object_format) for h in heads))
    if not wanted:
        raise invalid_input("nothing to merge")
    if len(wanted) == 1:
        return Merge("same", wanted[0], tree_id(repo, wanted[0]))
    kept = set(call(repo, "merge-base", "--independent", *wanted).text().split("\n"))
    rest = [oid for oid in wanted if oid in kept]
    done = rest[0]
    if len(rest) == 1:
        return Merge("fast_forward", done, tree_id(repo, done))
    tree = ""
    for number, other in enumerate(rest[1:], 2):
        step = merge_trees(repo, done, other)
        if not step.is_clean:
            return step
        tree = step.tree
        subject = message if number == len(rest) else f"{message} ({number} of {len(rest)})"
        done = commit_tree(repo, tree, (done, other), subject, author=author)
    return Merge("merge", done, tree)


def merge_trees(
    repo: Repository,
    ours: str,
    theirs: str,
    *,
    blanks: "tuple[tuple[str, str], ...] | None" = None,
    config: "tuple[tuple[str, str], ...]" = (),
) -> Merge:
    """Return the merge of two commits as a tree, or its conflict; `commit` stays "".

    Files whose attributes ask for a merge driver are told in `notes`, and as a type of conflict.
    """
    pair = [require_oid(oid, repo.object_format) for oid in (ours, theirs)]
    asked = ["merge-tree", "--write-tree", "-z", "--messages"]
    sure = (*DURABLE, *config)
    blanks = drivers_off(repo) if blanks is None else blanks
    answer = call(repo, *asked, *pair, ok=(0, 1, 128), seconds=300, blanks=blanks, config=sure)
    if answer.code == 128 and "unrelated histories" in answer.err:
        return Merge("conflict", "", "", (), tuple(pair), ("the commits share no history",))
    records = os.fsdecode(answer.out).split("\0")
    # Exit 1 also means "no such commit", with nothing on stdout: only a tree is an answer.
    if answer.code > 1 or len(records[0]) != len(ours):
        raise failure("failed", f"git could not merge: {said(answer.err)}", asked + pair, answer)
    if answer.code == 0:
        return Merge("merge", "", records[0])
    end = records.index("", 1)
    stages = tuple(_stage(record) for record in records[1:end])
    types, notes = _sentences(records[end + 1 :])
    files = tuple(dict.fromkeys(stage.path for stage in stages))
    driven = _driven(repo, files, blanks)
    types += (DRIVEN,) if driven else ()
    return Merge("conflict", "", "", files, tuple(pair), driven + notes, stages, types, records[0])


def _driven(
    repo: Repository, files: "tuple[str, ...]", blanks: "tuple[tuple[str, str], ...]"
) -> tuple[str, ...]:
    """Return a sentence for each file whose attributes ask for a configured merge driver."""
    keys = [key.removeprefix("merge.") for key, _ in blanks if key.startswith("merge.")]
    names = {key.rpartition(".")[0] for key in keys}
    if not names or not files:
        return ()
    feed = b"".join(os.fsencode(path) + b"\0" for path in files)
    cells = call(repo, "check-attr", "-z", "--stdin", "merge", stdin=feed, blanks=blanks).records()
    return tuple(
        f"{display(path)} asks for the merge driver {display(name)}, which orch does not run: "
        "merge it in the branch"
        for path, _, name in zip(*[iter(cells)] * 3, strict=False)
        if name in names
    )


def _stage(record: str) -> Stage:
    facts, _, path = record.partition("\t")
    mode, oid, number = facts.split(" ")
    return Stage(path, int(number), mode, oid)


def _sentences(records: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (types, sentences) of the conflicts in `-z` messages: count, that many paths,
    type, text; repeated."""
    types, notes = [], []
    at = 0
    while at < len(records) and records[at].isdigit():
        at += int(records[at]) + 1
        if at + 1 < len(records) and records[at].startswith("CONFLICT"):
            types.append(records[at])
            notes.append(display(records[at + 1].strip()))
        at += 2
    return tuple(dict.fromkeys(types)), tuple(notes)


def commit_tree(
    repo: Repository,
    tree: str,
    parents: "Sequence[str]",
    message: str,
    *,
    author: Identity = ORCH,
    at: int | None = None,
) -> str:
    """Return a new commit of `tree`; no hook, no signature, no ref.

    `at` is its time in seconds; left out, one second after the newest parent, so that the
    same call makes the same commit.
    """
    for oid in (tree, *parents):
        require_oid(oid, repo.object_format)
    fields = (author.name, author.email)
    if any(not f or set(f) & set("<>\n\0") for f in fields) or "\0" in message:
        raise invalid_input("a name, an address or a message of a commit is not usable")
    when = f"@{_newest(repo, parents) + 1 if at is None else at} +0000"
    who = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in zip(("NAME", "EMAIL", "DATE"), (*fields, when), strict=True)
    }
    above = [word for parent in parents for word in ("-p", parent)]
    asked = ("commit-tree", "--no-gpg-sign", "-F", "-", *above, tree)
    text = message.encode("utf-8", "surrogateescape")
    return call(repo, *asked, stdin=text, env=who, config=DURABLE).text()


def _newest(repo: Repository, commits: "Sequence[str]") -> int:
    if not commits:
        return 0
    return max(commit.at for commit in read_commits(repo, commits))


def changed_paths(repo: Repository, old: str, new: str) -> tuple[PathChange, ...]:
    """Return every path that differs between two commits (or trees); renames are D and A."""
    pair = [require_oid(oid, repo.object_format) for oid in (old, new)]
    return path_changes(
        call(repo, "diff-tree", "-r", "-z", "--raw", "--no-renames", *pair).records()
    )


def line_counts(repo: Repository, old: str, new: str) -> tuple[tuple[str, int, int], ...]:
    """Return (path, lines added, lines removed) of what differs; -1 and -1 for a binary file."""
    pair = [require_oid(oid, repo.object_format) for oid in (old, new)]
    asked = ("diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", *pair)
    found: list[tuple[str, int, int]] = []
    for record in call(repo, *asked, lenient=True).records():
        added, removed, path = record.split("\t", 2)
        is_binary = added == "-"
        found.append((path, -1 if is_binary else int(added), -1 if is_binary else int(removed)))
    return tuple(found)


def path_changes(records: "Sequence[str]") -> tuple[PathChange, ...]:
    """Return the paths in the NUL-ended records of git's raw format."""
    found = []
    for meta, path in zip(records[::2], records[1::2], strict=True):
        old_mode, new_mode, _, _, status = meta.lstrip(":").split(" ")
        found.append(PathChange(path, status, old_mode, new_mode))
    return tuple(found)


PLAIN_DIFF = (
    *("-p", "-r", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers", "--submodule=short"),
)


def diff_text(
    repo: Repository,
    old: str,
    new: str,
    *,
    paths: "Sequence[str]" = (),
    limit: int = TEXT_BYTES,
) -> tuple[str, bool]:
    """Return (the patch between two commits, whether it was cut at `limit` bytes).

    `paths` are literal. The text is as the files are: `names.display` before showing it.
    """
    pair = [require_oid(oid, repo.object_format) for oid in (old, new)]
    asked = ["diff-tree", *PLAIN_DIFF, *pair, "--", *paths]
    answer = call(repo, *asked, limit=limit, truncate=True, lenient=True)
    return answer.out.decode("utf-8", "replace"), answer.truncated


def heads_missing_from(repo: Repository, commit: str, heads: "Sequence[str]") -> tuple[str, ...]:
    """Return the `heads` that `commit` does not contain yet."""
    every = [require_oid(oid, repo.object_format) for oid in (*heads, commit)]
    if not call(repo, "rev-list", "--max-count=1", *every[:-1], f"^{every[-1]}").out:
        return ()  # One question for all of them, where nothing is missing.
    return tuple(head for head in heads if not is_ancestor(repo, head, commit))
