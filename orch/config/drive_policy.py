"""The policy of a driver as values: `[drive]` and `[drive.retry]` with what is built in.

Names are those of orch.toml and of `--set`; times are in seconds there and here.
"""

from dataclasses import dataclass, field
from typing import Literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often each class of end is tried again by itself, and when; 0: a person decides.

    `run` bounds all automatic attempts of a run. The first wait of a class doubles (`factor`) up
    to `most`; `jitter` is the part of it that varies with the task. `first` is that of a
    crash; other classes have their own (retry.py). `storm` tasks that end alike: nothing begins.
    """

    crashed: int = 2
    gone: int = 2
    timeout: int = 1
    no_change: int = 1
    failed: int = 1
    check_failed: int = 2
    paths: int = 1
    revise: int = 2
    trial_failed: int = 2
    setup: int = 2
    run: int = 20
    first: float = 30.0
    factor: float = 2.0
    most: float = 900.0
    jitter: float = 0.5
    storm: int = 4

    def number(self, cause: str) -> int:
        """Return how often an end of that class is tried again by itself: 0 for people's."""
        return getattr(self, cause) if cause in TRIED_AGAIN else 0

    def limit(self, cause: str, *, tried: int, spent: int, most: int, of_run: int) -> str:
        """Return which number keeps an attempt from being begun by itself, "" when none does.

        `tried` of that class and `of_run` of the whole run were begun by themselves, `spent` of
        `most` attempts of the task worked. The planner asks, and whoever begins one asks again
        under the lock (I20). What people ended has no number at all: "people" (I21).
        """
        if cause not in TRIED_AGAIN + COUNTED_ELSEWHERE:
            return "people"
        if cause in TRIED_AGAIN and tried >= self.number(cause):
            return "class"
        if spent >= most:
            return "task"
        return "run" if of_run >= self.run else ""


# The classes that have a number of their own, and those that only the run's number bounds: the
# merge queue counts the conflicts of an entry itself.
TRIED_AGAIN = (
    "crashed", "gone", "timeout", "no_change", "failed", "check_failed", "paths", "revise",
    "trial_failed", "setup",
)  # fmt: skip
COUNTED_ELSEWHERE = ("conflict",)


@dataclass(frozen=True, slots=True)
class DrivePolicy:
    """How a run is driven. Without `harness` others work, by `orch work --pool POOL`.

    `at_once` bounds the tasks at work, `workers` the processes of our own; no new work begins
    while `waiting` tasks wait for people. `stack` is "done", or "landed": a dependent starts
    when its prerequisite is on the target. `review` is "policy" (exactly what `[policy]` lacks)
    or "never"; `review_jobs` bounds what is reviewed at once. `integrate` is the branch to bring
    the run's target into, "" for none.
    """

    workers: int = 0
    harness: str = ""
    pool: str = "auto"
    mode: Literal["analysis", "code"] = "code"
    checks: tuple[str, ...] = ()
    at_once: int = 3
    waiting: int = 8
    overtakes: int = 10
    stack: Literal["done", "landed"] = "done"
    verify: bool = True
    verify_jobs: int = 1
    verify_tries: int = 3
    review: Literal["policy", "never"] = "policy"
    review_jobs: int = 2
    reviewer: str = ""
    queue: bool = True
    integrate: str = ""
    cleanup: bool = True
    close: bool = False
    stale_after: float = 600.0
    tickets: tuple[str, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)


def merged(*layers: "Mapping[str, Any]") -> DrivePolicy:
    """Return the policy that the layers make; of two that say the same, the earlier one counts.

    Given in order: the flags of this process, the run's stored settings, orch.toml.
    """
    found: dict[str, Any] = {}
    retry: dict[str, Any] = {}
    for layer in reversed(layers):
        for name, value in layer.items():
            if name == "retry":
                retry |= value
            else:
                found[name] = tuple(value) if isinstance(value, list) else value
    return DrivePolicy(**found, retry=RetryPolicy(**retry))
