"""Buttons of a task or an entry: the board's keys that an endpoint stands for. Pure.

A button posts exactly the command that stands on it; what only a person has is asked for.
"""

from inbox.cli import parse
from orch.board_app.giving import program
from orch.board_app.keys import KEYS, begin
from orch.steps.model import say
from orch.web.endpoints import ENDPOINTS, PREFIX, member
from schema.steps import BLANKS, command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.board_app.rows import Row
    from orch.web.endpoints import Endpoint
    from schema.steps import Step

    Ask = tuple[str, str, bool]

_BODY = ("body", "your words", True)
_REASON = ("reason", "why", False)
_NAME = ("as", "who you are, as the policy names you", False)
_TO = ("to", "who does it: an agent, or @pool (else its default)", False)
_NOW = ("to", "who does it now: an agent, or @pool", False)
_NOTE = ("note", "a comment (optional)", False)
_MORE = ("body", "what its next try should know (optional)", True)
# key of the board: (the endpoint's last word, what it asks for: name, label, whether it is long)
_ASKED: "dict[str, tuple[str, tuple[Ask, ...]]]" = {
    "a": ("answer", (_BODY,)),
    "c": ("continue", (_BODY,)),
    "s": ("stop", (_REASON,)),
    "r": ("retry", (_MORE,)),
    "y": ("approve", (_NAME, _NOTE)),
    "n": ("reject", (_NAME, _NOTE)),
    "v": ("verify", ()),
    "m": ("merge", ()),
    "x": ("abort", (_REASON,)),
}
TO_DIFF = "read the change, then approve or reject"
AFTER_DIFF = ("approve", "reject")  # They stand beside the diff, on the task's page.
_LABELS = {
    "queue add": "queue what is done", "queue run": "land what is queued",
    "run budget": "raise the budget",
    "repo accept": "accept the change", "cleanup": "clean up", "run close": "close the run",
    "run resume": "resume", "run pause": "pause", "verify run": "verify", "task add": "add a task",
    "queue release": "release", "queue retry": "retry", "queue approve": "approve",
    "queue reject": "reject", "council start": "have a council read it",
    "council tally": "count their verdict",
}  # fmt: skip
# The first words of a command that no button gives: why it is a terminal's.
_IN_A_TERMINAL = {
    "work": "its agents work in that terminal, until they have nothing to do",
    "drive": "it drives in that terminal, until everything has landed",
    "review": "a reviewer works in that terminal, until it has read the change",
}  # fmt: skip


class Button:
    """A button: its label, where it is posted, what is asked for, the command that it is.

    `given` is posted beside what is asked for; `is_keyed`: the command can be given under a key;
    `is_main`: it is what its row needs.
    """

    __slots__ = ("asks", "command", "given", "is_keyed", "is_main", "label", "path")

    def __init__(
        self, label: str, path: str, asks: "tuple[Ask, ...]", line: str,
        given: "dict[str, Any] | None" = None, is_keyed: bool = True,
    ) -> None:  # fmt: skip
        self.label, self.path, self.asks, self.command = label, path, asks, line
        self.given, self.is_keyed, self.is_main = given or {}, is_keyed, False


def of_row(row: "Row", *, by_diff: bool) -> list[Button]:
    """Return the buttons of a row, what it needs first; `by_diff`: the change is beside them."""
    found = []
    if row.status == "ready":
        found += [_dispatch(step) for step in row.steps]
    elif row.status in ("gone", "stale"):
        line = " && ".join(map(command, row.steps))
        path = f"{PREFIX}/tasks/{row.name}/reassign"
        found.append(Button("reassign", path, (_NOW, _REASON), line))
    for key, (word, asks) in _ASKED.items():
        one = KEYS[key]
        if not row.task or not one.fits(row) or (one.word in AFTER_DIFF and not by_diff):
            continue
        steps = one.steps(row)
        last = "rework" if "--rework" in steps[0].argv else word
        line = " && ".join(map(command, steps))
        found.append(Button(one.word, f"{PREFIX}/tasks/{row.name}/{last}", asks, line))
    own = [button for step in row.steps if (button := of_step(step)) is not None]
    needed = {button.label for button in own}
    known = {button.label for button in found} | (set() if by_diff else set(AFTER_DIFF))
    found = [*(button for button in own if button.label not in known), *found]
    for button in found:
        button.is_main = row.pane in ("needs", "next") and button.label in needed
    return sorted(found, key=lambda button: not button.is_main)


def why_terminal(row: "Row") -> str:
    """Return why what a row needs is given in a terminal, "" where it is not, or is a look."""
    for step in row.steps:
        if step.kind != "act" or of_step(step) is not None or _is_report(step):
            continue
        if step.argv[0] != "orch":
            return "paste it into a terminal, in your checkout: it is git's"
        for words, why in _IN_A_TERMINAL.items():
            if list(step.argv[1:])[: len(words.split())] == words.split():
                return f"paste it into a terminal: {why}"
        return "paste it into a terminal"
    return ""


def _is_report(step: "Step") -> bool:
    return step.argv[1:3] == ("council", "report")


def councils_of(row: "Row") -> list[str]:
    """Return the councils whose report a row asks to read: the page of their run has it."""
    return [step.argv[step.argv.index("--run") + 1] for step in row.steps if _is_report(step)]


def _dispatch(step: "Step") -> Button:
    found = of_step(step)
    assert found is not None
    found.asks = found.asks or (_TO,)
    return found


def is_after_diff(row: "Row") -> bool:
    """Say whether a word about a row is asked for that stands beside its change."""
    return bool(row.task) and KEYS["y"].fits(row)


def of_run(run: str, *, is_paused: bool) -> list[Button]:
    """Return what can be done with a whole run."""
    steps = [
        say("run resume", run) if is_paused else say("run pause", run),
        say("task add", run=run, task="ID", title="TEXT"),
        say("queue add", run=run, all=True),
        say("queue run", run=run),
    ]
    return [button for step in steps if (button := of_step(step)) is not None]


def new_run() -> Button:
    """Return how a run is begun: one task in words, which a driver takes."""
    asks = (("text", "what is to be done: its first sentence is the title", True),
            ("run", "the run's id (else made of the title)", False))  # fmt: skip
    (step,) = begin()
    return Button("begin a run", f"{PREFIX}/runs", asks, step.line, {}, False)


def of_step(step: "Step") -> Button | None:
    """Return the button that gives a step, None where no endpoint stands for it."""
    if step.kind != "act" or step.argv[0] != "orch":
        return None
    split = parse.split(program(), list(step.argv[1:]))
    if split is None:
        return None
    its, raw = split
    known: dict[str, Any] = {
        member(option): (option, _one(raw[option.dest], many=option.many))
        for option in its.options
        if option.dest in raw
    }
    for endpoint in ENDPOINTS:
        if endpoint.method == "POST" and endpoint.words == its.words:
            path = _path(endpoint, known)
            if path is not None and not _lacks(endpoint, known):
                return _button(endpoint, path, known, step.line)
    return None


def _one(value: object, *, many: bool = False) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 and not many else value


def _path(endpoint: "Endpoint", known: "dict[str, Any]") -> str | None:
    """Return where a command's own names lead, None where this endpoint takes others."""
    if not endpoint.place:
        return None if any(not o.flag.startswith("-") for o, _ in known.values()) else endpoint.path
    (flag,) = endpoint.place
    said = [value for option, value in known.values()
            if (option.flag == flag if flag else not option.flag.startswith("-"))]  # fmt: skip
    names = str(_one(said[0])).split("/") if said else []
    if len(names) != len(endpoint.names) or any(one in BLANKS for one in names):
        return None
    return endpoint.path.format(**dict(zip(endpoint.names, names, strict=True)))


def _lacks(endpoint: "Endpoint", known: "dict[str, Any]") -> bool:
    """Say whether a command says what the endpoint does not take, or not what it always says."""
    flags = {option.flag for option, _ in known.values()}
    foreign = set(endpoint.without) - set(endpoint.fixed)
    return not flags.issuperset(endpoint.fixed) or not flags.isdisjoint(foreign)


def _button(endpoint: "Endpoint", path: str, known: "dict[str, Any]", line: str) -> Button:
    its = program().commands[endpoint.words]
    asks: list[Ask] = []
    given: dict[str, Any] = {}
    for name, (option, value) in known.items():
        is_placed = option.flag in (*endpoint.place, *endpoint.fixed)
        if is_placed or not option.flag.startswith("-"):
            continue
        if isinstance(value, str) and value in BLANKS:
            asks.append((name, _NAME[1] if value == "NAME" else f"{name}: {BLANKS[value]}",
                         value == "TEXT" and name == "body"))  # fmt: skip
        else:
            given[name] = True if option.kind == "flag" else value
    word = endpoint.words
    label = _LABELS.get(word) or word.rpartition(" ")[2]
    is_keyed = any(option.flag == "--key" for option in its.options)
    return Button(label, PREFIX + path, tuple(asks), line, given, is_keyed)
