"""Rows of `notice`: a need's way out by a channel, once; and who sends it right now."""

from schema import queries
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class MissingNotice(queries.Record):
    """A need that holds and was not yet given to a channel; known since `at`."""

    need_no: int
    kind: str
    channel: str
    at: int


class WaitingNotice(queries.Record):
    """A notice that is still to be sent, with its need. `pid`: of who began to send it."""

    need_no: int
    channel: str
    due_at: int
    tries: int
    reminders: int
    sent_at: int | None
    pid: int | None
    pid_started: int | None
    pid_boot: str | None
    run_id: str
    task_id: str
    kind: str
    who: str
    text: str
    command: str
    since: int
    event_id: int
    known_at: int


class UnsentNotice(queries.Record):
    """A notice that was given up."""

    channel: str
    problem: str
    run_id: str
    task_id: str
    kind: str


def missing(tx: "ReadTx", run_id: str, channels: "Iterable[str]") -> list[MissingNotice]:
    """Return what has no notice yet."""
    return MissingNotice.many(tx, _SQL["notice_missing"], run_id=run_id, channels=array(channels))


def insert(tx: "Tx", need_no: int, channel: str, due_at: "int | None") -> None:
    """Add a notice; the second of its need and channel is none."""
    tx.execute(_SQL["notice_insert"], need_no=need_no, channel=channel, due_at=due_at)


def has_moot(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a notice waits whose need is over."""
    return tx.maybe(_SQL["notice_moot"], run_id=run_id) is not None


def drop_moot(tx: "Tx", run_id: str) -> None:
    """Send nothing of needs that are over."""
    tx.execute(_SQL["notice_drop_moot"], run_id=run_id)


def waiting(tx: "ReadTx", run_id: str, channels: "Iterable[str]") -> list[WaitingNotice]:
    """Return what is to be sent by these channels, the first that is due first."""
    return WaitingNotice.many(tx, _SQL["notice_waiting"], run_id=run_id, channels=array(channels))


def one(tx: "ReadTx", need_no: int, channel: str) -> "WaitingNotice | None":
    """Return a notice as it is now, None when it is no longer to be sent."""
    return WaitingNotice.maybe(tx, _SQL["notice_one"], need_no=need_no, channel=channel)


def claim(tx: "Tx", notice: WaitingNotice, identity: "tuple[int, int, str]") -> None:
    """Note who sends it now."""
    pid, started, boot = identity
    tx.execute(
        _SQL["notice_claim"], need_no=notice.need_no, channel=notice.channel, pid=pid,
        pid_started=started, pid_boot=boot,
    )  # fmt: skip


def sent(tx: "Tx", notice: WaitingNotice, due_at: "int | None") -> None:
    """Note that it was sent; `due_at` is its next reminder."""
    tx.execute(
        _SQL["notice_sent"], need_no=notice.need_no, channel=notice.channel, due_at=due_at,
        at=tx.now.wall_ms, is_reminder=int(notice.sent_at is not None),
    )  # fmt: skip


def failed(tx: "Tx", notice: WaitingNotice, due_at: "int | None", problem: str) -> None:
    """Note that it could not be sent; without `due_at` it is given up."""
    tx.execute(
        _SQL["notice_failed"], need_no=notice.need_no, channel=notice.channel, due_at=due_at,
        problem=problem,
    )  # fmt: skip


def given_up(tx: "ReadTx") -> list[UnsentNotice]:
    """Return what could not be sent, of needs that hold."""
    return UnsentNotice.many(tx, _SQL["notice_given_up"])
