"""One file of a commit, found by its path and read by its id; no checkout is looked at."""

import hashlib

from orch.git import loose
from orch.git.names import is_oid, require_oid, require_ref
from orch.git.refs import peek
from orch.git.repository import Repository, call


def blob_ids(repo: Repository, refs: list[str], path: str) -> dict[str, str]:
    """Return the id of the file `path` at each full ref, commit or HEAD; "" where there is none."""
    for ref in refs:
        if ref.startswith("refs/"):
            require_ref(ref)
        elif ref != "HEAD":
            require_oid(ref, repo.object_format)
    found = {ref: _blob_in_files(repo, ref, path) for ref in refs}
    asked = [ref for ref, blob in found.items() if blob is None]
    if asked:
        feed = "".join(f"{ref}:{path}\n" for ref in asked).encode()
        lines = call(repo, "cat-file", "--batch-check", stdin=feed).text().split("\n")
        for ref, line in zip(asked, lines, strict=True):
            words = line.split(" ")
            found[ref] = words[0] if words[1:2] == ["blob"] else ""
    return {ref: blob or "" for ref, blob in found.items()}


def _blob_in_files(repo: Repository, ref: str, path: str) -> str | None:
    """Return the same of one ref where files tell it, None where git must be asked."""
    commit = ref if is_oid(ref, repo.object_format) else peek(repo, ref)
    if commit is None:
        return None
    return loose.blob_at(repo, commit, path) if commit else ""


def read_blob(repo: Repository, oid: str, most: int) -> bytes:
    """Return the content of a file, cut after `most` bytes. Raises: git_error."""
    require_oid(oid, repo.object_format)
    kept = loose.read(repo, oid)
    if kept is not None and kept[0] == "blob":
        return kept[1][:most]
    return call(repo, "cat-file", "blob", oid, limit=most, truncate=True).out


def blob_id_of(repo: Repository, content: bytes) -> str:
    """Return the id that a file of this content has in the repository."""
    whole = b"blob %d\0" % len(content) + content
    return hashlib.new(repo.object_format, whole, usedforsecurity=False).hexdigest()
