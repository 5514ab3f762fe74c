"""Bytes kept beside the store under their digest: the diff under review, every report.

Guarantees: a file appears under its name only whole and synced, so a row that names it is
written after it and never points at half of one. Killed before that row, the file is found
again by the same command: its name is its content.
"""

import hashlib
import os

from schema import crash_points
from schema.failures import Failure

_REASONS = {28: "full", 122: "full", 13: "readonly", 30: "readonly"}  # ENOSPC EDQUOT EACCES EROFS


def keep(target: str, content: bytes) -> None:
    """Write `content` to `target`, whose name is derived from it, unless it is there already.

    Raises: store_error (full, readonly, io).
    """
    if os.path.exists(target):
        return
    try:
        _write(target, content)
    except OSError as error:
        raise Failure(
            "store_error",
            _REASONS.get(error.errno or 0, "io"),
            f"cannot keep {target}: {error.strerror}",
            hint="nothing was recorded; fix the disk or the folder, then run the command again",
        ) from error
    crash_points.reach("council.kept")


def _write(target: str, content: bytes) -> None:
    folder = os.path.dirname(target)
    for each in (os.path.dirname(folder), folder):  # makedirs gives the mode to the last alone.
        os.makedirs(each, mode=0o700, exist_ok=True)
    draft = f"{target}.{os.getpid()}-{os.urandom(3).hex()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
        crash_points.reach("council.kept_draft")
        os.rename(draft, target)
        _sync(folder)
    finally:
        os.close(fd)
        if os.path.lexists(draft):
            os.unlink(draft)


def digest(content: bytes) -> str:
    """Return the sha256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def _sync(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
