"""Class table of retries: when an attempt is begun again by itself, from where, when no more.

A wait is a pure function of stored facts (class, how often, when it ended, a hash of task and
attempt): a driver that is started anew waits on, never from the beginning. Times are in ms.
"""

from dataclasses import dataclass
from hashlib import blake2b

from orch.config.drive_policy import DrivePolicy, RetryPolicy
from orch.drive.planner.model import DriveSnapshot, TaskFacts

# A class's first wait in first waits of a crash (30 s there); what is not named does not wait.
_FIRST = {"crashed": 1.0, "timeout": 2.0, "gone": 1 / 6, "setup": 1.0}
_FRESH = ("no_change", "setup")
_ON_TARGET = ("conflict", "trial_failed")
_DOUBLINGS = 30
_SLACK_MS = 5_000  # Several processes read the clock; beyond that it went back.


@dataclass(frozen=True, slots=True)
class Retry:
    """An attempt that may begin by itself: for which class, from where, not before `due`."""

    cause: str
    start: str
    due: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Why nothing is begun by itself any more, in words; `of_run`: the run's number is spent."""

    text: str
    of_run: bool = False

    def after(self, words: str) -> str:
        """Return the words that a person is told, with this behind them."""
        return f"{words} ({self.text})" if self.text else words


def decide(snapshot: DriveSnapshot, task: TaskFacts, cause: str, since: int) -> Retry | Spent:
    """Return when a task whose attempt ended as `cause`, at `since`, is begun again, or why not.

    What a person stopped, rejected or called off has the number 0: never (I21).
    """
    numbers = snapshot.policy.retry
    tried = counted(task, cause)
    limit = numbers.limit(
        cause, tried=tried, spent=task.spent, most=task.max_attempts, of_run=snapshot.retries
    )
    if limit:
        return Spent(_limited(numbers, limit, tried, task), of_run=limit == "run")
    wait = wait_ms(numbers, cause, tried, task)
    return Retry(cause, start_of(cause, task), due(snapshot.now, since, wait))


def _limited(numbers: RetryPolicy, limit: str, tried: int, task: TaskFacts) -> str:
    """Return in words which number is reached."""
    if limit == "class" and tried:
        return f"tried again {_times(tried)} by itself"
    if limit == "task":
        most = task.max_attempts
        return f"all {most} attempts are spent" if most > 1 else "its only attempt is spent"
    return f"the run's {numbers.run} automatic retries are spent" if limit == "run" else ""


def counted(task: TaskFacts, cause: str) -> int:
    """Return how many attempts of a task were begun by themselves for a class of end."""
    return next((count for name, count in task.automatic if name == cause), 0)


def start_of(cause: str, task: TaskFacts) -> str:
    """Return where the next attempt starts: fresh, the branch of the one before, the target."""
    if cause in _ON_TARGET:
        return "target"
    return "branch" if task.has_commits and cause not in _FRESH else "fresh"


def wait_ms(numbers: RetryPolicy, cause: str, tried: int, task: TaskFacts) -> int:
    """Return how long after its end a class waits before attempt number `tried` of its own."""
    first = _FIRST.get(cause, 0.0) * numbers.first
    if not first:
        return 0
    seconds = min(first * numbers.factor ** min(tried, _DOUBLINGS), max(numbers.most, first))
    return int(1000 * seconds * (1 - numbers.jitter * _share(task)))


def due(now: int, since: int, wait: int) -> int:
    """Return when a wait is over that began at `since`: at once where the clock was put back.

    Nothing waits for a day because a clock went wrong by a day.
    """
    return since + wait if since <= now + _SLACK_MS else now


def doubling_ms(policy: DrivePolicy, count: int) -> int:
    """Return how long something waits that was refused, or could not run, `count` times."""
    numbers = policy.retry
    exponent = min(max(0, count - 1), _DOUBLINGS)
    return int(1000 * min(numbers.first * numbers.factor**exponent, numbers.most))


def storm(snapshot: DriveSnapshot) -> tuple[str, int]:
    """Return (what ends so many tasks alike, in words; since when), ("", 0) while nothing does.

    As many tasks as `storm` with the same class and the same last line within ten minutes: what is
    wrong is not theirs, and more attempts only spend money.
    """
    most = snapshot.policy.retry.storm
    if not most or len(snapshot.ends) < most:
        return "", 0
    alike: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for end in snapshot.ends:
        alike.setdefault((end.end_class, end.last_line), []).append((end.at, end.task_no))
    for (end_class, line), found in sorted(alike.items()):
        if len(found) < most:
            continue
        at = _crowded(sorted(found), most)
        if at:
            said = f": {line}" if line else ""
            return f"{most} tasks ended alike within ten minutes ({end_class}{said})", at
    return "", 0


_STORM_MS = 600_000


def _crowded(found: list[tuple[int, int]], most: int) -> int:
    """Return when `most` tasks had ended within the window for the first time, 0 for never."""
    start = 0
    for stop, (at, _) in enumerate(found):
        while found[start][0] < at - _STORM_MS:
            start += 1
        if len({task_no for _, task_no in found[start : stop + 1]}) >= most:
            return at
    return 0


def _share(task: TaskFacts) -> float:
    """Return a number in [0, 1) that a task's attempt has for itself."""
    named = f"{task.task_no}/{task.attempt_no}".encode()
    return int.from_bytes(blake2b(named, digest_size=4).digest()) / (1 << 32)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
