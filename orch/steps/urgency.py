"""Urgency of needs: the one order of the board, of `orch wait`, of notices.

Each kind with its sign, its colour and its words; the most urgent first.
"""

_NEEDS = {
    "question": ("?", "yellow", "asks"),
    "tampered": ("!", "red", "the repository's configuration was changed"),
    "problem": ("!", "red", "problem"),
    "worker": ("!", "red", "its workers cannot start"),
    "login": ("!", "red", "the client is not logged in"),
    "storm": ("⚠", "red", "too many alike fail: nothing new begins"),
    "lost": ("!", "red", "its workers are lost again and again"),
    "retries": ("↻", "red", "it was retried often enough"),
    "red": ("!", "red", "the target's checks fail"),
    "stuck": ("!", "red", "does not go on"),
    "budget": ("$", "red", "the budget is spent"),
    "failed": ("✗", "red", "failed"),
    "check_error": ("!", "red", "a check could not run"),
    "gone": ("†", "red", "its worker is gone"),
    "stale": ("†", "yellow", "its worker is silent"),
    "late_report": ("→", "yellow", "a late report"),
    "no_worker": ("○", "yellow", "nobody serves it"),
    "dirty": ("±", "yellow", "the checkout has changes"),
    "in_the_way": ("±", "yellow", "cannot land"),
    "setup": ("!", "red", "its worktree cannot be set up"),
    "base_conflict": ("⇄", "yellow", "what it builds on does not merge"),
    "refused": ("!", "yellow", "was refused"),
    "paused": ("○", "yellow", "is paused"),
    "hold": ("⇥", "yellow", "its queue is held"),
    "ticket": ("!", "yellow", "a ticket is refused"),
    "external": ("◎", "yellow", "an outside check is missing"),
    "conflict": ("⇄", "red", "does not merge"),
    "quarantined": ("✗", "red", "is quarantined"),
    "held": ("⇥", "yellow", "is held"),
    "review": ("◇", "yellow", "needs a review"),
    "approval": ("◇", "yellow", "needs approval"),
    "plan": ("◇", "yellow", "has a plan for you"),
    "landing": ("⇥", "yellow", "to be landed"),
    "integrate": ("⇥", "yellow", "to be integrated"),
    "unverified": ("◎", "magenta", "to be verified"),
    "uncommitted": ("±", "yellow", "uncommitted work"),
    "paths": ("/", "yellow", "paths"),
    "stranded": ("○", "yellow", "stuck"),
    "finished": ("✓", "green", "finished"),
}
# News that needs nobody.
_ENDS = {
    "done": ("✓", "green", "is done"),
    "landed": ("✓", "green", "landed"),
    "cancelled": ("·", "dim", "is cancelled"),
    "run_done": ("✓", "green", "nothing more can run"),
}
KINDS = tuple(_NEEDS)


def rank(kind: str) -> int:
    """Return where a kind stands, 0 the most urgent; what has no place stands last."""
    return KINDS.index(kind) if kind in _NEEDS else len(KINDS)


def of_need(kind: str) -> tuple[str, str, str]:
    """Return (sign, colour, words) of a kind; one that has none is called by its name."""
    return (_NEEDS | _ENDS).get(kind, ("!", "yellow", kind.replace("_", " ")))
