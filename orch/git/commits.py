"""Commit objects as they are stored: read whole, written exactly, compared with nothing.

Owns the raw form that replaying a commit needs: its author, encoding and message byte for
byte. Guarantees: what is written holds no signature, runs no hook and moves no ref; the same
fields make the same id.
"""

import os
from dataclasses import dataclass

from orch.git import loose
from orch.git.names import display, require_oid
from orch.git.repository import DURABLE, Repository, call
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OURS = b"orch <orch@localhost>"


@dataclass(frozen=True, slots=True)
class RawCommit:
    """One commit. `author` is its line without the word; `at` the committer's time in seconds."""

    commit: str
    tree: str
    parents: tuple[str, ...]
    author: bytes
    encoding: bytes
    at: int
    message: bytes

    @property
    def subject(self) -> str:
        """The first line of the message, fit to be shown."""
        return display(self.message.lstrip(b"\n").partition(b"\n")[0].decode("utf-8", "replace"))


def read_commits(repo: Repository, commits: "Sequence[str]") -> tuple[RawCommit, ...]:
    """Return the commits, in the order asked. Raises: git_error when one is missing."""
    found = []
    for oid, kind, body in read_objects(repo, commits):
        if kind != "commit":
            raise Failure("git_error", "failed", f"{oid} is {kind}, not a commit")
        found.append(_parsed(oid, body))
    return tuple(found)


def parents_of(repo: Repository, commits: "Sequence[str]") -> dict[str, tuple[str, ...]]:
    """Return the parents of each commit. Raises: git_error when one is missing."""
    return {commit.commit: commit.parents for commit in read_commits(repo, commits)}


def read_objects(repo: Repository, oids: "Sequence[str]") -> "Iterator[tuple[str, str, bytes]]":
    """Yield (id, kind or "missing", content) of each object, in the order asked."""
    if not oids:
        return
    for oid in oids:
        require_oid(oid, repo.object_format)
    held = [loose.read(repo, oid) for oid in oids]
    if None not in held:
        yield from ((oid, *one) for oid, one in zip(oids, held, strict=True) if one is not None)
        return
    feed = "".join(oid + "\n" for oid in oids).encode()
    out = call(repo, "cat-file", "--batch", "--buffer", stdin=feed).out
    at = 0
    while at < len(out):
        line = out.index(b"\n", at)
        oid, kind, *size = out[at:line].decode().split(" ")
        end = line + 1 + int(size[0]) if size else line
        yield oid, kind, out[line + 1 : end]
        at = end + 1


def missing_objects(repo: Repository, oids: "Sequence[str]") -> tuple[str, ...]:
    """Return those of the objects that the repository does not have (any more)."""
    for oid in oids:
        require_oid(oid, repo.object_format)
    feed = "".join(oid + "\n" for oid in oids).encode()
    lines = call(repo, "cat-file", "--batch-check", "--buffer", stdin=feed).text().split("\n")
    return tuple(line.partition(" ")[0] for line in lines if line.endswith(" missing"))


def _parsed(oid: str, body: bytes) -> RawCommit:
    head, _, message = body.partition(b"\n\n")
    parents = []
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\n"):
        word, _, rest = line.partition(b" ")
        if word == b"parent":
            parents.append(rest.decode())
        elif word:  # A line that starts with a space goes on with the field above it.
            fields.setdefault(word, rest)
    stamp = fields.get(b"committer", b"").rsplit(b"> ", 1)[-1].split(b" ")[0]
    return RawCommit(
        oid,
        fields[b"tree"].decode(),
        tuple(parents),
        fields.get(b"author", b""),
        fields.get(b"encoding", b""),
        int(stamp) if stamp.isdigit() else 0,
        message,
    )


def write_again(
    repo: Repository, commit: RawCommit, tree: str, parent: str, committer: str, at: int
) -> str:
    """Return a commit like `commit` with another tree and parent, "" when git finds it unsound.

    Author, encoding and message stay; `committer` is "name <address>", `at` its time.
    """
    lines = [f"tree {tree}".encode(), f"parent {parent}".encode(), b"author " + commit.author]
    lines.append(f"committer {committer} {at} +0000".encode("utf-8", "surrogateescape"))
    lines += [b"encoding " + commit.encoding] if commit.encoding else []
    body = b"\n".join(lines) + b"\n\n" + commit.message
    asked = ("hash-object", "-t", "commit", "-w", "--stdin")
    return call(repo, *asked, stdin=body, ok=(0, 128), config=DURABLE).text()


def scratch_commit(repo: Repository, tree: str, parents: "Sequence[str]") -> str:
    """Return a commit that gives `tree` other parents, so that git finds the merge base we mean.

    Nothing ever refers to it; the same arguments make the same one.
    """
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    who = os.fsdecode(_OURS)
    body = "\n".join([*lines, f"author {who} 0 +0000", f"committer {who} 0 +0000", "", "orch\n"])
    return call(repo, "hash-object", "-t", "commit", "-w", "--stdin", stdin=body.encode()).text()
