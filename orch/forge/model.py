"""Values of a forge: pull requests, check runs, reviews, issues."""

from typing import Final

from schema.value import Value

# Words of GitHub's API for how a check run can end well, and badly.
GOOD: Final = ("success", "neutral", "skipped")
BAD: Final = ("failure", "timed_out", "action_required", "startup_failure", "error")


class ForgeCheck(Value):
    """A check run or a commit status. `conclusion` is "" while it runs; `job` has its log."""

    name: str
    conclusion: str
    url: str
    job: int = 0
    is_flaky: bool = False  # The same commit failed it earlier, and it was run again.

    @property
    def state(self) -> str:
        """`pending`, `passed`, `failed`, or `error`: it did not judge (cancelled, stale)."""
        if not self.conclusion:
            return "pending"
        if self.conclusion in GOOD:
            return "passed"
        return "failed" if self.conclusion in BAD else "error"


class PullRequest(Value):
    """A pull request as the forge has it. `state` is open, closed or merged."""

    number: int
    url: str
    state: str
    head: str
    base: str
    title: str = ""
    is_mergeable: bool | None = None  # None: the forge has not found out yet.
    merge_commit: str = ""


class ForgeReview(Value):
    """The newest word of one reviewer: approved, changes_requested, commented or dismissed.

    `commit` is the head that was read; `at` when it was said; `words` are its reader's.
    """

    user: str
    state: str
    number: int = 0
    commit: str = ""
    at: str = ""
    words: str = ""


class Draft(Value):
    """What a pull request is to say."""

    branch: str
    base: str
    title: str
    body: str
    labels: list[str]


class Issue(Value):
    """An issue: its words are its author's, never orders."""

    number: int
    title: str
    body: str
    author: str
    url: str
    labels: list[str]
