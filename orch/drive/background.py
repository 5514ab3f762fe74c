"""A driver in the background: in a session of its own, with a private log; it ends by itself.

It belongs to one run and to nobody's terminal: the death of the caller's process group, which
an agent's tool call takes with it, does not reach it.
"""

import os
import re

from inbox.workflows import wait
from orch import process
from orch.drive import process_log
from schema.failures import TABLE, Failure
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import Database

_START_SECONDS = 10.0
_NAP_SECONDS = 0.05
_ERROR = re.compile(r"error: (.*) \[(\w+)(?:/(\w+))?, exit [0-9]+\]")


class BackgroundDriver(Value):
    """A driver that was started: its process, its log, and its exit when it has ended already."""

    pid: int
    log: str
    status: int | None


def log_of(db: "Database", run_id: str) -> str:
    """Return where a run's driver in the background writes."""
    return os.path.join(db.folder.logs, f"drive-{run_id}.log")


def start(
    db: "Database", run_id: str, words: list[str], cwd: str, is_up: "Callable[[int], bool]"
) -> BackgroundDriver:
    """Start `orch WORDS…` and return once it `is_up` (asked with its pid) or has ended well.

    Raises: what it was refused with; store_error/io when it cannot be started.
    """
    log = log_of(db, run_id)
    process_log.shorten(log)
    before = process_log.length(log)
    environment = process.unattended(os.environ) | {"ORCH_JSON": ""}
    command = [process.own_program(), "--db", db.path, *words]
    try:
        started = process.start(command, cwd=cwd, environment=environment, log=log)
    except OSError as error:
        raise Failure("store_error", "io", f"{error.filename or log}: {error.strerror}") from error

    def _look() -> bool | None:
        return True if started.status() is not None or is_up(started.pid) else None

    topics = ["run=" + run_id]
    wait.until(db, topics, _look, _START_SECONDS, lambda: _NAP_SECONDS)
    status = started.status()
    if status:
        raise _refusal(process_log.last_lines(log, before), status, log)
    return BackgroundDriver(started.pid, log, status)


def _refusal(lines: list[str], status: int, log: str) -> Failure:
    """Return the failure that a driver ended with, as it said it."""
    hint = next((line[6:] for line in lines if line.startswith("hint: ")), f"its log: {log}")
    for line in reversed(lines):
        found = _ERROR.fullmatch(line)
        if found is not None and found[2] in TABLE:
            return Failure(found[2], found[3] or "", found[1], hint=hint)
    said = lines[-1] if lines else "it said nothing"
    return Failure("internal_error", "bug", f"the driver ended with exit {status}: {said}",
                   hint=f"its log: {log}")  # fmt: skip
