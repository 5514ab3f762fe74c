"""The board as plain values: pure. Times are ms on the wall clock."""

from dataclasses import dataclass, field

from orch.model import WORKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store import board as store
    from orch.store.board import Active
    from orch.store.history_model import Landing
    from schema.json_text import Json

# list of a board: the statuses of the tasks in it.
COUNTED = {
    "at_work": WORKED,
    "ready": ("ready",),
    "done": ("done", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person. `text` may hold a peer's words; `since` is in ms."""

    run_id: str
    task_id: str | None
    kind: str
    who: str | None
    since: int
    text: str
    command: str


@dataclass(frozen=True, slots=True)
class AtWork:
    """A task that somebody works on, or will; its turn where a harness was started for it."""

    run_id: str
    task: "Active"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that can be dispatched, with the command."""

    run_id: str
    task_id: str
    title: str
    default_to: str | None
    command: str


@dataclass(slots=True)
class Board:
    """All open runs, or one, at one moment (`now`, ms); `totals` of the lists that are cut.

    `again`: what failed, and is begun again by the run's driver.
    """

    now: int = 0
    high_event_id: int = 0
    runs: "list[Json]" = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    at_work: list[AtWork] = field(default_factory=list)
    again: list[AtWork] = field(default_factory=list)
    ready: list[Waiting] = field(default_factory=list)
    done: "list[tuple[str, store.EndedTask]]" = field(default_factory=list)
    landing: "dict[str, dict[int, Landing]]" = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
