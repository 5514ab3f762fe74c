"""What the operations of a council pass around; slotted classes, since `wait` loads this."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import PlannedPlace
    from schema.transaction import Row

_FIELDS = (
    "run_id", "mode", "target_type", "target", "repo_path", "base_commit", "head_commit",
    "reviewed_task", "reviewed_attempt_no", "diff_sha256", "shown_lines", "output",
    "only_unanimous", "quorum", "deadline_at", "rounds", "since",
)  # fmt: skip


class Council:
    """What three reviewers were asked: the target as it was then, and the rules.

    `shown_lines` is JSON: by path, the line ranges that the reviewed diff shows.
    """

    __slots__ = _FIELDS

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.mode = "brainstorm"
        self.target_type = "mixed"
        self.target = ""
        self.repo_path = ""
        self.base_commit = ""
        self.head_commit = ""
        self.reviewed_task: str | None = None
        self.reviewed_attempt_no: int | None = None
        self.diff_sha256: str | None = None
        self.shown_lines: str | None = None
        self.output = "both"
        self.only_unanimous = False
        self.quorum = 2
        self.deadline_at: int | None = None
        self.rounds = 1
        self.since: str | None = None

    @classmethod
    def of_row(cls, row: "Row") -> "Council":
        """Return the council of a row of `council_find`."""
        found = cls(row[0])
        for name, value in zip(_FIELDS, row, strict=True):
            setattr(found, name, value)
        found.only_unanimous = bool(found.only_unanimous)
        return found

    def values(self) -> dict[str, object]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in _FIELDS}


class Seat:
    """One reviewer to be asked: its role, who takes it, and the words and schema it gets.

    `brief` is what its task keeps; the first attempt is told of its `place` as well.
    """

    __slots__ = ("agent", "brief", "expects", "place", "role", "task_id", "title")

    def __init__(
        self, role: str, task_id: str, agent: str, title: str, brief: str, expects: str,
        place: "PlannedPlace",
    ) -> None:  # fmt: skip
        self.place = place
        self.role = role
        self.task_id = task_id
        self.agent = agent
        self.title = title
        self.brief = brief
        self.expects = expects


class Result:
    """How far one reviewer is, and the words of its result message once there is one.

    `sheet` is what a voter of round two was shown, "" in round one.
    """

    __slots__ = (
        "agent", "body", "event_id", "payload", "reason", "reviewer_role", "sheet", "status",
        "summary", "task_id", "thread_id",
    )  # fmt: skip

    def __init__(self, row: "Row") -> None:
        (self.reviewer_role, self.task_id, self.status, self.reason, self.thread_id,
         self.event_id, self.agent, self.summary, self.body, self.payload,
         self.sheet) = row  # fmt: skip
