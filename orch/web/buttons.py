"""Which buttons a task or an entry has: the board's keys that an endpoint stands for. Pure."""

from orch.board_app.keys import KEYS
from orch.web.endpoints import PREFIX
from schema.steps import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.board_app.rows import Row

_BODY = ("body", "your words", True)
_REASON = ("reason", "why", False)
_NAME = ("as", "who you are, as the policy names you", False)
_TO = ("to", "who does it: an agent, or @pool (else its default)", False)
_NOW = ("to", "who does it now: an agent, or @pool", False)
_NOTE = ("note", "a comment", False)
# key of the board: (the endpoint's last word, what it asks for: name, label, whether it is long)
_ASKED: "dict[str, tuple[str, tuple[tuple[str, str, bool], ...]]]" = {
    "a": ("answer", (_BODY,)),
    "c": ("continue", (_BODY,)),
    "s": ("stop", (_REASON,)),
    "r": ("retry", ()),
    "y": ("approve", (_NAME, _NOTE)),
    "n": ("reject", (_NAME, _NOTE)),
    "v": ("verify", ()),
    "m": ("merge", ()),
    "x": ("abort", (_REASON,)),
}
_AFTER_DIFF = ("y", "n")  # They stand beside the diff, on the task's page.


class Button:
    """A button: its label, where it is posted, what is asked for, the command that it is."""

    __slots__ = ("asks", "command", "label", "path")

    def __init__(
        self, label: str, path: str, asks: "tuple[tuple[str, str, bool], ...]", line: str
    ) -> None:
        self.label, self.path, self.asks, self.command = label, path, asks, line


def of_row(row: "Row", *, by_diff: bool) -> list[Button]:
    """Return the buttons of a task's row; `by_diff`: the change is shown beside them."""
    found = []
    if row.status == "ready":
        line = " && ".join(map(command, row.steps))
        found.append(Button("dispatch", f"{PREFIX}/tasks/{row.name}/dispatch", (_TO,), line))
    if row.status in ("gone", "stale"):
        line = " && ".join(map(command, row.steps))
        path = f"{PREFIX}/tasks/{row.name}/reassign"
        found.append(Button("reassign", path, (_NOW, _REASON), line))
    for key, (word, asks) in _ASKED.items():
        one = KEYS[key]
        if not row.task or not one.fits(row) or (key in _AFTER_DIFF and not by_diff):
            continue
        steps = one.steps(row)
        last = "rework" if "--rework" in steps[0].argv else word
        line = " && ".join(map(command, steps))
        found.append(Button(one.word, f"{PREFIX}/tasks/{row.name}/{last}", asks, line))
    return found
