"""Queries of `doctor`: does the log agree with the tables? Reads only.

Each question answers with the first few rows that are wrong, none when all is well.
"""

from schema import queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Row

_SQL = queries.load(__file__)

# What is checked by looking for rows that must not be: (check, query).
QUESTIONS = (
    ("messages", "audit_message_without_event"),
    ("messages", "audit_event_without_message"),
    ("fold", "audit_fold"),
    ("fold", "audit_fold_moves"),
    ("leases", "audit_leases"),
    ("cursors", "audit_cursors"),
)


def wrong(tx: "ReadTx", question: str) -> list[str]:
    """Return the first few things that are wrong, in words."""
    return [str(row[0]) for row in tx.many(_SQL[question])]


def integrity(tx: "ReadTx") -> list[str]:
    """Return what SQLite's own checks of pages, indexes and foreign keys find."""
    found = [str(row[0]) for row in tx.many(_SQL["audit_integrity"])]
    return [text for text in found if text != "ok"] + wrong(tx, "audit_foreign_keys")


def event_ids(tx: "ReadTx") -> tuple[int, int, int, int]:
    """Return (how many events, the first id, the last id, the last id ever given out)."""
    count, first, last, given = tx.one(_SQL["audit_event_gap"])
    return count, first, last, given


def kept_artifacts(tx: "ReadTx") -> "list[Row]":
    """Return (sha256, number of the first artifact, its path) of all bytes that were kept."""
    return tx.many(_SQL["audit_kept"])


def transitions(tx: "ReadTx", machine: str) -> set[tuple[str, str]]:
    """Return the (source, target) pairs that the file allows to `machine`."""
    return {(row[0], row[1]) for row in tx.many(_SQL["audit_transitions"], machine=machine)}


def counts(tx: "ReadTx") -> tuple[int, int]:
    """Return (the newest event id, how many threads there are)."""
    events, threads = tx.one(_SQL["audit_counts"])
    return events, threads
