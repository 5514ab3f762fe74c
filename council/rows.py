"""Values of a council that operations pass around; no dataclasses, since `wait` loads this."""

from schema.queries import Record
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.model import PlannedPlace


class Council(Record):
    """What three reviewers were asked: the target as it was then, and the rules.

    `shown_lines` is JSON: by path, the line ranges that the reviewed diff shows.
    """

    run_id: str
    mode: str = "brainstorm"
    target_type: str = "mixed"
    target: str = ""
    repo_path: str = ""
    base_commit: str = ""
    head_commit: str = ""
    reviewed_task: str | None = None
    reviewed_attempt_no: int | None = None
    diff_sha256: str | None = None
    shown_lines: str | None = None
    output: str = "both"
    only_unanimous: bool = False
    quorum: int = 2
    deadline_at: int | None = None
    rounds: int = 1
    since: str | None = None

    @classmethod
    def new(cls, run_id: str) -> "Council":
        """Return a council that is about to be asked for."""
        return cls(("run_id", "only_unanimous"), (run_id, 0))

    def values(self) -> dict[str, object]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in Council.__annotations__}


class Seat(Value):
    """One reviewer to be asked: its role, who takes it, and the words and schema it gets.

    `brief` is what its task keeps; the first attempt is told of its `place` as well.
    """

    role: str
    task_id: str
    agent: str
    title: str
    brief: str
    expects: str
    place: "PlannedPlace"


class Result(Record):
    """How far one reviewer is, and the words of its result message once there is one.

    `sheet` is what a voter of round two was shown, "" in round one.
    """

    reviewer_role: str
    task_id: str
    status: str
    reason: str
    thread_id: str
    event_id: int | None
    agent: str | None
    summary: str | None
    body: str | None
    payload: str | None
    sheet: str
