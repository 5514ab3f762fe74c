"""Artifacts named on a command line: described, hashed and copied before any transaction.

A path is stored as given and need not exist. Only a regular file is hashed; only
--artifact-copy refuses what is not one.
"""

import os
import stat

from inbox.model import Artifact
from schema import file, json_check
from schema import open as stores
from schema.failures import invalid_input
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_CHUNK = 1024 * 1024


def describe(
    paths: tuple[str, ...], kinds: tuple[str, ...], metadata: tuple[str, ...], copy: bool
) -> tuple[Artifact, ...]:
    """Return the artifacts; kinds and metadata are given once for all, or once each."""
    if not paths:
        raise invalid_input("--artifact-… needs an --artifact", reason="flag")
    for flag, given in (("--artifact-kind", kinds), ("--artifact-metadata-json", metadata)):
        if len(given) not in (0, 1, len(paths)):
            raise invalid_input(
                f"{flag} is given {many(len(given), 'time')} for {many(len(paths), 'artifact')}",
                reason="flag",
                hint="give it once for all, or once each",
            )
    for text in metadata:
        json_check.require_object(text, "--artifact-metadata-json")
    return tuple(
        _describe_one(path, _nth(kinds, i, "file"), _nth(metadata, i, "{}"), copy)
        for i, path in enumerate(paths)
    )


def _nth(given: tuple[str, ...], i: int, default: str) -> str:
    return default if not given else given[0] if len(given) == 1 else given[i]


def _describe_one(path: str, kind: str, metadata: str, copy: bool) -> Artifact:
    if not path:
        raise invalid_input("--artifact is empty", reason="value")
    artifact = Artifact(path, kind, metadata)
    try:
        mode = os.lstat(path).st_mode
        regular = stat.S_ISREG(mode)
        if regular:
            artifact.size, artifact.sha256 = _hash(path)
    except OSError as error:
        if copy:
            raise invalid_input(f"--artifact {path}: {error.strerror}", reason="file")
        return artifact
    if copy and not regular:
        raise invalid_input(
            f"--artifact-copy takes regular files only, and {path} is none", reason="file"
        )
    artifact.copied = copy
    return artifact


def _hash(path: str) -> tuple[int, str]:
    """Return (bytes, sha256) of a regular file."""
    import hashlib

    digest = hashlib.sha256()
    size = 0
    fd = file.open_regular(path, os.O_NOFOLLOW)
    try:
        while chunk := os.read(fd, _CHUNK):
            digest.update(chunk)
            size += len(chunk)
    finally:
        os.close(fd)
    return size, digest.hexdigest()


def keep(db: "Database", named: tuple[Artifact, ...]) -> None:
    """Copy the bytes of the artifacts that want it beside the store, by their digest.

    Guarantees: a file appears under its digest only whole and synced; on a server every machine
    has it. Raises: invalid_input when a file changed since it was hashed, or is too large for a
    server; store_error.
    """
    for artifact in named:
        if artifact.copied and artifact.sha256 is not None:
            _keep_one(artifact.path, db.folder.artifact(artifact.sha256), artifact.sha256)
            stores.keep(db, artifact.sha256)


def _keep_one(path: str, target: str, sha256: str) -> None:
    import hashlib

    if os.path.exists(target):
        return
    folder = os.path.dirname(target)
    for place in (os.path.dirname(folder), folder):
        if not os.path.isdir(place):
            os.makedirs(place, mode=0o700, exist_ok=True)
    draft = f"{target}.{os.getpid()}-{os.urandom(3).hex()}"
    digest = hashlib.sha256()
    source = file.open_regular(path, os.O_NOFOLLOW)
    sink = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        while chunk := os.read(source, _CHUNK):
            digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(sink, view) :]
        os.fsync(sink)
        if digest.hexdigest() != sha256:
            raise invalid_input(f"{path} changed while it was read", reason="file")
        os.rename(draft, target)
        _sync_folder(folder)
    finally:
        os.close(source)
        os.close(sink)
        if os.path.lexists(draft):
            os.unlink(draft)


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
