"""Meanings of apsw's errors, decided by their class and never by their text.

A module of its own, because a command that goes well needs none of it.
"""

import apsw

from schema.failures import Failure


def failure_of(error: apsw.Error, busy_ms: int) -> Failure:
    """Return the Failure that an apsw error means; `busy_ms`: how long a lock was waited for."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Failure(
            "store_busy",
            "locked",
            f"the write lock could not be taken within {busy_ms // 1000} s; nothing was done",
            hint="run the same command again",
        )
    for kind, reason, hint in _STORE_ERRORS:
        if isinstance(error, kind):
            return Failure("store_error", reason, f"the store cannot be used ({text})", hint=hint)
    return Failure("internal_error", "bug", text, hint="set ORCH_DEBUG=1 for the traceback")


_STORE_ERRORS = (
    (apsw.FullError, "full", "free some disk space, then run the same command again"),
    (
        apsw.ReadOnlyError,
        "readonly",
        "make the store's directory writable for you (in a sandbox: pass it as a writable root)",
    ),
    (
        (apsw.CorruptError, apsw.NotADBError),
        "corrupt",
        "touch nothing; restore the newest backup, or ask for help with inbox doctor --deep",
    ),
    (
        (apsw.IOError, apsw.CantOpenError, apsw.PermissionsError, apsw.NoMemError),
        "io",
        "check the disk and the permissions of the store's directory, then run the command again",
    ),
)
