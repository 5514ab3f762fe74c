"""Rows of `queue`, `landing_intent` and `queue_pass`: a target, who runs it, what was decided."""

from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Queue(queries.Record):
    """One target of one repository. The runner's fields are None when nobody runs it."""

    queue_no: int
    repo_path: str
    repo_id: str
    target: str
    hold_reason: str
    hold_tree: str
    window: int
    fence: int
    runner_pid: int | None
    runner_started: int | None
    runner_boot: str | None
    runner_until: int | None
    updated_at: int

    @property
    def runner(self) -> "tuple[int, int, str] | None":
        """The process that runs it, None for nobody."""
        if self.runner_pid is None or self.runner_started is None or self.runner_boot is None:
            return None
        return self.runner_pid, self.runner_started, self.runner_boot

    @property
    def branch(self) -> str:
        """The target as people write it."""
        return self.target.removeprefix("refs/heads/")


class LandingIntent(queries.Record):
    """A landing under way. `entries` and `checkouts` are JSON arrays."""

    fence: int
    from_commit: str
    to_commit: str
    tree: str
    entries: str
    checkouts: str


class Pass(queries.Record):
    """What the planner was told and decided once; `snapshot` and `decisions` are JSON."""

    pass_no: int
    queue_no: int
    fence: int
    planner: str
    snapshot: str
    decisions: str
    at: str
    branch: str


def find(tx: "ReadTx", repo_path: str, target: str) -> Queue | None:
    """Return the queue of a repository's target (a full ref), or None."""
    return Queue.maybe(tx, _SQL["queue_find"], repo_path=repo_path, target=target)


def get(tx: "ReadTx", queue_no: int) -> Queue:
    """Return the queue with this number."""
    return Queue.one(tx, _SQL["queue_by_no"], queue_no=queue_no)


def all_of(tx: "ReadTx", run_id: str | None) -> list[Queue]:
    """Return the queues that a run has entries in, or all."""
    return Queue.many(tx, _SQL["queue_all"], run_id=run_id)


def open_one(tx: "Tx", repo_path: str, target: str) -> Queue:
    """Return the queue, made if it is new."""
    found = find(tx, repo_path, target)
    if found is None:
        found = get(tx, tx.value(_SQL["queue_insert"], repo_path=repo_path, target=target))
    return found


def take(tx: "Tx", queue_no: int, process: tuple[int, int, str], until: int) -> int:
    """Make `process` the runner and return the new fence."""
    pid, started, boot = process
    fence: int = tx.value(
        _SQL["queue_take"], queue_no=queue_no, pid=pid, started=started, boot=boot, until=until
    )
    return fence


def renew(tx: "Tx", queue_no: int, fence: int, until: int) -> bool:
    """Let the runner's time go on; False when another took over."""
    return tx.execute(_SQL["queue_renew"], queue_no=queue_no, fence=fence, until=until) > 0


def leave(tx: "Tx", queue_no: int, fence: int) -> None:
    """Forget the runner, if it still is the one with this fence."""
    tx.execute(_SQL["queue_leave"], queue_no=queue_no, fence=fence)


def hold(tx: "Tx", queue_no: int, reason: str, tree: str = "") -> None:
    """Stop the queue, or let it go on with reason ""."""
    tx.execute(_SQL["queue_hold"], queue_no=queue_no, reason=reason, tree=tree)


def retry(tx: "Tx", queue_no: int) -> None:
    """Let what failed before now be tried again: a person said so."""
    tx.execute(_SQL["queue_retry"], queue_no=queue_no)


def set_window(tx: "Tx", queue_no: int, size: int) -> None:
    """Set how many entries go into one batch."""
    tx.execute(_SQL["queue_window"], queue_no=queue_no, size=size)


def intend(
    tx: "Tx", queue_no: int, fence: int, old: str, new: str, tree: str, entries: Json
) -> None:
    """Write down that the target is about to move. The file refuses an untested tree (I18)."""
    tx.execute(
        _SQL["intent_open"],
        queue_no=queue_no,
        fence=fence,
        from_commit=old,
        to_commit=new,
        tree=tree,
        entries=entries,
        checkouts="[]",
    )


def intent_of(tx: "ReadTx", queue_no: int) -> LandingIntent | None:
    """Return the landing that is under way, or None."""
    return LandingIntent.maybe(tx, _SQL["intent_of_queue"], queue_no=queue_no)


def forget_intent(tx: "Tx", queue_no: int) -> None:
    """The landing is confirmed, or taken back."""
    tx.execute(_SQL["intent_close"], queue_no=queue_no)


def record_pass(
    tx: "Tx", queue_no: int, fence: int, planner: str, snapshot: str, decisions: str
) -> int:
    """Keep what the planner was told and decided; return the pass's number."""
    pass_no: int = tx.value(
        _SQL["pass_insert"],
        queue_no=queue_no,
        fence=fence,
        planner=planner,
        snapshot=snapshot,
        decisions=decisions,
    )
    return pass_no


def passes(
    tx: "ReadTx", queue_no: int | None, pass_no: int | None, after_no: int, limit: int
) -> list[Pass]:
    """Return recorded passes in order."""
    return Pass.many(
        tx, _SQL["pass_list"], queue_no=queue_no, pass_no=pass_no, after_no=after_no, limit=limit
    )
