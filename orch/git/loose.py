"""Objects that git keeps in a file of their own, read without git: what was made lately.

Guarantees: what is returned has the id that was asked for; what is packed, lent, large or damaged
is None, and git is asked. An id means its object, as in `process`: no replacements, no grafts.
"""

import hashlib
import os
import zlib

from orch.git.repository import Repository, require_pointer
from schema import file

_MOST_BYTES = 1 << 20
_MOST_INFLATED = 4 << 20


def read(repo: Repository, oid: str) -> tuple[str, bytes] | None:
    """Return the kind and the content of an object, None where git must be asked.

    Raises: refused/repo_tampered.
    """
    require_pointer(repo)
    try:
        packed = file.read_regular(_place(repo, oid), _MOST_BYTES, os.O_NOFOLLOW)
        inflating = zlib.decompressobj()
        whole = inflating.decompress(packed, _MOST_INFLATED)
    except (OSError, zlib.error):
        return None
    if not inflating.eof:
        return None
    if hashlib.new(repo.object_format, whole, usedforsecurity=False).hexdigest() != oid:
        return None
    head, _, content = whole.partition(b"\0")
    kind, _, _ = head.decode("ascii", "replace").partition(" ")
    return kind, content


def is_commit(repo: Repository, oid: str) -> bool:
    """Say whether an id is that of a commit; where git must be asked it is not said to be."""
    found = read(repo, oid)
    return found is not None and found[0] == "commit"


def parents_of(repo: Repository, commit: str) -> tuple[str, ...]:
    """Return the parents of a commit, () where git must be asked, as of a shallow history."""
    found = read(repo, commit)
    if found is None or found[0] != "commit":
        return ()
    if os.path.lexists(os.path.join(repo.common_dir, "shallow")):
        return ()
    lines = found[1].partition(b"\n\n")[0].split(b"\n")
    return tuple(line[7:].decode("ascii", "replace") for line in lines if line[:7] == b"parent ")


def tree_of(repo: Repository, commit: str) -> str:
    """Return the tree of a commit, which is there as well, "" where git must be asked."""
    found = read(repo, commit)
    if found is None or found[0] != "commit" or not found[1].startswith(b"tree "):
        return ""
    tree = found[1][5:].partition(b"\n")[0].decode("ascii", "replace")
    return tree if os.path.isfile(_place(repo, tree)) else ""


def blob_at(repo: Repository, commit: str, path: str) -> str | None:
    """Return the id of a file of a commit, "" where there is none, None where git must be asked."""
    at = tree_of(repo, commit)
    *folders, name = path.split("/")
    for folder in folders:
        mode, at = _entry(repo, at, folder) or ("", "")
        if mode != "40000":
            return None
    entry = _entry(repo, at, name)
    if entry is None:
        return None
    mode, blob = entry
    if not mode:
        return ""
    return blob if mode.startswith("100") and os.path.isfile(_place(repo, blob)) else None


def _entry(repo: Repository, tree: str, name: str) -> tuple[str, str] | None:
    """Return mode and id of a name in a tree, two "" for none, None where git must be asked."""
    found = read(repo, tree) if tree else None
    if found is None or found[0] != "tree":
        return None
    content, size = found[1], len(tree) // 2
    at = 0
    while at < len(content):
        end = content.find(b"\0", at)
        if end < 0:
            return None  # Its id is right, and it is no tree: git says how it is wrong.
        mode, _, called = content[at:end].partition(b" ")
        if os.fsdecode(called) == name:
            return mode.decode("ascii", "replace"), content[end + 1 : end + 1 + size].hex()
        at = end + 1 + size
    return "", ""


def _place(repo: Repository, oid: str) -> str:
    return os.path.join(repo.common_dir, "objects", oid[:2], oid[2:])
