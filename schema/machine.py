"""State machines as one table: read by code, the file's trigger, docs and tests.

A Machine holds Rules (source, event, target, meaning). Operations call `next()`; the
`transition` table in the file refuses every move that no rule names, even to a shell.
"""

from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Rule:
    """One allowed move: `event` is the verb people type."""

    __slots__ = ("event", "meaning", "source", "target")

    def __init__(self, source: str, event: str, target: str, meaning: str) -> None:
        self.source = source
        self.event = event
        self.target = target
        self.meaning = meaning


class Machine:
    """The states of one noun and every way between them.

    Its named groups are told once, here: `moving` (somebody or something is at it), `stopped`
    (it waits for a person), `over` (nobody works on it any more, though some may come back).
    """

    __slots__ = ("initial", "moving", "name", "over", "rules", "states", "stopped", "terminal")

    def __init__(
        self,
        name: str,
        initial: str,
        states: tuple[str, ...],
        rules: "Iterator[Rule] | tuple[Rule, ...]",
        moving: tuple[str, ...] = (),
        stopped: tuple[str, ...] = (),
        over: tuple[str, ...] = (),
    ) -> None:
        self.moving = moving
        self.stopped = stopped
        self.over = over
        self.name = name
        self.initial = initial
        self.states = states
        self.rules = tuple(rules)
        sources = {rule.source for rule in self.rules}
        self.terminal = tuple(state for state in states if state not in sources)

    def next(self, state: str, event: str, wanted: str | None = None) -> str:
        """Return the state that `event` leads to from `state`.

        `wanted` chooses where an event has several targets. Raises: invalid_state
        (reason `terminal` or `transition`) naming what is allowed instead.
        """
        for rule in self.rules:
            if rule.source == state and rule.event == event and wanted in (None, rule.target):
                return rule.target
        if state in self.terminal:
            raise Failure("invalid_state", "terminal", f"the {self.name} is {state}: that is final")
        allowed = sorted({rule.event for rule in self.rules if rule.source == state})
        raise Failure(
            "invalid_state",
            "transition",
            f"cannot {event} a {self.name} that is {state}",
            hint="possible now: " + ", ".join(allowed),
        )

    def before(self, event: str) -> tuple[str, ...]:
        """Return the states in which `event` can happen."""
        return tuple(dict.fromkeys(rule.source for rule in self.rules if rule.event == event))

    def edges(self) -> set[tuple[str, str]]:
        """Return the (source, target) pairs that change the state."""
        return {(r.source, r.target) for r in self.rules if r.source != r.target}
