"""artifact list and get: what messages named, and the bytes that were kept."""

import os

from inbox.operations import leases
from inbox.steps import say
from inbox.store import artifacts as store
from schema import file
from schema import open as stores
from schema.failures import Failure, invalid_input, not_found
from schema.json_text import array, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def list_artifacts(call: "Call", *, thread: str) -> None:
    """List the artifacts of a thread, oldest first."""
    with call.db.read() as tx:
        found = leases.require_thread(tx, thread)
        call.say(obj(thread_id=thread, artifacts=array(store.of_thread(tx, found.thread_no))))


def get(call: "Call", *, artifact_id: str | None, out: str | None) -> None:
    """Write out the kept bytes of an artifact; an existing file is not replaced."""
    if artifact_id is None:
        raise invalid_input("missing ARTIFACT, e.g. art_3", reason="flag")
    digits = artifact_id.removeprefix("art_")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise invalid_input(f"{artifact_id[:40]!r} is not an artifact id like art_3")
    with call.db.read() as tx:
        found = store.find(tx, int(digits))
    if found is None:
        raise not_found("artifact", artifact_id, next=[say("artifact list", thread="THREAD")])
    document, path, sha256, copied = found
    if not copied or sha256 is None:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{artifact_id} names {path}, but its bytes were not kept",
            hint=f"read {path} itself; senders keep bytes with --artifact-copy",
        )
    target = out if out is not None else os.path.basename(path)
    _copy(stores.kept(call.db, sha256), target, sha256)
    call.say(merge(document, out=target))


def _copy(source: str, target: str, sha256: str) -> None:
    """Copy and verify. Raises: invalid_input, store_error/corrupt."""
    import hashlib

    try:
        with open(file.open_regular(source), "rb") as kept:
            content = kept.read()
    except OSError as error:
        raise Failure("store_error", "corrupt", f"kept bytes are gone: {source}: {error.strerror}")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Failure("store_error", "corrupt", f"kept bytes differ from their sha256: {source}")
    try:
        with open(target, "xb") as copy:
            copy.write(content)
    except OSError as error:
        raise invalid_input(
            f"--out {target}: {error.strerror}", reason="file", hint="name a new file with --out"
        )
