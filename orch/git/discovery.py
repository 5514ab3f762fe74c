"""Discovery of the checkout that a directory lies in, without git where the case is a plain one.

A plain one is a folder `.git` in a directory of ours, or in one above it, whose configuration
says nothing unusual. Guarantees: follows the rules by which git looks, its refusal of what belongs
to others included; in any doubt there is no answer, and git is asked.
"""

import os
import stat

from orch.git import config_files
from orch.git.names import is_oid
from schema import file

_HEAD_BYTES = 4096


def plain_checkout(path: str) -> str:
    """Return the top of the plain checkout that a directory lies in, "" where git must tell."""
    here = os.path.realpath(path)
    try:
        device = os.stat(here).st_dev
        while not os.path.lexists(os.path.join(here, ".git")):
            above = os.path.dirname(here)
            if above == here or os.stat(above).st_dev != device or _may_be_bare(here):
                return ""
            here = above
        return here if _is_plain(here) else ""
    except OSError:
        return ""


def _may_be_bare(folder: str) -> bool:
    return os.path.lexists(os.path.join(folder, "HEAD"))


def _is_plain(top: str) -> bool:
    git_dir = os.path.join(top, ".git")
    mine = os.geteuid()
    seen = os.lstat(git_dir)
    if not stat.S_ISDIR(seen.st_mode) or not mine == seen.st_uid == os.lstat(top).st_uid:
        return False
    if os.path.lexists(os.path.join(git_dir, "commondir")):
        return False
    parts = [os.path.join(git_dir, name) for name in ("objects", "refs")]
    if not all(os.path.isdir(part) and os.access(part, os.X_OK) for part in parts):
        return False
    head = file.read_regular(os.path.join(git_dir, "HEAD"), _HEAD_BYTES, os.O_NOFOLLOW)
    named = os.fsdecode(head).removesuffix("\n")
    if not named.startswith("ref: refs/") and not is_oid(named):
        return False
    held = config_files.contents(git_dir, git_dir)
    return held is not None and bool(held[0]) and config_files.is_plain(held)
