"""Kept bytes where every machine finds them: in the store by their digest, and in its folder here.

The folder of a machine holds what was kept or asked for on it; a row is what others have of it.
A row is made before the message that names it, and no lock of the store is held for it.
"""

import os

from schema.failures import Failure, invalid_input
from schema.pg import wire
from schema.pg.errors import failure_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.pg.database import PgDatabase

MOST_BYTES = 16 * 1024 * 1024


def give(db: "PgDatabase", path: str, sha256: str) -> None:
    """Let other machines have the bytes that stand at `path`, under their digest.

    Raises: invalid_input for more than MOST_BYTES, store_error.
    """
    if os.path.getsize(path) > MOST_BYTES:
        raise invalid_input(
            f"{path} is larger than the {MOST_BYTES >> 20} MiB that a store on a server keeps",
            reason="file",
            hint="name it without --artifact-copy",
        )
    try:
        if not db.ask("blob_is_there", sha256=sha256):
            with open(path, "rb") as file:
                db.ask("blob_give", sha256=sha256, content=file.read())
    except wire.Error as error:
        db.rollback()
        raise failure_of(error) from error


def bring(db: "PgDatabase", path: str, sha256: str) -> None:
    """Put the bytes with this digest at `path`, whole or not at all. Raises: store_error."""
    try:
        found = db.ask("blob_take", sha256=sha256)
    except wire.Error as error:
        raise failure_of(error) from error
    if not found:
        raise Failure(
            "store_error",
            "corrupt",
            f"kept bytes are gone: {sha256} is neither on the server nor at {path}",
            hint="ask their sender for the file again; inbox doctor --deep names them",
        )
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    draft = f"{path}.{os.getpid()}-{os.urandom(3).hex()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(found[0][0])
        os.rename(draft, path)
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)
