"""How each kind of need, and of news, looks: its sign, its colour, its words."""

_KINDS = {
    "question": ("?", "yellow", "asks"),
    "tampered": ("!", "red", "the repository's configuration was changed"),
    "problem": ("!", "red", "problem"),
    "login": ("!", "red", "the client is not logged in"),
    "storm": ("⚠", "red", "too many alike fail: nothing new begins"),
    "lost": ("!", "red", "its workers are lost again and again"),
    "budget": ("$", "red", "the budget is spent"),
    "failed": ("✗", "red", "failed"),
    "check_error": ("!", "red", "a check could not run"),
    "gone": ("†", "red", "its worker is gone"),
    "stale": ("†", "yellow", "its worker is silent"),
    "late_report": ("→", "yellow", "a late report"),
    "no_worker": ("○", "yellow", "nobody serves it"),
    "dirty": ("±", "yellow", "the checkout has changes"),
    "setup": ("!", "red", "its worktree cannot be set up"),
    "ticket": ("!", "yellow", "a ticket is refused"),
    "external_check": ("◎", "yellow", "an outside check is missing"),
    "conflict": ("⇄", "red", "does not merge"),
    "quarantined": ("✗", "red", "is quarantined"),
    "held": ("⇥", "yellow", "is held"),
    "approval": ("◇", "yellow", "needs approval"),
    "landing": ("⇥", "yellow", "to be landed"),
    "integrate": ("⇥", "yellow", "to be integrated"),
    "unverified": ("◎", "magenta", "to be verified"),
    "uncommitted": ("±", "yellow", "uncommitted work"),
    "paths": ("/", "yellow", "paths"),
    "stranded": ("○", "yellow", "stuck"),
    "finished": ("✓", "green", "finished"),
    # News that needs nobody.
    "done": ("✓", "green", "is done"),
    "landed": ("✓", "green", "landed"),
    "cancelled": ("·", "dim", "is cancelled"),
    "run_done": ("✓", "green", "nothing more can run"),
}


def of_need(kind: str) -> tuple[str, str, str]:
    """Return (sign, colour, words) of a kind; one that has none is called by its name."""
    return _KINDS.get(kind, ("!", "yellow", kind.replace("_", " ")))
