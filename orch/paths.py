"""Globs of paths: does a path fit, and can two globs name the same file? Pure.

`**` is any number of folders, `*` and `?` stay inside one name; a glob that names a folder
owns everything below it. `src/a` and `src/ab` do not overlap.
"""

from functools import lru_cache

from schema.file import LEGACY_STORE, STORE_FOLDER


def fits(path: str, glob: str) -> bool:
    """Say whether a file path is named by a glob, or lies below a folder that it names."""
    return _match(tuple(_parts(path)), tuple(_parts(glob)), prefix=True)


def overlap(one: str, other: str) -> bool:
    """Say whether some file could be named by both globs."""
    return _meet(tuple(_parts(one)), tuple(_parts(other)))


def first_overlap(mine: "list[str]", theirs: "list[str]") -> tuple[str, str] | None:
    """Return the first pair of globs that overlap; a task without globs owns nothing."""
    for one in mine:
        for other in theirs:
            if overlap(one, other):
                return one, other
    return None


def is_stores(path: str) -> bool:
    """Say whether a path of a tree is, or lies in, the folder of the store, or is an older store.

    In any spelling: some file systems take `.ORCH` for the same.
    """
    folded = path.casefold()
    return folded.partition("/")[0] == STORE_FOLDER or folded.startswith(LEGACY_STORE)


def violations(changed: "list[str]", allowed: "list[str]", blocked: "list[str]") -> list[str]:
    """Return the changed paths outside `allowed` (none: everything is) or inside `blocked`."""
    return [
        path
        for path in changed
        if (allowed and not any(fits(path, glob) for glob in allowed))
        or any(fits(path, glob) for glob in blocked)
    ]


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _match(path: tuple[str, ...], glob: tuple[str, ...], *, prefix: bool) -> bool:
    if not glob:
        return prefix or not path
    if glob[0] == "**":
        return any(_match(path[i:], glob[1:], prefix=prefix) for i in range(len(path) + 1))
    return bool(path) and _name_fits(path[0], glob[0]) and _match(path[1:], glob[1:], prefix=prefix)


@lru_cache(maxsize=4096)
def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether two part lists can name one path, or one a folder above the other's."""
    if not one or not other:
        return True  # What is left lies below a folder that the shorter one owns.
    if one[0] == "**":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "**":
        return _meet(one, other[1:]) or _meet(one[1:], other)
    return _names_meet(one[0], other[0]) and _meet(one[1:], other[1:])


@lru_cache(maxsize=4096)
def _name_fits(name: str, glob: str) -> bool:
    return _names_meet(name.replace("*", "\0").replace("?", "\1"), glob)


@lru_cache(maxsize=4096)
def _names_meet(one: str, other: str) -> bool:
    """Say whether two patterns of one name can be the same text."""
    if not one or not other:
        return not (one.replace("*", "") or other.replace("*", ""))
    if one[0] == "*":
        return (
            _names_meet(one[1:], other)
            or (other[0] != "*" and _names_meet(one, other[1:]))
            or (other[0] == "*" and _names_meet(one, other[1:]))
        )
    if other[0] == "*":
        return _names_meet(one, other[1:]) or _names_meet(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _names_meet(one[1:], other[1:])
