"""Ticket files: found by globs below a repository, one stat each."""

import os
import re
from functools import lru_cache

from orch.plans.document import SUFFIXES
from schema.failures import invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Look = tuple[int, int, int]  # Size, mtime in ns, inode: what two looks must agree on.


_ENDINGS = tuple(SUFFIXES)


def require_globs(globs: "Iterable[str]") -> None:
    """Raise invalid_input for a glob that does not lie below the repository."""
    for glob in globs:
        parts = glob.split("/")
        if not glob or glob.startswith("/") or ".." in parts or "\\" in glob or "\0" in glob:
            raise invalid_input(
                f"{glob!r} is not a glob for tickets",
                hint="relative to the repository, with / between folders, as tickets/*.yaml",
            )


def scan(top: str, globs: "Iterable[str]") -> "dict[str, Look]":
    """Return the ticket files below `top` by their path from there.

    Left out: links, what is no regular file, names that begin with a dot or end in ~ or .tmp, and
    names of no plan format. A glob that names a folder means all below it.
    """
    found: dict[str, Look] = {}
    for glob in globs:
        parts = [part for part in glob.split("/") if part not in ("", ".")]
        _add_below(found, top, "", parts)
    return found


def _add_below(found: "dict[str, Look]", folder: str, prefix: str, parts: "list[str]") -> None:
    """Add the files that the rest of a glob names below a folder."""
    head, rest = (parts[0], parts[1:]) if parts else ("**", [])
    if head == "**" and rest:
        _add_below(found, folder, prefix, rest)
    fits = _pattern(head).fullmatch if head != "**" else None
    for entry in _listed(folder):
        name = entry.name
        if fits is not None and not fits(name):
            continue
        if not rest and name.endswith(_ENDINGS):
            try:
                if entry.is_file(follow_symlinks=False):
                    seen = entry.stat(follow_symlinks=False)
                    found[prefix + name] = (seen.st_size, seen.st_mtime_ns, seen.st_ino)
            except OSError:
                continue  # It went meanwhile.
        elif entry.is_dir(follow_symlinks=False):
            deeper = parts if head == "**" else rest
            _add_below(found, entry.path, f"{prefix}{name}/", deeper)


def _listed(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return []


@lru_cache(maxsize=64)
def _pattern(glob: str) -> "re.Pattern[str]":
    """Return what matches one name: `*` and `?` as in a shell."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob)
    return re.compile("".join(parts), re.DOTALL)
