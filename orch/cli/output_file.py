"""Documents that a command makes: printed, or written to the file that --out names.

Guarantees: a file appears whole or not at all; one that was there is replaced in one step; a
directory, a symbolic link, a file of the store or anything that is no regular file is never
written to.
"""

import os
import stat

from schema.failures import Failure, invalid_input

_REASONS = {28: "full", 122: "full"}


def write(path: str, text: str, store: str) -> str:
    """Write a document and return where it is, as an absolute path; never over the `store`.

    Raises: invalid_input/file for a place that cannot be written, store_error/full.
    """
    whole = os.path.abspath(path)
    if _belongs_to(store, whole):
        raise _refused(path, "that is a file of the store; nothing was written")
    try:
        mode: int | None = os.lstat(whole).st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise _refused(path, error.strerror)
    if path.endswith("/") or (mode is not None and not stat.S_ISREG(mode)):
        raise _refused(path, "it is not a regular file; nothing was written")
    draft = f"{whole}.{os.getpid()}-{os.urandom(3).hex()}"
    try:
        _write(draft, text.encode("utf-8", "backslashreplace"))
        os.replace(draft, whole)
    except OSError as error:
        if error.errno in _REASONS:
            raise Failure("store_error", "full", f"cannot write {path}: {error.strerror}")
        raise _refused(path, error.strerror)
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)
    return whole


def _belongs_to(store: str, path: str) -> bool:
    """Say whether a path is the store's: its file, what stands beside it, kept bytes, logs."""
    place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    whole = os.path.realpath(store)
    folder = os.path.dirname(whole)
    return place.startswith((whole, f"{folder}/artifacts/", f"{folder}/logs/"))


def _write(draft: str, content: bytes) -> None:
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)


def _refused(path: str, why: str | None) -> Failure:
    return invalid_input(f"cannot write {path}: {why}", reason="file",
                         hint="name a file with --out, or leave it out to print")  # fmt: skip
