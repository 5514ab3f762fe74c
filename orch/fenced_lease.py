"""A fenced lease: the right to lead something for all, of one process at a time.

Taken over from a process that is gone; by force also from one that has been silent for a minute.
Each taking raises a fence that every write compares, so who was stopped, taken over and woken up
changes nothing more (I13). What is led, and where its row is, the subclass knows.
"""

from contextlib import contextmanager

from orch import process_identity
from schema.failures import Failure
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.steps import Step
    from schema.transaction import Database, Tx

LEASE_MS = 60_000


class LeaseRow:
    """What the file says of a lease: its fence, and who has it since when until when (ms)."""

    __slots__ = ("fence", "runner", "since", "until")

    def __init__(
        self, fence: int, runner: "tuple[int, int, str] | None", since: int, until: int | None
    ) -> None:
        self.fence = fence
        self.runner = runner
        self.since = since
        self.until = until or 0

    @property
    def is_free(self) -> bool:
        """Whether nobody has it, or only a process that is gone."""
        return self.runner is None or process_identity.is_gone(*self.runner) is True


class FencedLease(Value):
    """A lease that this process has. `what` names in words what it leads."""

    db: "Database"
    fence: int
    what: str

    def row(self, tx: "Tx") -> LeaseRow:
        """Return what the file says of it now."""
        raise NotImplementedError

    def prolong(self, tx: "Tx", until: int) -> bool:
        """Write down until when it shows itself again; False when another took over."""
        raise NotImplementedError

    def forget(self, tx: "Tx") -> None:
        """Write down that nobody has it, if this process still does."""
        raise NotImplementedError

    def require(self, tx: "Tx") -> None:
        """Raise lease_conflict/superseded when another process took over."""
        found = self.row(tx)
        if found.fence != self.fence:
            pid = found.runner[0] if found.runner is not None else None
            by = f"another process (pid {pid})" if pid else "another process, which ended since,"
            raise Failure(
                "lease_conflict",
                "superseded",
                f"{by} took over {self.what}",
                hint="stop: it continues there",
                details={"pid": pid},
            )

    @contextmanager
    def write(self) -> "Iterator[Tx]":
        """Begin an atomic change as who has it. Raises: lease_conflict/superseded."""
        with self.db.write() as tx:
            self.require(tx)
            self.prolong(tx, tx.now.wall_ms + LEASE_MS)
            yield tx

    def renew(self) -> None:
        """Show that somebody is there, during long work. Raises: lease_conflict/superseded."""
        with self.db.touch() as tx:
            if not self.prolong(tx, tx.now.wall_ms + LEASE_MS):
                self.require(tx)

    def leave(self) -> None:
        """Let the next one begin at once."""
        with self.db.write() as tx:
            self.forget(tx)


def refuse_held(
    found: LeaseRow, now: int, what: str, *, steal: bool, details: "dict[str, object]",
    wait: "tuple[Step, ...]" = (),
) -> None:  # fmt: skip
    """Raise lease_conflict/held while who has it may be there. `what`: "run shop is driven".

    `wait` is how one waits for what it does.
    """
    if found.is_free or found.runner is None:
        return
    silent = now - found.until
    if steal and silent > 0:
        return
    seconds, pid = (now - found.since) // 1000, found.runner[0]
    hint = (
        f"it has not shown itself for {(silent + LEASE_MS) // 1000} s: if it is stuck, add --steal"
        if silent > 0
        else "wait for it; --steal takes over only from one that has been silent for a minute"
    )
    raise Failure(
        "lease_conflict",
        "held",
        f"{what} by process {pid}, for {seconds} s",
        hint=hint,
        next=list(wait),
        details={"pid": pid, "seconds": seconds, **details},
    )
