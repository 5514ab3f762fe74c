"""A bar for what takes long: on a terminal's standard error, after two seconds, gone at the end.

Guarantees: nothing is ever printed where standard error is no terminal, or with --json; a thread
of its own draws, so that a single long step is seen to go on.
"""

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_PATIENCE, _REDRAW = 2.0, 0.25  # Seconds.
_WIDE = 24


class Bar:
    """How far something is: `step()` after each part; `total` 0 where it is not known."""

    def __init__(self, call: "Call", what: str, total: int = 0) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._begun = time.monotonic()
        self._over = threading.Event()
        is_wanted = not call.as_json and os.environ.get("TERM", "dumb") != "dumb" and _isatty()
        self._thread = threading.Thread(target=self._draw, daemon=True) if is_wanted else None

    def step(self) -> None:
        """One part more is done."""
        self._done += 1

    def __enter__(self) -> "Bar":
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _draw(self) -> None:
        if self._over.wait(_PATIENCE):
            return
        while True:
            _print(f"\r{self.line(time.monotonic() - self._begun)}\x1b[K")
            if self._over.wait(_REDRAW):
                _print("\r\x1b[K")
                return

    def line(self, seconds: float) -> str:
        """Return what the bar says after so many seconds."""
        if not self._total:
            return f"{self._what}: {self._done} done, {seconds:.0f} s"
        done = min(self._done, self._total)
        full = _WIDE * done // self._total
        return (
            f"{self._what} {'█' * full}{'░' * (_WIDE - full)} {done}/{self._total}, {seconds:.0f} s"
        )


def _isatty() -> bool:
    try:
        return os.isatty(2)
    except OSError:
        return False


def _print(text: str) -> None:
    try:
        os.write(2, text.encode())
    except OSError:
        pass
