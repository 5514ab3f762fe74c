"""Threads in the states that tests begin from, made through the real commands."""

from tests.support.cli import Cli

BLINK = "0.001"  # A lease that has run out by the time the next process has started.


def opened(inbox: Cli, *more: str, to: str = "worker-1", sender: str = "lead") -> str:
    """Open a thread and return its id."""
    words = ("--from", sender, "--to", to, "--subject", "Fix the parser", "--body", "please")
    return inbox.ok("send", *words, *more)["thread"]["thread_id"]


def claimed(inbox: Cli, *more: str, agent: str = "worker-1", seconds: str = "900") -> tuple:
    """Open and claim a thread; return (its id, the lease token)."""
    thread = opened(inbox, *more)
    lease = taken(inbox, thread, agent, seconds=seconds)
    return thread, lease["token"]


def taken(inbox: Cli, thread: str, agent: str, *, seconds: str = "900") -> dict:
    """Claim a thread and return the lease."""
    words = ("--agent", agent, "--thread", thread, "--lease-seconds", seconds)
    return inbox.ok("claim", *words)["lease"]


def thread_of(inbox: Cli, thread: str) -> dict:
    """Return a thread as `show` has it."""
    return inbox.ok("show", "--thread", thread)["thread"]


def log_of(inbox: Cli) -> int:
    """Return the newest event id: unchanged means that nothing was written."""
    return inbox.ok("list", "--limit", "1")["high_event_id"]
