"""Rows of `drive`, `drive_pass`, `refusal`: who drives a run, how, what each pass decided."""

from schema import queries
from schema.json_text import NULL, Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Drive(queries.Record):
    """How a run is driven, and by whom; the runner's fields are None when nobody does."""

    run_id: str
    settings: str
    paused: int
    fence: int
    until: str
    runner_pid: int | None
    runner_started: int | None
    runner_boot: str | None
    runner_until: int | None
    taken_at: int

    @property
    def runner(self) -> "tuple[int, int, str] | None":
        """The process that drives it, None for nobody."""
        if self.runner_pid is None or self.runner_started is None or self.runner_boot is None:
            return None
        return self.runner_pid, self.runner_started, self.runner_boot


class DrivePass(queries.Record):
    """What the planner was told and decided once; `snapshot` and `decisions` are JSON."""

    pass_no: int
    run_id: str
    fence: int
    planner: str
    snapshot: str
    decisions: str
    at: str


class RefusalRow(queries.Record):
    """A step that was refused for a task, so often for this cause."""

    task_no: int
    kind: str
    text: str
    count: int
    at: int
    event_id: int


def find(tx: "ReadTx", run_id: str) -> Drive | None:
    """Return how a run is driven, None where nobody ever said anything about it."""
    return Drive.maybe(tx, _SQL["drive_find"], run_id=run_id)


def open_one(tx: "Tx", run_id: str) -> Drive:
    """Return how a run is driven; the row is made if it is new."""
    tx.execute(_SQL["drive_open"], run_id=run_id)
    found = find(tx, run_id)
    assert found is not None
    return found


def take(tx: "Tx", run_id: str, process: "tuple[int, int, str]", lease: int, until: str) -> int:
    """Make `process` the driver and return the new fence."""
    pid, started, boot = process
    fence: int = tx.value(
        _SQL["drive_take"], run_id=run_id, pid=pid, started=started, boot=boot, lease_until=lease,
        until=until,
    )  # fmt: skip
    return fence


def renew(tx: "Tx", run_id: str, fence: int, until: int) -> bool:
    """Let the driver's time go on; False when another took over."""
    return tx.execute(_SQL["drive_renew"], run_id=run_id, fence=fence, lease_until=until) > 0


def leave(tx: "Tx", run_id: str, fence: int) -> None:
    """Forget the driver, if it still is the one with this fence."""
    tx.execute(_SQL["drive_leave"], run_id=run_id, fence=fence)


def set_settings(tx: "Tx", run_id: str, settings: Json) -> None:
    """Replace what counts for this run alone."""
    tx.execute(_SQL["drive_set"], run_id=run_id, settings=settings)


def set_paused(tx: "Tx", run_id: str, *, paused: bool) -> None:
    """Let nothing new begin in the run, or again."""
    tx.execute(_SQL["drive_pause"], run_id=run_id, paused=paused)


def document(tx: "ReadTx", run_id: str) -> Json:
    """Return the published JSON of a run's drive, `null` where there is nothing to say."""
    row = tx.maybe(_SQL["drive_document"], run_id=run_id)
    return Json(row[0]) if row else NULL


def fence(tx: "ReadTx", run_id: str) -> "tuple[int, int | None, int]":
    """Return (fence, the driver's pid, until when it has shown itself) of a run's drive."""
    row = tx.maybe(_SQL["drive_fence"], run_id=run_id)
    return (row[0], row[1], row[2] or 0) if row else (0, None, 0)


def record_pass(
    tx: "Tx", run_id: str, fence: int, planner: str, snapshot: str, decisions: str
) -> int:
    """Keep what the planner was told and decided; return the pass's number."""
    pass_no: int = tx.value(
        _SQL["drive_pass_insert"],
        run_id=run_id,
        fence=fence,
        planner=planner,
        snapshot=snapshot,
        decisions=decisions,
    )
    return pass_no


def passes(tx: "ReadTx", run_id: str, after_no: int, limit: int) -> list[DrivePass]:
    """Return recorded passes in order."""
    return DrivePass.many(
        tx, _SQL["drive_pass_list"], run_id=run_id, after_no=after_no, limit=limit
    )


def last_pass(tx: "ReadTx", run_id: str) -> DrivePass | None:
    """Return the newest recorded pass of a run, or None."""
    return DrivePass.maybe(tx, _SQL["drive_pass_last"], run_id=run_id)


def put_refusal(
    tx: "Tx", task_no: int, kind: str, text: str, event_id: int, at: int | None = None
) -> None:
    """Record that a step, tried at a moment (now), was refused; for the same cause it counts on."""
    at = tx.now.wall_ms if at is None else at
    tx.execute(
        _SQL["drive_refusal_put"], task_no=task_no, kind=kind, text=text, event_id=event_id, at=at
    )


def drop_refusal(tx: "Tx", task_no: int, kind: str | None = None) -> None:
    """Forget that a step was refused for a task (of one kind only, where it is named)."""
    tx.execute(_SQL["drive_refusal_drop"], task_no=task_no, kind=kind)


def refusals(tx: "ReadTx", run_id: str) -> dict[int, RefusalRow]:
    """Return by task number what was refused in a run."""
    found = RefusalRow.many(tx, _SQL["drive_refusal_of_run"], run_id=run_id)
    return {row.task_no: row for row in found}
