"""Codes that the terminal shows: who says a person's word in the page sits there, too."""

import hmac
import secrets
import time

from inbox.cli.output import write_error
from schema.value import Value, own

_SECONDS = 300.0
_MOST_TRIES = 5
_MOST_OPEN = 100


class Codes(Value):
    """One code for each thing that is asked for; it counts once."""

    _open: dict[str, tuple[str, float, int]] = own(factory=dict)

    def accept(self, what: str, code: str) -> bool:
        """Say whether `code` is the one for `what`; it is used up by that."""
        wanted, until, tries = self._open.get(what, ("", 0.0, 0))
        if not wanted or time.monotonic() > until or tries >= _MOST_TRIES:
            return False
        if not hmac.compare_digest(code.strip().encode(), wanted.encode()):
            self._open[what] = wanted, until, tries + 1
            return False
        del self._open[what]
        return True

    def show(self, what: str) -> None:
        """Show a new code for `what` on the terminal; one that is still good is shown again."""
        wanted, until, tries = self._open.get(what, ("", 0.0, 0))
        if not wanted or time.monotonic() > until:
            wanted, until, tries = f"{secrets.randbelow(10**6):06}", time.monotonic() + _SECONDS, 0
        if tries >= _MOST_TRIES:
            return  # Somebody guesses: there is no new one before this one is over.
        self._open[what] = wanted, until, tries
        for oldest in list(self._open)[:-_MOST_OPEN]:
            del self._open[oldest]
        write_error(f"code {wanted} for: {what}")
