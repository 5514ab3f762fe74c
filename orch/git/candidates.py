"""Candidates: what a target would be with one more entry landed on it.

Three strategies and their reverse, all by `merge-tree` and new commits. Guarantees: no
checkout, index or ref is touched; the same arguments make the same commits, so a candidate
that was lost is made again; where git finds a conflict there is no candidate, but for paths
that opted into keeping the lines of both sides. Never chooses between two sides.
"""

import contextlib
from dataclasses import dataclass

from orch.git.commits import RawCommit, read_commits, scratch_commit, write_again
from orch.git.merges import ORCH, Identity, Merge, commit_tree
from orch.git.names import require_oid
from orch.git.refs import is_ancestor
from orch.git.repository import Repository, call
from orch.git.union import resolve_union
from orch.git.workbench import Workbench, open_workbench
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MERGE, SQUASH, REBASE = "merge", "squash", "rebase"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commit on top of the target, or why there is none.

    `kind`: "merge", "squash", "rebase" or "revert": made so; "fast_forward": the head itself;
    "contained": it adds nothing, `commit` is what it was put on. Without a commit: "conflict"
    (`files` in conflict, `notes` git's sentences) or "unsupported" (`notes` say why). `resolved`
    are the paths that hold the lines of both sides because they opted in; `skipped` the
    commits of a rebase that add nothing here.
    """

    kind: str
    commit: str = ""
    tree: str = ""
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether there is a commit."""
        return bool(self.commit)


def make_candidate(
    repo: Repository,
    onto: str,
    head: str,
    base: str,
    strategy: str,
    message: str,
    *,
    author: Identity = ORCH,
    at: int | None = None,
    fast_forward: bool = False,
    union: "Sequence[str]" = (),
    bench: Workbench | None = None,
) -> Candidate:
    """Return commit `head` put on top of commit `onto`.

    "merge": a merge commit, even where `onto` is an ancestor of `head`, unless `fast_forward`
    lets the head itself land. "squash": one commit with what `base`..`head` changes. "rebase":
    each of those commits again, author and message kept. `base` is the commit the work started
    from ("" for none): a squash or rebase takes what lies below it for granted, so that work
    stacked on squashed work does not meet it again.

    `union` are globs of paths that may be resolved by keeping both sides' lines. `at` is the
    new commit's time in seconds; left out, one after its newest parent's. `bench`: one
    workbench for several in a row. Raises: invalid_input, git_error.
    """
    asked = [require_oid(oid, repo.object_format) for oid in (onto, head, base) if oid]
    with _or_own(repo, bench) as mine:
        commits = read_commits(repo, asked)
        mine.prepare(commits[0].tree)
        job = _Job(mine, commits[0], commits[1], commits[2] if base else None, tuple(union), at)
        if fast_forward and is_ancestor(repo, onto, head):
            return Candidate("contained" if onto == head else "fast_forward", head, job.head.tree)
        if strategy == MERGE:
            return _merged(job, message, author)
        if strategy == SQUASH:
            return _squashed(job, message, author)
        if strategy == REBASE:
            return _rebased(job, author)
        raise invalid_input(f"no strategy {strategy!r}", hint="say merge, squash or rebase")


def make_revert(
    repo: Repository,
    tip: str,
    landed: str,
    message: str,
    *,
    before: str = "",
    author: Identity = ORCH,
    at: int | None = None,
    union: "Sequence[str]" = (),
    bench: Workbench | None = None,
) -> Candidate:
    """Return a commit on `tip` that takes back what `landed` changed.

    `before` is the commit it was landed on (default: its first parent), so that a rebased row
    of commits is taken back as one. Kind "contained": there is nothing left to take back.
    Raises: invalid_input, git_error.
    """
    asked = [require_oid(oid, repo.object_format) for oid in (tip, landed, before) if oid]
    with _or_own(repo, bench) as mine:
        commits = read_commits(repo, asked)
        onto, undone = commits[:2]
        if not before:
            if not undone.parents:
                return Candidate("unsupported", notes=("the first commit cannot be reverted",))
            commits = (*commits, *read_commits(repo, undone.parents[:1]))
        mine.prepare(onto.tree)
        # With `landed` as the parent of both, git takes its tree for the merge base.
        ours = scratch_commit(repo, onto.tree, (landed,))
        theirs = scratch_commit(repo, commits[2].tree, (landed,))
        merged, resolved = _merge(mine, ours, theirs, tuple(union))
        if not merged.is_clean:
            return Candidate("conflict", files=merged.files, notes=merged.notes)
        if merged.tree == onto.tree:
            return Candidate("contained", tip, onto.tree)
        when = onto.at + 1 if at is None else at
        commit = commit_tree(repo, merged.tree, (tip,), message, author=author, at=when)
        return Candidate("revert", commit, merged.tree, resolved=resolved)


@dataclass(frozen=True, slots=True)
class _Job:
    bench: Workbench
    onto: RawCommit
    head: RawCommit
    base: RawCommit | None
    union: tuple[str, ...]
    at: int | None

    @property
    def when(self) -> int:
        """The time of the commit to be made, in seconds."""
        newest = max(self.onto.at, self.head.at)
        return newest + 1 if self.at is None else self.at


@contextlib.contextmanager
def _or_own(repo: Repository, bench: Workbench | None) -> "Iterator[Workbench]":
    if bench is not None:
        yield bench
        return
    with open_workbench(repo) as mine:
        yield mine


def _merge(
    bench: Workbench, ours: str, theirs: str, union: "tuple[str, ...]"
) -> "tuple[Merge, tuple[str, ...]]":
    """Return a merge and the paths that were resolved in it."""
    merged = bench.merge(ours, theirs)
    if merged.is_clean:
        return merged, ()
    resolved = resolve_union(bench, merged, union)
    return (resolved, merged.files) if resolved else (merged, ())


def _merged(job: _Job, message: str, author: Identity) -> Candidate:
    # History says here that all of `head` is in: so all of it is merged, whatever its base.
    merged, resolved = _merge(job.bench, job.onto.commit, job.head.commit, job.union)
    if not merged.is_clean:
        return Candidate("conflict", files=merged.files, notes=merged.notes)
    repo, onto, head = job.bench.place, job.onto.commit, job.head.commit
    if merged.tree == job.onto.tree and is_ancestor(repo, head, onto):
        return Candidate("contained", onto, merged.tree)
    commit = commit_tree(repo, merged.tree, (onto, head), message, author=author, at=job.when)
    return Candidate("merge", commit, merged.tree, resolved=resolved)


def _squashed(job: _Job, message: str, author: Identity) -> Candidate:
    repo, ours = job.bench.place, job.onto.commit
    if job.base is not None and job.base.commit != ours:
        # `onto` as if it contained the base: git finds the best merge bases of that, also
        # where the work merged the target meanwhile.
        ours = scratch_commit(repo, job.onto.tree, (ours, job.base.commit))
    merged, resolved = _merge(job.bench, ours, job.head.commit, job.union)
    if not merged.is_clean:
        return Candidate("conflict", files=merged.files, notes=merged.notes)
    if merged.tree == job.onto.tree:
        return Candidate("contained", job.onto.commit, merged.tree)
    above = (job.onto.commit,)
    commit = commit_tree(repo, merged.tree, above, message, author=author, at=job.when)
    return Candidate("squash", commit, merged.tree, resolved=resolved)


def _rebased(job: _Job, author: Identity) -> Candidate:
    repo = job.bench.place
    asked = ("rev-list", "--reverse", "--topo-order", job.head.commit, f"^{job.onto.commit}")
    without = (f"^{job.base.commit}",) if job.base else ()
    row = read_commits(repo, call(repo, *asked, *without).text().split())
    fault = _not_a_row(row)
    if fault:
        return Candidate("unsupported", notes=(fault,))
    tip, resolved, skipped = job.onto, list[str](), list[str]()
    for commit in row:
        if commit.parents[0] == tip.commit:
            tip = commit  # It stands where it would be put.
            continue
        job.bench.prepare(tip.tree)
        ours = scratch_commit(repo, tip.tree, commit.parents)
        merged, kept = _merge(job.bench, ours, commit.commit, job.union)
        if not merged.is_clean:
            note = f"while replaying {commit.commit[:12]}: {commit.subject}"
            return Candidate("conflict", files=merged.files, notes=(*merged.notes, note))
        resolved += kept
        if merged.tree == tip.tree and not _is_empty(job, commit):
            skipped.append(commit.commit)
            continue
        when = max(tip.at + 1, commit.at) if job.at is None else job.at
        who = f"{author.name} <{author.email}>"
        made = write_again(repo, commit, merged.tree, tip.commit, who, when)
        if not made:
            note = f"{commit.commit[:12]} has an author or a date that git does not write again"
            return Candidate("unsupported", notes=(note,))
        tip = RawCommit(made, merged.tree, (tip.commit,), b"", b"", when, b"")
    kind = "contained" if tip.commit == job.onto.commit else "rebase"
    kept_both = tuple(dict.fromkeys(resolved))
    return Candidate(kind, tip.commit, tip.tree, resolved=kept_both, skipped=tuple(skipped))


def _not_a_row(row: "tuple[RawCommit, ...]") -> str:
    """Return why these commits cannot be replayed one after the other, "" when they can."""
    for commit in row:
        if len(commit.parents) > 1:
            return f"{commit.commit[:12]} is a merge: merges are not replayed, merge or squash it"
        if not commit.parents:
            return "the commits share no history"
    return ""


def _is_empty(job: _Job, commit: RawCommit) -> bool:
    """Whether the commit was made without a change: then it is kept, as its author meant."""
    return read_commits(job.bench.place, commit.parents)[0].tree == commit.tree
