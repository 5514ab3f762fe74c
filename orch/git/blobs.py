"""One file of a commit, found by its path and read by its id; no checkout is looked at."""

import hashlib

from orch.git.names import require_oid, require_ref
from orch.git.repository import Repository, call


def blob_ids(repo: Repository, refs: list[str], path: str) -> dict[str, str]:
    """Return the id of the file `path` at each full ref, commit or HEAD; "" where there is none."""
    for ref in refs:
        if ref.startswith("refs/"):
            require_ref(ref)
        elif ref != "HEAD":
            require_oid(ref, repo.object_format)
    asked = "".join(f"{ref}:{path}\n" for ref in refs).encode()
    if not asked:
        return {}
    lines = call(repo, "cat-file", "--batch-check", stdin=asked).text().split("\n")
    found = [line.split(" ") for line in lines]
    return {
        ref: words[0] if words[1:2] == ["blob"] else ""
        for ref, words in zip(refs, found, strict=True)
    }


def read_blob(repo: Repository, oid: str, most: int) -> bytes:
    """Return the content of a file, cut after `most` bytes. Raises: git_error."""
    require_oid(oid, repo.object_format)
    return call(repo, "cat-file", "blob", oid, limit=most, truncate=True).out


def blob_id_of(repo: Repository, content: bytes) -> str:
    """Return the id that a file of this content has in the repository."""
    whole = b"blob %d\0" % len(content) + content
    return hashlib.new(repo.object_format, whole, usedforsecurity=False).hexdigest()
