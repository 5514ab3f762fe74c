"""The URL of a store on a server: as it may be shown, and in the file that names it.

Reads no more of a URL than it must: what libpq takes is libpq's (schema/pg/where.py).
"""

import os

from schema import file
from schema.failures import Failure

_LONGEST = 4096


def without_password(url: str) -> str:
    """Return a URL as it may be printed, stored and handed on."""
    scheme, mark, rest = url.partition("://")
    head, _, query = rest.partition("?")
    authority, slash, database = head.partition("/")
    user, at, host = authority.rpartition("@")
    kept = [part for part in query.split("&") if part and not part.startswith("password=")]
    tail = "?" + "&".join(kept) if kept else ""
    return f"{scheme}{mark}{user.partition(':')[0]}{at}{host}{slash}{database}{tail}"


def read(path: str) -> str:
    """Return the URL in a file that names a store. Raises: store_error (unsafe, io)."""
    found = os.lstat(path)
    if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022:
        raise _unsafe(f"others may change {path}, which names the store", f"chmod 600 {path}")
    try:
        url = file.read_regular(path, _LONGEST, os.O_NOFOLLOW).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure("store_error", "io", f"{path}: {error}", hint="name the store with --db")
    if not url.startswith(file.URLS) or url != without_password(url) or "\n" in url:
        raise _unsafe(
            f"{path} does not hold one URL without a password",
            "one line, postgresql://user@host/database; the password belongs into ~/.pgpass",
        )
    return url


def write(path: str, url: str) -> None:
    """Make the file that names the store; an existing one is replaced at once or not at all."""
    draft = f"{path}.new-{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.write(fd, without_password(url).encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(draft, path)


def _unsafe(message: str, hint: str) -> Failure:
    return Failure("store_error", "unsafe", message, hint=hint)
