"""Files as setup touches them: read without surprises, replaced atomically, never through a trap.

Guarantees: a link is followed to the file it names and stays a link; nothing outside the root
is read or written; a file is replaced by a synced one with the same mode; one that changed
since it was read is left alone.
"""

import os
import stat

from orch.setup.model import Broken, FileEdit, printable
from schema.file import read_regular

MOST_BYTES = 4 << 20
_NEW_MODE = 0o666


def look(root: str, path: str) -> FileEdit:
    """Return the file at `path` as it is now. Raises: Broken when it cannot be a file of ours."""
    real = os.path.realpath(path)
    home = os.path.realpath(root)
    if real != home and not real.startswith(home.rstrip("/") + "/"):
        raise Broken(f"leads outside of {printable(root)}, to {printable(real)}")
    try:
        found = os.lstat(real)
    except FileNotFoundError:
        return FileEdit(path, real, None, _NEW_MODE)
    except OSError as error:
        raise Broken(f"cannot be looked at: {error.strerror}")
    if stat.S_ISDIR(found.st_mode):
        raise Broken("is a directory")
    if stat.S_ISLNK(found.st_mode):
        raise Broken("is a symbolic link that leads in a circle")
    if not stat.S_ISREG(found.st_mode):
        raise Broken("is not a regular file")
    if found.st_size > MOST_BYTES:
        raise Broken(f"is larger than {MOST_BYTES >> 20} MiB")
    return FileEdit(path, real, _read(real), stat.S_IMODE(found.st_mode))


def _read(real: str) -> bytes:
    try:
        return read_regular(real, MOST_BYTES, os.O_NOFOLLOW)
    except OSError as error:
        raise Broken(f"cannot be read: {error.strerror}")


def obstacle(change: FileEdit) -> str:
    """Return what would keep a change from being written, "" if nothing is known."""
    if change.old is not None and not os.access(change.real, os.W_OK):
        return "is read-only for you"
    folder = os.path.dirname(change.real)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return f"cannot be written: {printable(folder)} is not a directory"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"cannot be written: {printable(folder)} is not writable for you"
    return ""


def write(change: FileEdit) -> list[str]:
    """Write or remove the file; return the directories that were made. Raises: OSError, Broken."""
    if _now(change.real) != change.old:
        raise Broken("was changed by somebody else just now: run it again")
    folder = os.path.dirname(change.real)
    if change.new is None:
        os.unlink(change.real)
        _sync(folder)
        return []
    made = _make_folders(folder)
    draft = f"{folder}/.{os.path.basename(change.real)[:100]}.{os.urandom(4).hex()}.part"
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, change.mode)
        with open(fd, "wb") as file:
            file.write(change.new)
            file.flush()
            if change.old is not None:
                _dress(fd, change.real, change.mode)
            os.fsync(fd)
        os.replace(draft, change.real)
    except BaseException:
        if os.path.lexists(draft):
            os.unlink(draft)
        raise
    _sync(folder)
    return made


def _now(real: str) -> bytes | None:
    return _read(real) if os.path.lexists(real) else None


def _dress(fd: int, real: str, mode: int) -> None:
    """Give the new file the owner and the mode of the old one."""
    found = os.stat(real)
    if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(fd, found.st_uid, found.st_gid)
        except OSError:
            pass  # Only root may; the mode still holds.
    os.fchmod(fd, mode)


def _make_folders(folder: str) -> list[str]:
    missing: list[str] = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        os.mkdir(path)
    return missing


def prune(change: FileEdit, root: str) -> None:
    """Remove the directories that a removed file left empty, below the root."""
    folder, home = os.path.dirname(change.real), os.path.realpath(root)
    while folder.startswith(home.rstrip("/") + "/"):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)


def _sync(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
