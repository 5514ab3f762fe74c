"""Events as they are committed, to as many viewers as there may be.

One thread of the process sleeps on the store's bell and says that there is something new; each
viewer then reads what comes after its own position, as fast as it can take it. So none is lost, and
a slow one holds nobody up and fills no memory.
"""

import asyncio
import threading

from inbox.workflows import wait
from orch.drive import watching
from orch.store import due
from schema import events
from schema import open as stores
from schema.signals import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schema.transaction import Database

MOST_VIEWERS = 16
_PAGE = 200
_SIGTERM = 15
_BEAT_SECONDS = 15.0


class Bell:
    """Knows the newest event; wakes whoever waits for a newer one. Used by one event loop."""

    def __init__(self, db_path: str) -> None:
        self.viewers = 0
        self._path = db_path
        self._db: Database | None = None
        self._newest = 0
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._sleep, name="bell", daemon=True)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more viewer."""
        return self.viewers >= MOST_VIEWERS

    def start(self) -> None:
        """Begin to listen; only the first call does."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._thread.start()

    def stop(self) -> None:
        """End the thread at its next look."""
        if self._db is not None:
            self._db.signals.pending = _SIGTERM

    def _sleep(self) -> None:
        self._db = db = stores.open_store(self._path)
        seen = -1

        def _look() -> int | None:
            with db.read() as tx:
                newest = events.last_id(tx)
            return newest if newest != seen else None

        try:
            while True:
                seen = wait.until(db, ["any"], _look, 0) or seen
                assert self._loop is not None
                self._loop.call_soon_threadsafe(self._ring, seen)
        except (Interrupted, RuntimeError):  # Stopped; or the loop is closed.
            db.close()

    def _ring(self, newest: int) -> None:
        self._newest = newest
        self._changed.set()
        self._changed = asyncio.Event()

    async def after(self, position: int) -> None:
        """Sleep until something newer than `position` may be there."""
        changed = self._changed
        if self._newest <= position:
            try:
                await asyncio.wait_for(changed.wait(), _BEAT_SECONDS)
            except TimeoutError:
                pass


async def stream(
    bell: Bell, db_path: str, run: str | None, after: int | None
) -> "AsyncIterator[dict[str, str]]":
    """Yield what a viewer is sent: each event with its id; `after` None begins with the next."""
    bell.start()
    position = await asyncio.to_thread(_last, db_path) if after is None else after
    yield {"event": "hello", "id": str(position), "data": str(position)}
    while True:
        page = await asyncio.to_thread(_page, db_path, run, position)
        for event_id, document in page:
            position = event_id
            yield {"id": str(event_id), "data": document}
        if len(page) < _PAGE:
            await bell.after(position if page or run is None else bell._newest)


def _last(db_path: str) -> int:
    db = stores.open_store(db_path)
    try:
        with db.read() as tx:
            return events.last_id(tx)
    finally:
        db.close()


def _page(db_path: str, run: str | None, after: int) -> list[tuple[int, str]]:
    db = stores.open_store(db_path)
    try:
        watching.note(db)
        with db.read() as tx:
            if run is None:
                return due.documents_of_all(tx, after, _PAGE)
            return due.documents(tx, run, after, None, _PAGE)
    finally:
        db.close()
