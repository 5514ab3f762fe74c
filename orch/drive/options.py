"""What a driver is asked for, and what it came to."""

from orch.drive.planner.model import DriveNeed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.drive.hands import AskReview


class DriveOptions:
    """What the command line says about a driver; `flags` are settings of this process alone."""

    __slots__ = (
        "ask_review", "cwd", "flags", "once", "program", "seconds", "stands_by", "steal", "until",
    )  # fmt: skip

    def __init__(self, until: str = "blocked") -> None:
        self.until = until
        self.flags: dict[str, Any] = {}
        self.program: tuple[str, ...] = ()
        self.cwd = "."
        self.once = False
        self.steal = False
        self.stands_by = False
        self.seconds: float | None = None
        self.ask_review: AskReview | None = None


class DriveOutcome:
    """What a driver came to. `end`: landed, needs_people, idle, timeout, stopped, once."""

    __slots__ = ("did", "end", "ends", "high_event_id", "landed", "needs", "passes", "runs", "why")

    def __init__(self, runs: list[str]) -> None:
        self.runs = runs
        self.end = ""
        self.did = 0
        self.passes = 0
        self.landed: list[str] = []
        self.needs: list[DriveNeed] = []
        self.why: list[tuple[str, str, str]] = []
        self.ends: list[tuple[str, str, str]] = []
        self.high_event_id = 0
