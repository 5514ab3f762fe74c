"""Rows of `lease`: one per claim, at most one of a thread active."""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Lease
    from schema.json_text import Json
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def start(tx: "Tx", thread_no: int, epoch: int, holder: str, ttl_ms: int, claim_event: int) -> None:
    """Begin the lease of one claim."""
    tx.execute(
        _SQL["lease_start"],
        thread_no=thread_no,
        epoch=epoch,
        holder=holder,
        ttl_ms=ttl_ms,
        domain=tx.now.domain,
        boot=tx.now.boot_ms,
        claim_event=claim_event,
    )


def extend(tx: "Tx", thread_no: int, lease: "Lease", ttl_ms: int) -> bool:
    """Give an active lease its full length from now; False when it has ended."""
    values = {"thread_no": thread_no, "epoch": lease.epoch, "ttl_ms": ttl_ms}
    moment = {"domain": tx.now.domain, "boot": tx.now.boot_ms}
    return tx.execute(_SQL["lease_extend"], **values, **moment) > 0


def end(tx: "Tx", thread_no: int, how: str) -> None:
    """End the active lease, if there is one."""
    tx.execute(_SQL["lease_end"], thread_no=thread_no, how=how)


def held_before(tx: "ReadTx", thread_no: int, holder: str) -> bool:
    """Say whether `holder` ever held a lease of the thread."""
    return tx.maybe(_SQL["lease_held_before"], thread_no=thread_no, holder=holder) is not None


def last_holder(tx: "ReadTx", thread_no: int) -> "tuple[str, int] | None":
    """Return (holder, epoch) of the newest lease, active or not."""
    row = tx.maybe(_SQL["lease_last"], thread_no=thread_no)
    return (row[0], row[1]) if row else None


def secret(tx: "ReadTx") -> bytes:
    """Return the store's secret, from which lease tokens are computed."""
    found: bytes = tx.value(_SQL["store_secret"])
    return found


def document(tx: "ReadTx", thread_no: int) -> "Json":
    """Return the published JSON of the active lease without its token."""
    return tx.json(
        _SQL["lease_document"], thread_no=thread_no, domain=tx.now.domain, boot=tx.now.boot_ms
    )


def find_document(tx: "ReadTx", thread_no: int) -> "Json | None":
    """Return what `document` does, or None without an active lease."""
    row = tx.maybe(
        _SQL["lease_document"], thread_no=thread_no, domain=tx.now.domain, boot=tx.now.boot_ms
    )
    from schema.json_text import Json

    return Json(row[0]) if row else None
