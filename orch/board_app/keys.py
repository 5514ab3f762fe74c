"""Keys of the board: the command that each gives for the row under the cursor. Pure."""

from orch.steps.model import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.board_app.rows import Row
    from schema.steps import Step


class Key:
    """A key: its word, what it is for, and the steps it gives for a row.

    `fits` says of which rows it is shown; it can be pressed on any, and the command answers.
    `is_look`: its answer is text to be read; `of_run`: the whole run is enough; `after_diff`: the
    change is shown first.
    """

    __slots__ = ("after_diff", "fits", "help", "is_look", "of_run", "steps", "word")

    def __init__(
        self,
        word: str,
        help: str,
        steps: "Callable[[Row], list[Step]]",
        fits: "Callable[[Row], bool]",
        *,
        is_look: bool = False,
        of_run: bool = False,
        after_diff: bool = False,
    ) -> None:
        self.word, self.help, self.steps, self.fits = word, help, steps, fits
        self.is_look, self.of_run, self.after_diff = is_look, of_run, after_diff


# Needs of the merge queue: its entry waits for somebody.
_LANDING = ("landing", "approval", "review", "conflict", "held", "quarantined")


def _retry(row: "Row") -> "list[Step]":
    """A failed task again; work that the queue sent back, or a person does, as a new attempt."""
    if row.status in ("approval", "review"):
        return [say("queue retry", row.name, rework=True, body="TEXT")]
    if row.status in _LANDING:
        return [say("queue retry", row.name, rework=True)]
    return [say("retry", row.name)]


def _can_land(row: "Row") -> bool:
    known = ("done", "landing", "conflict", "held", "quarantined", "queued")
    return bool(row.task) and row.status in known and not row.is_review


def _land(row: "Row") -> "list[Step]":
    return [say("land", row.name)]


def _pause(row: "Row") -> "list[Step]":
    if row.is_paused:
        return [say("run resume", row.run)]
    return [say("run pause", row.run)]


def begin() -> "list[Step]":
    """Return how a run is begun: the one key that needs no row."""
    return [say("start", "TEXT", no_drive=True)]


def _is(*statuses: str) -> "Callable[[Row], bool]":
    return lambda row: bool(row.task) and row.status in statuses


def _is_task(row: "Row") -> bool:
    return bool(row.task)


def _is_open(row: "Row") -> bool:
    return bool(row.task) and row.pane != "landed"


KEYS = {
    "a": Key("answer", "answer its worker's question",
             lambda row: [say("answer", row.name, body="TEXT")], _is("question", "blocked")),
    "c": Key("continue", "let it go on, with your words",
             lambda row: [say("continue", row.name, body="TEXT")],
             _is("question", "failed", "running", "blocked", "gone", "stale")),
    "s": Key("stop", "stop the agent that works on it",
             lambda row: [say("stop", row.name, reason="TEXT")],
             _is("running", "question", "blocked")),
    "r": Key("retry", "try it again", _retry, _is("failed", *_LANDING, "gone", "stale")),
    "y": Key("approve", "approve its work, after a look at the diff",
             lambda row: [say("approve", row.name, as_="NAME")], _is(*_LANDING), after_diff=True),
    "n": Key("reject", "reject its work, after a look at the diff",
             lambda row: [say("reject", row.name, as_="NAME", note="TEXT")], _is(*_LANDING),
             after_diff=True),
    "v": Key("verify", "run the checks that did not pass again",
             lambda row: [say("verify run", row.name, again=True)],
             _is("unverified", "check_error", "failed", "verifying")),
    "m": Key("land", "bring it to its target", _land, _can_land),
    "x": Key("cancel", "call it off",
             lambda row: [say("cancel", row.name, reason="TEXT")], _is_open),
    "p": Key("pause", "let nothing new begin in its run; again: let it go on", _pause,
             lambda _: True, of_run=True),
    "b": Key("begin", "begin a run with one task in your words; a driver takes it",
             lambda _: begin(), lambda _: False, of_run=True),
    "+": Key("add", "add a task to its run",
             lambda row: [say("task add", run=row.run, task="ID", title="TEXT")],
             lambda _: False, of_run=True),
    "l": Key("log", "what its agent printed", lambda row: [say("logs", row.name)],
             _is_task, is_look=True),
    "d": Key("diff", "what it changed, from its base to its head",
             lambda row: [say("diff", row.name)], _is_task, is_look=True),
    "g": Key("graph", "who waits for whom in its run",
             lambda row: [say("graph", run=row.run, format="text")],
             lambda _: True, is_look=True, of_run=True),
    "t": Key("trace", "what happened to it, in order", lambda row: [say("trace", row.name)],
             _is_task, is_look=True),
    "i": Key("show", "everything about it", lambda row: [say("task show", row.name)],
             _is_task, is_look=True),
}  # fmt: skip
# Keys of the board itself: what they do stands in app.py.
OWN = {
    "↵": "give the command of the $ line", "/": "filter: a text, or status:failed",
    "u": "undo the last filter", "1-9": "one run; the same again, or 0: all", "Tab": "next pane",
    "↑ ↓": "row", "f": "in a log: follow it", "^E": "in a line: your editor", "?": "these keys",
    "q": "quit",
}  # fmt: skip


def steps_of(key: str, row: "Row") -> "list[Step] | str":
    """Return what a key gives for a row, or why it gives nothing."""
    found = KEYS[key]
    if not row.task and not found.of_run:
        return f"{found.word}: that is for a task, and this row is about run {row.run}"
    return found.steps(row)
