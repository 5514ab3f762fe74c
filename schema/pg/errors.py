"""Meanings of a server's errors, decided by their SQLSTATE and never by their text.

The twin of schema/store_errors.py. libpq gives no SQLSTATE for a connection that was never made:
those are all `io`, with its words, in which no password ever stands.
"""

from schema.failures import Failure
from schema.steps import Step
from schema.transaction import BUSY_BUDGET_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from psycopg2 import Error

INIT = Step(("inbox", "init"), "act")
_AGAIN = "run the same command again"
_CLASSES = (
    # SQLSTATEs or their classes: code, reason, what happened, what to do.
    (("55P03", "57014", "40P01", "40001"), "store_busy", "locked",
     f"the write lock could not be taken within {BUSY_BUDGET_MS // 1000} s; nothing was done",
     _AGAIN),
    (("53300",), "store_busy", "locked",
     "the server has no connection left; nothing was done", _AGAIN),
    (("53100",), "store_error", "full", "the server's disk is full",
     "free some disk space on the server, then run the same command again"),
    (("25006",), "store_error", "readonly", "the server takes no changes: a replica, or read-only",
     "name the primary server with --db"),
    (("42501",), "store_error", "readonly", "the role may not do that",
     "connect as the role that `orch store init` was run with, or ask its owner"),
    (("42P01", "42883", "3F000"), "not_found", "store", "there is no store in this schema", ""),
    (("XX001", "XX002"), "store_error", "corrupt", "the server says that its data are damaged",
     "touch nothing; ask the server's administrator, restore the newest backup elsewhere"),
    (("22021", "22P05"), "invalid_input", "text", "a text holds a character that no store keeps",
     "leave out NUL characters"),
    (("08", "57P", "53", "58", "28", "3D"), "store_error", "io", "the server cannot be used",
     "see whether it runs and lets you in (psql with the same URL), then run the command again"),
)  # fmt: skip


def no_store(shown: str) -> Failure:
    """Return the failure for a schema that holds no store."""
    return Failure("not_found", "store", f"no store at {shown}", next=[INIT])


def failure_of(error: "Error") -> Failure:
    """Return the Failure that a server's or the driver's error means."""
    state: str | None = error.pgcode
    words = " ".join(str(error).split()) or type(error).__name__
    if state is None:
        return Failure("store_error", "io", f"no connection to the server ({words})", hint=_REACH)
    for states, code, reason, message, hint in _CLASSES:
        if state in states or state[:2] in states or state[:3] in states:
            if code == "not_found":  # What was asked is no news to anybody.
                return Failure(code, reason, message, hint=hint, next=[INIT])
            # Without where in our functions it happened: that helps nobody.
            return Failure(code, reason, f"{message} ({_first(error) or words})", hint=hint)
    return Failure(
        "internal_error", "bug", f"{state}: {words}", hint="set ORCH_DEBUG=1 for the traceback"
    )


def _first(error: "Error") -> str:
    """Return the first sentence of what a server said, "" where it was not the server."""
    return " ".join((error.diag.message_primary or "").split())


def nul() -> Failure:
    """Return the failure for a text that the driver refuses before the server does."""
    return Failure("invalid_input", "text", "a text holds a NUL character", hint="leave it out")


_REACH = (
    "see whether it runs and lets you in (psql with the same URL; the password belongs into "
    "~/.pgpass), then run the same command again"
)
