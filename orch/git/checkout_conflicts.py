"""Conflicts of a moving branch with a user's checkout, and writing what may be written.

Used by `landing`. Guarantees: git's own dry run has the last word, on a copy of the index;
what git would overwrite without a word (ignored files, changes that an index flag hides) is
looked for here; the checkout is only read, but by `write_files`.
"""

import os
import shutil
from dataclasses import dataclass

from orch import paths
from orch.git import scratch
from orch.git.attributes import read_traits
from orch.git.changes import status
from orch.git.merges import changed_paths
from orch.git.names import display
from orch.git.refs import tree_id
from orch.git.repository import Repository, call, drivers_off, operation_in_progress
from orch.git.workbench import open_workbench
from orch.steps.model import git
from schema import file
from schema.failures import Failure
from schema.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orch.git.merges import PathChange

    Blanks = tuple[tuple[str, str], ...]

_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a checkout cannot follow: an `operation` in progress, or `files` in the way.

    `why` says it in one sentence, `hint` and `steps` what helps. Paths of files are shown ones.
    """

    checkout: str
    operation: str
    files: tuple[str, ...]
    why: str
    hint: str
    steps: tuple[Step, ...] = ()


def refusal(found: "Sequence[Blocker]") -> Failure:
    """Return the failure that says all of it."""
    files = [file for blocker in found for file in blocker.files]
    details = {"checkouts": [b.checkout for b in found], "files": files[:200]}
    message = "; ".join(b.why for b in found)
    return Failure(
        "invalid_state", "dirty", message, hint=found[0].hint, next=found[0].steps, details=details
    )


def rehearse(checkout: Repository, old: str, new: str) -> tuple[Blocker, ...]:
    """Return what stands in the way of moving this checkout's files from `old` to `new`."""
    doing = operation_in_progress(checkout)
    where = display(checkout.top)
    if doing:
        hint, look = f"finish or abort the {doing} first", (git("status", where=where),)
        return (Blocker(where, doing, (), f"{where} is in a {doing}", hint, look),)
    changed = changed_paths(checkout, old, new)
    stores = [c.path for c in changed if paths.is_stores(c.path)]
    if stores:
        why = f"{where}: {', '.join(_shown(stores)[:5])} would be written over the store's folder"
        span = f"{old[:12]}..{new[:12]}"
        look = (git("log", "--stat", span, "--", ".orch", where=where),)
        return (Blocker(where, "", _shown(stores), why, "look who put it there", look),)
    filtered = _filtered(checkout, new, changed)
    if filtered:
        why = f"{where}: files that a filter makes (such as Git LFS) would be written as stored"
        hint, detach = (
            "take the branch out of the checkout",
            (git("switch", "--detach", where=where),),
        )
        return (Blocker(where, "", _shown(filtered), why, hint, detach),)
    files = _overlap(checkout, changed)
    said = "" if files else _dry_run(checkout, old, new)
    if not files and not said:
        return ()
    named = _shown(files) or (said,)
    why = f"{where}: landing would touch what is not committed: {', '.join(named[:5])}"
    hint = (
        "commit or stash it, and move aside what git ignores or hides; then run the same command "
        "again"
    )
    return (Blocker(where, "", named, why, hint, (git("stash", "-u", where=where),)),)


def _shown(paths: "Iterable[str]") -> tuple[str, ...]:
    return tuple(display(path) for path in sorted(paths))


def _filtered(checkout: Repository, new: str, changed: "tuple[PathChange, ...]") -> list[str]:
    """Return the changed paths for which the new commit's attributes ask for a filter."""
    names = [c.path for c in changed if c.status != "D"]
    if not names or not read_traits(checkout, new).filters:
        return []
    with open_workbench(checkout) as bench:
        bench.prepare(tree_id(checkout, new))
        feed = b"".join(os.fsencode(path) + b"\0" for path in names)
        asked = ("check-attr", "-z", "--stdin", "filter")
        cells = call(bench.place, *asked, stdin=feed, blanks=bench.blanks).records()
    rows = zip(*[iter(cells)] * 3, strict=False)
    return [path for path, _, value in rows if value not in ("unspecified", "unset", "set")]


def _overlap(checkout: Repository, changed: "tuple[PathChange, ...]") -> set[str]:
    """Return the user's own paths that the change would overwrite, remove or stand on."""
    seen = status(checkout, hidden=True)
    dirty = {*(c.path for c in seen.tracked), *seen.untracked, *seen.hidden}
    touched = {c.path for c in changed}
    above = {folder for path in touched for folder in _folders(path)}
    found = {p for p in dirty if p in touched or p in above or touched & set(_folders(p))}
    going = {c.path for c in changed if c.status == "D"}
    for change in changed:
        if change.status == "A":
            found |= set(_occupied(checkout.top, change, going))
    return found


def _folders(path: str) -> "Iterator[str]":
    at = path.rstrip("/").rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)


def _occupied(top: str, change: "PathChange", going: set[str]) -> "Iterator[str]":
    """Yield what lies where a new path is to be, ignored files too; `going` are removed."""
    for folder in _folders(change.path):
        whole = os.path.join(top, folder)
        if os.path.lexists(whole) and (os.path.islink(whole) or not os.path.isdir(whole)):
            if folder not in going:
                yield folder
            return
    whole = os.path.join(top, change.path)
    if os.path.isdir(whole) and not os.path.islink(whole):
        if change.new_mode == "160000":
            return
        for folder, below, files in os.walk(whole):
            links = [name for name in below if os.path.islink(os.path.join(folder, name))]
            for name in (*files, *links):
                path = os.path.relpath(os.path.join(folder, name), top)
                if path not in going:
                    yield path
    elif os.path.lexists(whole):
        yield change.path


def _dry_run(checkout: Repository, old: str, new: str) -> str:
    """Return what git says against moving the files, "" when nothing."""
    with scratch.folder() as folder:
        mine = os.path.join(folder, "index")
        copy_index(os.path.join(checkout.git_dir, "index"), mine)
        answer = _read_tree(checkout, mine, old, new, drivers_off(checkout), "-n")
    said = [line for line in answer.split("\n") if line and not line.startswith("hint:")]
    return display(said[0]) if said else ""


def _read_tree(
    checkout: Repository, index: str, old: str, new: str, blanks: "Blanks", *more: str
) -> str:
    env = {"GIT_INDEX_FILE": index}
    refresh = ("update-index", "-q", "--refresh")
    call(checkout, *refresh, env=env, blanks=blanks, ok=(0, 1), seconds=_SECONDS)
    asked = ("read-tree", *more, "-m", "-u", old, new)
    answer = call(checkout, *asked, env=env, blanks=blanks, ok=(0, 128), seconds=_SECONDS)
    return f"{answer.err}\ngit read-tree failed" if answer.code else ""


def copy_index(real: str, copy: str) -> None:
    """Copy an index with its time: by that git tells files changed in the same instant."""
    if os.path.isfile(real):  # Else git says what is wrong with it.
        shutil.copy2(real, copy, follow_symlinks=False)


def is_index_at(checkout: Repository, index: str, old: str, new: str, blanks: "Blanks") -> bool:
    """Say whether an index holds `new` for every path in which the commits differ."""
    asked = ("diff-index", "--cached", "--name-only", "-z", "--no-renames", new)
    env = {"GIT_INDEX_FILE": index}
    differ = set(call(checkout, *asked, env=env, blanks=blanks).records())
    return not any(change.path in differ for change in changed_paths(checkout, old, new))


def write_files(checkout: Repository, index: str, old: str, new: str, blanks: "Blanks") -> None:
    """Move the files from `old` to `new` and `index` with them, also after a kill half-way.

    Raises: invalid_state/dirty for files that hold neither, git_error.
    """
    said = _read_tree(checkout, index, old, new, blanks)
    if not said:
        return
    others = _drop_half_written(checkout, index, old, new, blanks)
    if others:
        where = display(checkout.top)
        why = f"{where}: changed while its branch moved, and kept: {', '.join(others[:5])}"
        hint = "move them aside with mv (git waits meanwhile), then run the same command again"
        raise refusal((Blocker(where, "", others, why, hint),))
    said = _read_tree(checkout, index, old, new, blanks)
    if said:
        raise Failure(
            "git_error",
            "failed",
            f"the files of {display(checkout.top)} could not be written: {display(said.strip())}",
            hint="fix what git says, then run the same command again: it continues from there",
        )


def _drop_half_written(
    checkout: Repository, index: str, old: str, new: str, blanks: "Blanks"
) -> tuple[str, ...]:
    """Unlink files that hold the beginning of their new content; return those that differ.

    A git that was killed leaves such ones. Whoever wrote it, nothing of it is lost: all that
    it holds is in the new content.
    """
    env = {"GIT_INDEX_FILE": index}
    asked = ("diff-files", "--name-only", "-z", "--no-renames")
    dirty = set(call(checkout, *asked, env=env, blanks=blanks, ok=(0, 1)).records())
    others = []
    for change in changed_paths(checkout, old, new):
        whole = os.path.join(checkout.top, change.path)
        if change.status != "A" and change.path not in dirty:
            continue
        if not os.path.lexists(whole) or change.new_mode == "160000":
            continue
        if change.status == "D" or not _is_beginning(checkout, whole, new, change, blanks):
            others.append(display(change.path))
            continue
        os.unlink(whole)
    return tuple(others)


def _is_beginning(
    checkout: Repository, whole: str, new: str, change: "PathChange", blanks: "Blanks"
) -> bool:
    if os.path.islink(whole):
        found = os.fsencode(os.readlink(whole))
    elif os.path.isfile(whole):
        with open(file.open_regular(whole), "rb") as opened:
            found = opened.read()
    else:
        return False
    # As a checkout would write it: line endings converted, no program run.
    form = "blob" if change.new_mode == "120000" else "--filters"
    asked = ("cat-file", form, f"{new}:{change.path}")
    return call(checkout, *asked, config=blanks).out.startswith(found)
