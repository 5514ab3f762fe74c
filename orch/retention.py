"""Retention: what closed runs leave in the store's folder, and how it goes when it is old.

Logs, spools of turns that are over, worktrees in which the queue tested, places with what was
handed in. Rows, commits, refs and artifacts stay: the run can still be read and reported.
"""

import os
import re
from dataclasses import dataclass

from inbox.workflows.finding import OK, WARNING, Check
from orch.harness import spool
from orch.landing import slots as queue_slots
from orch.operations.places import OUT, PLACES
from orch.steps.model import say
from orch.store import runs as run_rows
from orch.store import turns as turn_rows
from orch.worktrees import places
from schema.failures import Failure
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schema.transaction import Database

_DAY_MS = 86_400_000
_DAYS = 30  # How old doctor calls old.
_MUCH = 1 << 30
_DRIVER_LOG = r"drive-{}(\.worker-[0-9]+)?\.log"


@dataclass(slots=True)
class Leftover:
    """Something that a closed run left: `what` is log, spool, slot or place."""

    run_id: str
    what: str
    path: str
    files: int
    bytes: int
    reason: str = ""  # Why it could not be removed.

    def document(self) -> dict[str, object]:
        """Return the published shape."""
        shown: dict[str, object] = {
            "run_id": self.run_id, "what": self.what, "path": self.path,
            "files": self.files, "bytes": self.bytes,
        }  # fmt: skip
        return shown | ({"reason": self.reason} if self.reason else {})


def find(db: "Database", older_ms: int, run_id: str | None) -> list[Leftover]:
    """Return what runs left that were closed so long ago, run after run. Changes nothing."""
    with db.read() as tx:
        closed = run_rows.closed_before(tx, tx.now.wall_ms - older_ms, run_id)
    found = []
    for name in closed:
        found += [*_logs(db, name), *_spools(db, name), *_slots(db, name), *_places(db, name)]
    return found


def remove(db: "Database", found: list[Leftover], step: "Callable[[], None]") -> None:
    """Remove what was found, or note the reason why it stays; `step` after each.

    Killed anywhere, the same again does the rest.
    """
    for one in found:
        db.signals.lower()
        try:
            _remove(db, one)
        except (Failure, OSError) as error:
            one.reason = error.message if isinstance(error, Failure) else str(error)
        step()


def _remove(db: "Database", one: Leftover) -> None:
    if one.what == "spool":
        spool.remove(db.folder.spool, os.path.basename(one.path))
    elif one.what == "slot":
        queue_slots.remove_idle(db, one.run_id)
    elif one.what == "place":
        for place in places.select(db, one.run_id, None, None):
            if place.place_path == one.path:
                places.remove(db, place)
    elif os.path.isdir(one.path) and not os.path.islink(one.path):
        places.clear(one.path)
    else:
        os.unlink(one.path)


def _logs(db: "Database", run_id: str) -> "Iterator[Leftover]":
    folder = db.folder.logs
    whole = os.path.join(folder, run_id)
    if os.path.lexists(whole):
        yield Leftover(run_id, "log", whole, *measure(whole))
    wanted = re.compile(_DRIVER_LOG.format(re.escape(run_id)))
    for name in sorted(_names(folder)):
        path = os.path.join(folder, name)
        if wanted.fullmatch(name) and not os.path.isdir(path):
            yield Leftover(run_id, "log", path, *measure(path))


def _spools(db: "Database", run_id: str) -> "Iterator[Leftover]":
    where = db.folder.spool
    for mark, size in sorted(spool.marks(where).items()):
        with db.read() as tx:
            if turn_rows.run_of_ended(tx, mark) == run_id:
                yield Leftover(run_id, "spool", os.path.join(where, mark), 1, size)


def _slots(db: "Database", run_id: str) -> "Iterator[Leftover]":
    for queue in queue_slots.idle(db, run_id):
        if os.path.isdir(queue.folder):
            yield Leftover(run_id, "slot", queue.folder, *measure(queue.folder))


def _places(db: "Database", run_id: str) -> "Iterator[Leftover]":
    for place in places.select(db, run_id, None, None):
        sizes = [measure(path) for path in (place.place_path, place.out_path)]
        files, size = (sum(parts) for parts in zip(*sizes, strict=True))
        yield Leftover(run_id, "place", place.place_path, files, size)


def measure(path: str) -> tuple[int, int]:
    """Return (files, bytes on the disk) of a file or below a folder; no link is followed."""
    files = size = 0
    ahead = [path]
    while ahead:
        here = ahead.pop()
        try:
            if os.path.isdir(here) and not os.path.islink(here):
                ahead += [os.path.join(here, name) for name in os.listdir(here)]
                continue
            size += os.lstat(here).st_blocks * 512
            files += 1
        except OSError:
            continue  # It went meanwhile, or is not ours to look into.
    return files, size


def examine(db: "Database") -> Check:
    """Return the finding of doctor about the room that logs, spools and places take."""
    parts = {"logs": db.folder.logs, "spools": db.folder.spool,
             "places": db.folder.below(PLACES), "results": db.folder.below(OUT),
             "artifacts": db.folder.artifacts}  # fmt: skip
    sizes = {name: measure(path)[1] for name, path in parts.items()}
    with db.read() as tx:
        old = run_rows.closed_before(tx, tx.now.wall_ms - _DAYS * _DAY_MS, None)
    told = ", ".join(f"{name} {_shown(size)}" for name, size in sizes.items() if size) or "empty"
    if not old:
        return Check("room", OK, told)
    is_much = sum(sizes.values()) >= _MUCH
    step = say("cleanup", older_than=f"{_DAYS}d", dry_run=True)
    told += f"; closed more than {_DAYS} days ago: {many(len(old), 'run')}"
    hint = "what they left can go; this names it"
    return Check("room", WARNING if is_much else OK, told, hint, next=[step])


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _shown(size: int) -> str:
    for unit in ("kB", "MB"):
        size = max(1, size >> 10)
        if size < 1024:
            return f"{size} {unit}"
    return f"{size >> 10} GB"
