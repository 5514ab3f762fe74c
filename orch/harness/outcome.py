"""Outcome of a turn: four facts, kept apart, and the class they add up to. Pure.

The agent's own report decides; then what ended it from outside; then the client's last word;
its exit status only where it has no last word. Exit 0 with nothing done is not done.
"""

from schema.value import Value
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.harness.config import HarnessTable

LOGGED_OUT = "it is not logged in"
_TIMERS = ("first_output", "idle", "total")


class TurnFacts(Value):
    """The facts of a turn.

    `reported`: "", "done" or "fail", by the agent itself. `final`: "", "ok" or "failed", the
    client's last event. `exit_status`: None when we ended it. `commits`: of the attempt, some of
    them `carried` over from the one before; `made`: of this turn.
    `uncommitted`: files in its worktree. `text`: what the agent said last. `tail`: the end of
    its output, of standard error alone where standard output is read as events.
    """

    reported: str = ""
    final: str = ""
    exit_status: int | None = None
    commits: int = 0
    carried: int = 0
    made: int = 0
    uncommitted: int = 0
    has_code: bool = False
    cause: str = "exit"
    stopped: str = ""
    lost: str = ""
    asked: bool = False
    text: str = ""
    error: str = ""
    tail: str = ""


def judge(facts: TurnFacts, table: "HarnessTable") -> tuple[str, str]:
    """Return (class, why) of a turn."""
    if facts.reported:
        return ("done" if facts.reported == "done" else "failed"), "it reported so itself"
    if facts.lost:
        return "interrupted", facts.lost
    if facts.cause == "stopped":
        return "interrupted", facts.stopped or "stopped"
    if facts.cause == "orphaned" and not facts.final:
        return _orphaned(facts, table)
    if facts.cause in _TIMERS:
        return "timeout", facts.stopped
    ok = facts.final == "ok" if table.event else facts.exit_status == 0
    if not ok:
        return _failed(facts, table)
    if facts.asked:
        return "waiting", "it asked a question and waits for the answer"
    return _succeeded(facts, table)


def _orphaned(facts: TurnFacts, table: "HarnessTable") -> tuple[str, str]:
    """Judge by its commits: how it ended, nobody saw.

    A client that ends with a last word, did not, and left files uncommitted, was killed at work.
    """
    if facts.asked:
        return "waiting", "its runner was killed; its question stands"
    if facts.made and not (table.event and facts.uncommitted):
        return "done", "its runner was killed; it ended and left commits"
    return "interrupted", "its runner was killed, and it ended without a report"


def _failed(facts: TurnFacts, table: "HarnessTable") -> tuple[str, str]:
    said = f"{facts.error}\n{facts.text}\n{facts.tail}".lower()
    if is_logged_out(facts, table):
        return "limited", LOGGED_OUT
    if any(words in said for words in table.limited):
        return "limited", "it met a rate limit"
    if facts.asked:
        return "waiting", "it ended badly after a question; the question stands"
    status = facts.exit_status
    meaning = table.exits.get(str(status), "")
    if facts.final == "failed":
        return "failed", facts.error or facts.text or "it says that it failed"
    if status is not None and status > 128:
        return "crashed", meaning or f"it was ended by signal {status - 128}"
    if status:
        return "crashed", f"exit {status}" + (f": {meaning}" if meaning else "")
    return "crashed", "it ended without its last event"


def is_logged_out(facts: TurnFacts, table: "HarnessTable") -> bool:
    """Say whether a turn that went wrong says that there is no login."""
    said = f"{facts.error}\n{facts.text}\n{facts.tail}".lower()
    return table.login is not None and any(words in said for words in table.login.words)


def _succeeded(facts: TurnFacts, table: "HarnessTable") -> tuple[str, str]:
    if facts.has_code:
        if facts.commits > facts.carried or (facts.uncommitted and table.commits == "runner"):
            return "done", "it ended well and left commits"
        left = (
            f"; it left {many(facts.uncommitted, 'file')} uncommitted" if facts.uncommitted else ""
        )
        return "no_change", f"it ended well, but committed nothing and reported nothing{left}"
    if table.event and facts.text.strip():
        return "done", "it ended well with an answer"
    return "no_change", "it ended well, but reported nothing"
