"""What needs a person, by urgency: the one order of the board, of `orch wait`, of notices."""

# Adding one? Also a word in orch/cli/board/kinds.py.
KINDS = (
    "question", "tampered", "problem", "login", "storm", "lost", "budget", "failed", "check_error",
    "gone", "stale", "late_report", "no_worker", "dirty", "setup", "ticket", "external_check",
    "conflict", "quarantined", "held", "approval", "uncommitted", "landing", "integrate",
    "unverified", "paths", "stranded", "finished",
)  # fmt: skip


def rank(kind: str) -> int:
    """Return where a kind stands, 0 the most urgent; what has no place stands last."""
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
