"""What a forge tells, as plain values: pull requests, check runs, reviews, issues."""

from typing import Final

# Words of GitHub's API for how a check run can end well, and badly.
GOOD: Final = ("success", "neutral", "skipped")
BAD: Final = ("failure", "timed_out", "action_required", "startup_failure", "error")


class ForgeCheck:
    """A check run or a commit status. `conclusion` is "" while it runs; `job` has its log."""

    __slots__ = ("conclusion", "is_flaky", "job", "name", "url")

    def __init__(self, name: str, conclusion: str, url: str, job: int = 0) -> None:
        self.name = name
        self.conclusion = conclusion
        self.url = url
        self.job = job
        self.is_flaky = False  # The same commit failed it earlier, and it was run again.

    @property
    def state(self) -> str:
        """`pending`, `passed`, `failed`, or `error`: it did not judge (cancelled, stale)."""
        if not self.conclusion:
            return "pending"
        if self.conclusion in GOOD:
            return "passed"
        return "failed" if self.conclusion in BAD else "error"


class PullRequest:
    """A pull request as the forge has it. `state` is open, closed or merged."""

    __slots__ = (
        "base", "head", "is_mergeable", "merge_commit", "number", "state", "title",
        "url",
    )  # fmt: skip

    def __init__(self, number: int, url: str, state: str, head: str, base: str) -> None:
        self.number = number
        self.url = url
        self.state = state
        self.head = head
        self.base = base
        self.title = ""
        self.is_mergeable: bool | None = None  # None: the forge has not found out yet.
        self.merge_commit = ""


class ForgeReview:
    """The newest word of one reviewer: approved, changes_requested, commented or dismissed."""

    __slots__ = ("state", "user")

    def __init__(self, user: str, state: str) -> None:
        self.user = user
        self.state = state


class Draft:
    """What a pull request is to say."""

    __slots__ = ("base", "body", "branch", "labels", "title")

    def __init__(self, branch: str, base: str, title: str, body: str, labels: list[str]) -> None:
        self.branch = branch
        self.base = base
        self.title = title
        self.body = body
        self.labels = labels


class Issue:
    """An issue: its words are its author's, never orders."""

    __slots__ = ("author", "body", "labels", "number", "title", "url")

    def __init__(
        self, number: int, title: str, body: str, author: str, url: str, labels: list[str]
    ) -> None:
        self.number = number
        self.title = title
        self.body = body
        self.author = author
        self.url = url
        self.labels = labels
