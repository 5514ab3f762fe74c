"""Restoring salvaged work into a new worktree, byte for byte.

git would convert line endings and encodings on the way out, as attributes and configuration of
today say; so files that differ from the head are written by us, from the blobs as they are.
Guarantees: only below the new worktree, following no link, never into a git directory.
"""

import contextlib
import os

from orch.git.names import display, require_ref
from orch.git.repository import Repository, call, linked_worktree
from orch.git.salvage import read_salvage
from orch.git.worktrees import add_detached
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH_BYTES, _BATCH_FILES = 16 << 20, 500
_GITLINK, _LINK, _PROGRAM = "160000", "120000", "100755"


def restore_salvage(repo: Repository, ref: str, path: str) -> Repository:
    """Make a new detached worktree at `path` in which the salvaged files lie uncommitted.

    HEAD is the commit the worktree stood on. `path` must not exist. What was staged and
    overwritten is `<ref>^2`. Raises: not_found/salvage, invalid_input, git_error.
    """
    kept = read_salvage(repo, require_ref(ref))
    start = kept.head or kept.commit
    add_detached(repo, path, start)
    worktree = linked_worktree(repo, path)
    gone, files = _differing(worktree, start if kept.head else "", kept.commit)
    for name in gone:
        _clear(worktree, name)
    for names, blobs in _read(worktree, files):
        for (name, mode), content in zip(names, blobs, strict=True):
            _write(worktree, name, mode, content)
    call(worktree, "update-index", "-q", "--refresh", ok=(0, 1), lenient=True, seconds=300)
    return worktree


def _differing(
    worktree: Repository, start: str, commit: str
) -> "tuple[list[str], list[tuple[str, str, str]]]":
    """Return the paths that are gone, and (path, mode, blob) of those that differ or are new."""
    if start:
        asked = ("diff-tree", "-r", "-z", "--no-renames", "--full-index", start, commit)
        cells = call(worktree, *asked, lenient=True).records()
        rows = [
            (facts.split(" "), name) for facts, name in zip(cells[::2], cells[1::2], strict=True)
        ]
        found = [(name, facts[1], facts[3]) for facts, name in rows if facts[4] != "D"]
        return [name for facts, name in rows if facts[4] in "DT"], found
    listed = call(worktree, "ls-tree", "-r", "-z", "--full-tree", commit).records()
    split = [record.partition("\t")[::2] for record in listed]
    return [], [(name, facts.split(" ")[0], facts.split(" ")[2]) for facts, name in split]


def _read(
    worktree: Repository, files: "list[tuple[str, str, str]]"
) -> "Iterator[tuple[list[tuple[str, str]], list[bytes]]]":
    """Yield paths with their modes, and their contents, a bounded batch at a time."""
    files = [f for f in files if f[1] != _GITLINK]
    feed = "".join(oid + "\n" for _, _, oid in files).encode()
    asked = ("cat-file", "--batch-check=%(objectsize)")
    sizes = call(worktree, *asked, stdin=feed).text().split() if files else []
    batch: list[tuple[str, str, str, int]] = []
    for (name, mode, oid), size in zip(files, map(int, sizes), strict=True):
        if batch and (len(batch) >= _BATCH_FILES or sum(b[3] for b in batch) + size > _BATCH_BYTES):
            yield _contents(worktree, batch)
            batch = []
        batch.append((name, mode, oid, size))
    if batch:
        yield _contents(worktree, batch)


def _contents(
    worktree: Repository, batch: "list[tuple[str, str, str, int]]"
) -> "tuple[list[tuple[str, str]], list[bytes]]":
    feed = "".join(oid + "\n" for _, _, oid, _ in batch).encode()
    most = sum(size + 200 for *_, size in batch)
    out = call(worktree, "cat-file", "--batch", stdin=feed, limit=most, seconds=600).out
    blobs, at = [], 0
    for *_, size in batch:
        begin = out.index(b"\n", at) + 1
        blobs.append(out[begin : begin + size])
        at = begin + size + 1
    return [(name, mode) for name, mode, _, _ in batch], blobs


def _place(worktree: Repository, name: str) -> str:
    """Return where a path of a tree lies; below it no folder may be a link."""
    parts = name.split("/")
    where = worktree.top
    wrong = any(part.lower() in ("", ".", "..", ".git") for part in parts)
    for part in parts[:-1]:
        where = os.path.join(where, part)
        wrong = wrong or os.path.islink(where)
    if wrong:
        raise Failure("refused", "repo_tampered", f"the salvage holds {display(name)!r}")
    return os.path.join(worktree.top, name)


def _clear(worktree: Repository, name: str) -> None:
    path = _place(worktree, name)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)
    with contextlib.suppress(OSError):
        os.removedirs(os.path.dirname(path))  # Stops at the first that is not empty.


def _write(worktree: Repository, name: str, mode: str, content: bytes) -> None:
    path = _place(worktree, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if mode == _LINK:
        os.symlink(content, os.fsencode(path))
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o777 if mode == _PROGRAM else 0o666), "wb") as file:
        file.write(content)
