"""Options of a driver, and its outcome."""

from orch.drive.planner.model import DriveNeed
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.drive.hands import AskReview


class DriveOptions(Value):
    """What the command line says about a driver; `flags` are settings of this process alone."""

    until: str = "blocked"
    flags: "dict[str, Any]" = own(factory=dict)
    program: tuple[str, ...] = ()
    cwd: str = "."
    once: bool = False
    steal: bool = False
    stands_by: bool = False
    seconds: float | None = None
    ask_review: "AskReview | None" = None


class DriveOutcome(Value):
    """What a driver came to. `end`: landed, needs_people, idle, timeout, stopped, once."""

    runs: list[str]
    end: str = ""
    did: int = 0
    passes: int = 0
    landed: list[str] = own(factory=list)
    needs: list[DriveNeed] = own(factory=list)
    why: list[tuple[str, str, str]] = own(factory=list)
    ends: list[tuple[str, str, str, bool]] = own(factory=list)
    high_event_id: int = 0
