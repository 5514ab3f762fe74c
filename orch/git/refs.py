"""Refs and commits: what a name means, where a ref is, what lies between two commits.

Guarantees: names from outside are vetted by `names` and looked up by their full ref, so
neither a tag called like a branch nor a file in the git directory changes the answer;
a ref is created, moved and deleted only by compare-and-swap.
"""

import os
from dataclasses import dataclass

from orch.git import loose
from orch.git.names import (
    display,
    is_oid,
    ref_fault,
    require_oid,
    require_ref,
    split_typed,
    zero_oid,
)
from orch.git.repository import DURABLE, Repository, call, read_small, require_pointer
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACES = ("refs/heads/", "refs/tags/", "refs/remotes/")
_OF_A_WORKTREE = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")
_OTHER_REFS = ("packed-refs", "reftable")  # Looked at after the ref's own file, as git does.
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Head:
    """HEAD: `commit` is "" before the first commit, `branch` is "" when detached."""

    commit: str
    branch: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a listing; `at` is the committer's time in seconds."""

    commit: str
    at: int
    author: str
    subject: str


def head(repo: Repository) -> Head:
    """Return the commit and the short branch name of HEAD."""
    ref = _branch_of_head(repo)
    commit = _from_its_file(repo, ref) if ref else None
    if commit is not None:
        return Head(commit, ref.removeprefix("refs/heads/"))
    answer = call(repo, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD", ok=(0, 128))
    lines = answer.text().split("\n")
    if answer.code == 0 and len(lines) == 2:
        name = lines[1].removeprefix("refs/heads/") if lines[1] != "HEAD" else ""
        return Head(lines[0], name)
    unborn = call(repo, "symbolic-ref", "-q", "HEAD", ok=(0, 1))
    if unborn.code:
        raise Failure("git_error", "failed", "HEAD names no commit", details={"stderr": answer.err})
    return Head("", unborn.text().removeprefix("refs/heads/"))


def _branch_of_head(repo: Repository) -> str:
    """Return the full branch that HEAD's file names, "" where it takes git to tell."""
    named = (read_small(os.path.join(repo.git_dir, "HEAD")) or "").removesuffix("\n")
    ref = named.removeprefix("ref: ")
    return ref if named != ref and ref.startswith("refs/heads/") and not ref_fault(ref) else ""


def peek(repo: Repository, name: str) -> str | None:
    """Return what HEAD or a full ref holds, "" for nothing, None where it takes git to tell."""
    ref = _branch_of_head(repo) if name == "HEAD" else require_ref(name)
    return _from_its_file(repo, ref) if ref else None


def resolve(repo: Repository, name: str) -> str:
    """Return the object id of the commit that `name` means.

    `name`: HEAD, a branch, tag or remote branch (short or full), an object id of at least
    seven digits, each with `~n` and `^n` steps. A short name that is both a branch and a
    tag is refused, not guessed at. Raises: invalid_input.
    """
    base, steps = split_typed(name)
    oid = "" if steps else _from_files(repo, base)
    if oid:
        return oid
    full = _full_name(repo, base)
    asked = f"{full}{steps}^{{commit}}"
    answer = call(
        repo, "rev-parse", "--verify", "--quiet", "--end-of-options", asked, ok=(0, 1, 128)
    )
    oid = answer.text()
    if answer.code or not is_oid(oid, repo.object_format):
        raise _unknown(repo, name)
    return oid


def _from_files(repo: Repository, base: str) -> str:
    """Return the commit that a name means where files alone tell it, else ""."""
    if is_oid(base, repo.object_format):
        return base if loose.is_commit(repo, base) else ""
    is_full = base == "HEAD" or base.startswith("refs/")
    found = [peek(repo, one) for one in ([base] if is_full else [p + base for p in _PLACES])]
    if None in found or len([oid for oid in found if oid]) != 1:
        return ""
    oid = next(oid for oid in found if oid)
    return oid if loose.is_commit(repo, oid) else ""


def _full_name(repo: Repository, base: str) -> str:
    if base == "HEAD" or base.startswith("refs/") or is_oid(base, repo.object_format):
        return base
    wanted = {place + base for place in _PLACES}
    places = call(repo, "for-each-ref", "--format=%(refname)", *sorted(wanted)).text()
    found = sorted(wanted & set(places.split("\n")))
    if len(found) > 1:
        raise invalid_input(
            f"{base!r} is ambiguous: " + " and ".join(found), hint=f"say {found[0]}"
        )
    if found:
        return found[0]
    if len(base) >= 7 and _HEX.issuperset(base):
        return base
    raise _unknown(repo, base)


def _unknown(repo: Repository, name: str) -> Failure:
    import difflib

    some = call(
        repo, "for-each-ref", "--count=2000", "--format=%(refname:lstrip=2)", *_PLACES
    ).text()
    near = difflib.get_close_matches(name, some.split("\n"), 3)
    hint = "did you mean " + " or ".join(map(display, near)) + "?" if near else ""
    return invalid_input(f"no commit is called {display(name)!r} in this repository", hint=hint)


def read_ref(repo: Repository, ref: str) -> str:
    """Return the object id that the full ref `ref` holds, "" when there is no such ref."""
    told = _from_its_file(repo, require_ref(ref))
    if told is not None:
        return told
    listed = call(repo, "for-each-ref", "--format=%(refname) %(objectname)", ref).text()
    for line in listed.split("\n"):
        found, _, oid = line.partition(" ")
        if found == ref:
            return oid
    return ""


def _from_its_file(repo: Repository, ref: str) -> str | None:
    """Return what a ref's own file holds, where git looks first, "" where there is no such ref.

    None where it takes git to tell: a packed or symbolic ref, another format, one of a worktree.
    A pass of a queue looks forty times, and a process each was half of what it cost.
    """
    if ref.startswith(_OF_A_WORKTREE):
        return None
    require_pointer(repo)
    place = os.path.join(repo.common_dir, ref)
    oid = (read_small(place) or "").removesuffix("\n")
    if is_oid(oid, repo.object_format) and oid != zero_oid(repo.object_format):
        return oid
    elsewhere = (place, *(os.path.join(repo.common_dir, name) for name in _OTHER_REFS))
    return None if any(map(os.path.lexists, elsewhere)) else ""


def list_refs(
    repo: Repository, *prefixes: str, merged: str = "", contains: str = ""
) -> "dict[str, str]":
    """Return the refs under the prefixes (`refs/…`) with their object ids.

    `merged`: only those whose commit is that one or an ancestor of it; `contains`: only those of
    which that one is.
    """
    for prefix in prefixes:
        require_ref(prefix.rstrip("/") + "/x")
    asked = ["for-each-ref", "--format=%(refname) %(objectname)"]
    if merged:
        asked.append("--merged=" + require_oid(merged, repo.object_format))
    if contains:
        asked.append("--contains=" + require_oid(contains, repo.object_format))
    listed = call(repo, *asked, *prefixes).text()
    rows = (line.partition(" ") for line in listed.split("\n") if line)
    return {name: oid for name, _, oid in rows}


def ref_in_the_way(repo: Repository, ref: str) -> str:
    """Return a ref beside which `ref` cannot be: one above it, or one below; "" for none.

    git keeps refs as files: `a` and `a/b` exclude each other.
    """
    parts = require_ref(ref).split("/")
    for length in range(3, len(parts)):
        above = "/".join(parts[:length])
        if read_ref(repo, above):
            return above
    return next(iter(list_refs(repo, ref + "/")), "")


def swap_ref(
    repo: Repository,
    ref: str,
    new: str,
    old: str,
    why: str = "orch",
    *,
    hold: "tuple[int, ...]" = (),
    blanks: "tuple[tuple[str, str], ...] | None" = None,
) -> bool:
    """Make `ref` hold `new` if it holds `old`; "" for `old` creates, "" for `new` deletes.

    Returns False, with nothing changed, when the ref does not hold `old`. Whether the ref is
    checked out somewhere is the caller's question (`checked_out_at`). `hold`, `blanks` as for
    `call`: under a lock that others recover by, the git of a killed process must keep it.
    Raises: git_error.
    """
    if not new and not old:
        return not read_ref(repo, ref)
    return swap_refs(repo, {ref: (new, old)}, why, hold=hold, blanks=blanks)


def swap_refs(
    repo: Repository,
    changes: "Mapping[str, tuple[str, str]]",
    why: str = "orch",
    *,
    hold: "tuple[int, ...]" = (),
    blanks: "tuple[tuple[str, str], ...] | None" = None,
) -> bool:
    """Do what `swap_ref` does for each ref's (new, old), for all of them or for none."""
    words = []
    for ref, (new, old) in changes.items():
        for oid in (new, old):
            if oid:
                require_oid(oid, repo.object_format)
        verb, held = ("update", old or zero_oid(repo.object_format)) if new else ("delete", old)
        words.append(f"{verb} {require_ref(ref)}\0" + (f"{new}\0" if new else "") + f"{held}\0")
    if not words:
        return True
    asked = ("update-ref", "-m", why, "--no-deref", "--stdin", "-z")
    try:
        feed = "".join(words).encode()
        call(repo, *asked, stdin=feed, config=DURABLE, hold=hold, blanks=blanks)
    except Failure:
        now = list_refs(repo, *changes)
        if any(now.get(ref, "") != old for ref, (_, old) in changes.items()):
            return False
        raise
    return True


def merge_base(repo: Repository, one: str, other: str) -> str:
    """Return the best common ancestor of two commits, "" when they share none."""
    pair = _commits(repo, one, other)
    answer = call(repo, "merge-base", "--end-of-options", *pair, ok=(0, 1))
    return answer.text().partition("\n")[0]


def is_ancestor(repo: Repository, old: str, new: str) -> bool:
    """Return whether commit `old` is `new` or one of its ancestors."""
    pair = _commits(repo, old, new)
    if old in (new, *loose.parents_of(repo, new)) and loose.is_commit(repo, old):
        return True
    return not call(repo, "merge-base", "--is-ancestor", *pair, ok=(0, 1)).code


def count_commits(repo: Repository, base: str, tip: str) -> int:
    """Return how many commits `tip` has that `base` has not."""
    base, tip = _commits(repo, base, tip)
    return int(call(repo, "rev-list", "--count", tip, f"^{base}").text())


def list_commits(repo: Repository, base: str, tip: str, limit: int = 50) -> "tuple[Commit, ...]":
    """Return the newest `limit` commits that `tip` has and `base` ("" for none) has not."""
    fields = "--format=%H%x00%ct%x00%an%x00%s%x00"
    span = [require_oid(tip, repo.object_format)]
    if base:
        span.append("^" + require_oid(base, repo.object_format))
    asked = ["rev-list", "--no-commit-header", "--encoding=UTF-8", f"--max-count={int(limit)}"]
    cells = call(repo, *asked, fields, *span).text().split("\0")
    rows = zip(*[iter(cells)] * 4, strict=False)
    return tuple(Commit(c.strip("\n"), int(at), display(a), display(s)) for c, at, a, s in rows)


def line_counts_of_commits(
    repo: Repository, base: str, tip: str, limit: int = 50
) -> "dict[str, tuple[int, int]]":
    """Return (lines added, lines removed) of each of those commits; of a merge, none."""
    span = [require_oid(tip, repo.object_format)]
    if base:
        span.append("^" + require_oid(base, repo.object_format))
    asked = ["log", "--format=%x01%H", "--numstat", "--no-renames", "--no-ext-diff",
             "--no-textconv", f"--max-count={int(limit)}"]  # fmt: skip
    found = {}
    for part in call(repo, *asked, *span).text().split("\x01")[1:]:
        commit, *lines = part.split("\n")
        counts = [line.split("\t")[:2] for line in lines if "\t" in line]
        known = [(int(a), int(r)) for a, r in counts if a.isdigit() and r.isdigit()]
        found[commit] = (sum(a for a, _ in known), sum(r for _, r in known))
    return found


def tree_id(repo: Repository, commit: str) -> str:
    """Return the tree of a commit."""
    require_oid(commit, repo.object_format)
    asked = f"{commit}^{{tree}}"
    return (
        loose.tree_of(repo, commit)
        or call(repo, "rev-parse", "--verify", "--end-of-options", asked).text()
    )


def list_files(repo: Repository, commit: str) -> "tuple[tuple[str, int], ...]":
    """Return (path, bytes) of every file of a commit; a submodule has 0 bytes."""
    require_oid(commit, repo.object_format)
    found = []
    for record in call(repo, "ls-tree", "-r", "-l", "-z", "--full-tree", commit).records():
        facts, _, path = record.partition("\t")
        size = facts.rpartition(" ")[2]
        found.append((path, int(size) if size.isdigit() else 0))
    return tuple(found)


def _commits(repo: Repository, *oids: str) -> "tuple[str, ...]":
    return tuple(require_oid(oid, repo.object_format) for oid in oids)
