"""Configuration files of git, read without git: what they hold is often enough to need no git.

Guarantees: reads regular files only, and waits for nothing; where anything is out of the ordinary
the answer is None or the cautious one, and git is asked.
"""

import os
import re

from schema import file

_MOST_BYTES = 1 << 20
# Sections begin with their word right behind the bracket, in letters of either case.
_PROGRAMS = (b"[filter", b"[merge", b"[diff", b"[hook", b"[include")
# Words by which a repository is something other than a folder `.git` in its checkout.
_UNUSUAL = (b"worktree", b"extensions", b"[include")
_SETTLED = re.compile(rb"\b(?:bare\s*=\s*false|repositoryformatversion\s*=\s*0)[ \t]*\r?$", re.M)
_TOLD_APART = (b"bare", b"repositoryformatversion")


def contents(common_dir: str, git_dir: str) -> tuple[bytes, ...] | None:
    """Return what each file holds that git reads keys from here, b"" for one that is not there.

    What those include is not in it: see `has_includes`. The system's is never read (see
    `process`). None where one cannot be read, or where it is unclear which count.
    """
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):
        return None
    places = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    try:
        return tuple(
            _held(path)
            for path in (
                os.path.join(common_dir, "config"),
                os.path.join(git_dir, "config.worktree"),
                os.path.join(places, "git", "config"),
                os.path.join(home, ".gitconfig"),
            )
        )
    except OSError:
        return None


def _held(path: str) -> bytes:
    try:
        return file.read_regular(path, _MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return b""


def has_includes(held: tuple[bytes, ...]) -> bool:
    """Say whether other files may count, too."""
    return any(b"[include" in one.lower() for one in held)


def names_no_program(held: tuple[bytes, ...]) -> bool:
    """Say whether no filter, driver or hook can be configured by name, here or by an include."""
    return not any(word in one.lower() for one in held for word in _PROGRAMS)


def is_plain(held: tuple[bytes, ...]) -> bool:
    """Say whether the files leave git's directory what and where it seems to be: in format 0."""
    return all(map(_is_plain, held))


def _is_plain(held: bytes) -> bool:
    text = held.lower()
    if any(word in text for word in _UNUSUAL):
        return False
    told = sum(text.count(word) for word in _TOLD_APART)
    return not told or told == len(_SETTLED.findall(text))
