"""Feed of the board: read by a thread of its own whenever something happened.

Guarantees: `show` gets the board as `orch top --json` publishes it, within half a second of a
commit; a still store is looked at as a wait looks at it; a failure ends the feed and is handed on.
"""

import threading
import time

from inbox.workflows import wait
from orch.board.live import Live
from orch.board.reader import BoardReader
from orch.cli.board import reviews
from orch.cli.board.top import again, document
from orch.drive import watching
from orch.pace import Pace
from orch.reconcile import reconcile
from schema import events
from schema import open as stores
from schema.failures import Failure
from schema.json_text import loads
from schema.signals import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from schema.transaction import Database

STILL_SECONDS = 10.0  # After that the ages on the screen are old, and it is drawn anew.
_LEAST_SECONDS = 0.2  # Between two drawings, however much happens.
_MOST_ROWS = 200
_SIGTERM = 15


class Feed:
    """Reads the board of all open runs, or of one. `wanted` is set to look at once."""

    def __init__(self, db_path: str, run_id: str | None) -> None:
        self.run_id = run_id
        self.failure: Failure | None = None
        self.latest: dict[str, Any] | None = None
        self._path = db_path
        self._show: Callable[[], None] = lambda: None
        self._db: Database | None = None
        self._is_stopped = False
        self._wanted = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="board", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def tell(self, show: "Callable[[], None]") -> None:
        """Call `show` whenever `latest` or `failure` is new: at once, if one is there already."""
        with self._lock:
            self._show = show
            is_due = self.latest is not None or self.failure is not None
        if is_due:
            show()

    def want(self) -> None:
        """Look anew at the next opportunity, even if nothing happened."""
        self._wanted = True

    def stop(self) -> None:
        """End it: at its next look at the latest."""
        self._is_stopped = True
        self._show = lambda: None
        if self._db is not None:
            self._db.signals.pending = _SIGTERM
        self._thread.join(1.0)

    def _read(self) -> None:
        try:
            self._db = db = stores.open_store(self._path)
            self._follow(db)
        except Interrupted:
            pass
        except Failure as failure:
            self._hand_on(None, failure)
        except Exception as error:
            from inbox.cli.kit import our_bug

            self._hand_on(None, our_bug(error))
        if self._db is not None:
            self._db.close()

    def _follow(self, db: "Database") -> None:
        reader = BoardReader(db, self.run_id, _MOST_ROWS, reviews.reviewed)
        pace, live = Pace(waits=True), Live()
        seen, read_at = -1, 0.0

        def _look() -> "dict[str, Any] | None":
            nonlocal seen, read_at
            watching.note(db)
            since = time.monotonic() - read_at
            if since < _LEAST_SECONDS:
                return None
            for name in reader.names():
                reconcile(db, name, pace=pace)
            with db.read() as tx:
                newest = events.last_id(tx)
            if newest == seen and since < STILL_SECONDS and not self._wanted:
                return None
            self._wanted = False
            found = reader.read()
            live.look(found)
            seen, read_at = found.high_event_id, time.monotonic()
            known: dict[str, Any] = loads(
                document(found, _MOST_ROWS, live, again(db, found), reviews.read(db))
            )
            return known

        def _nap() -> float:
            too_soon = _LEAST_SECONDS - (time.monotonic() - read_at)
            return too_soon + 0.01 if too_soon > 0 else STILL_SECONDS

        topics = ["any"]  # A run's reviews are runs of their own.
        while not self._is_stopped:
            self._hand_on(wait.until(db, topics, _look, 0, _nap), None)

    def _hand_on(self, latest: "dict[str, Any] | None", failure: Failure | None) -> None:
        with self._lock:
            self.latest, self.failure = latest or self.latest, failure
            show = self._show
        show()
