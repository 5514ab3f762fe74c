"""Values of the bus that operations pass around; no dataclasses, which cost 20 ms to import."""

from schema.queries import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.clock import Instant
    from schema.transaction import Row

PRIORITIES = ("low", "normal", "high")  # Stored as 0, 1, 2, so that an index can order by it.
KINDS = ("task", "progress", "question", "answer", "result", "control", "event")
TERMINAL = ("done", "failed", "cancelled")  # Stands here, since few commands load machines.
DEFAULT_LEASE_MS = 900_000
MAX_LEASE_MS = 86_400_000
DEFAULT_MAX_CLAIMS = 5


def lease_ms(seconds: float | None, default: int = DEFAULT_LEASE_MS) -> int:
    """Return a lease length in ms: zero or negative means the default, 24 h is the most."""
    if seconds is None or seconds <= 0:
        return default
    return max(1, min(round(seconds * 1000), MAX_LEASE_MS))


class Lease(Record):
    """The active lease of a thread: who, under which epoch, until when."""

    epoch: int
    holder: str
    ttl_ms: int
    clock_domain: str
    boot_deadline: int
    wall_deadline: int
    claim_event: int

    def remaining_ms(self, now: "Instant") -> int:
        """Return what is left of it; 0 or less: anybody may claim, nobody is fenced yet."""
        return now.remaining_ms(
            self.clock_domain, self.boot_deadline, self.wall_deadline, self.ttl_ms
        )


class Thread(Record):
    """A thread as operations see it, with its active lease."""

    thread_no: int
    thread_id: str
    run_id: str | None
    task_id: str | None
    owned_by_run: bool
    subject: str
    status: str
    created_by: str
    addressed_to: str
    assigned_to: str
    epoch: int
    lost_leases: int
    max_claims: int
    not_before_at: int
    expects: str | None
    last_message: int
    lease: Lease | None

    def __init__(self, columns: "tuple[str, ...]", row: "Row") -> None:
        found = dict(zip(columns, row, strict=True))
        lease = {name[6:]: found.pop(name) for name in columns if name.startswith("lease_")}
        super().__init__(tuple(found), tuple(found.values()))
        held = lease["epoch"] is not None
        self.lease = Lease(tuple(lease), tuple(lease.values())) if held else None


class Change:
    """What an operation did: the thread, the event, and whether the lease had lapsed."""

    __slots__ = ("event_id", "late", "thread_id", "thread_no")

    def __init__(self, thread_no: int, thread_id: str, event_id: int, late: bool = False) -> None:
        self.thread_no = thread_no
        self.thread_id = thread_id
        self.event_id = event_id
        self.late = late


class Artifact:
    """A file that a message names; `size` and `sha256` only for regular files."""

    __slots__ = ("copied", "kind", "metadata", "path", "sha256", "size")

    def __init__(
        self,
        path: str,
        kind: str,
        metadata: str,
        size: int | None = None,
        sha256: str | None = None,
        copied: bool = False,
    ) -> None:
        self.path = path
        self.kind = kind
        self.metadata = metadata
        self.size = size
        self.sha256 = sha256
        self.copied = copied


def draft(
    summary: str | None,
    body: str | None,
    payload: str | None,
    artifacts: "tuple[Artifact, ...]",
    default: str = "",
) -> "MessageDraft":
    """Return what was written; the summary defaults to the body's first line."""
    if summary is None:
        summary = default or (body or "").strip().partition("\n")[0][:120]
    return MessageDraft(summary, body or "", payload or "{}", artifacts)


class MessageDraft:
    """What somebody writes into a thread: text, payload, artifacts."""

    __slots__ = ("artifacts", "body", "payload", "summary")

    def __init__(
        self,
        summary: str,
        body: str = "",
        payload: str = "{}",
        artifacts: "tuple[Artifact, ...]" = (),
    ) -> None:
        self.summary = summary
        self.body = body
        self.payload = payload
        self.artifacts = artifacts
