"""Rows of `attempt` and `dispatch_intent`."""

from orch.model import Attempt, Workspace
from schema import queries
from schema.json_text import Json, dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class SeenAttempt(Attempt):
    """An attempt with what its lease tells of its worker: `live` or `stale`."""

    seen: str


def find(tx: "ReadTx", task_no: int, attempt_no: int) -> Attempt | None:
    """Return one attempt of a task, or None."""
    return Attempt.maybe(tx, _SQL["attempt_find"], task_no=task_no, attempt_no=attempt_no)


def of_thread(tx: "ReadTx", thread_no: int) -> Attempt | None:
    """Return the attempt that a thread carries, or None."""
    return Attempt.maybe(tx, _SQL["attempt_of_thread"], thread_no=thread_no)


def of_task(tx: "ReadTx", task_no: int) -> list[Attempt]:
    """Return all attempts of a task, the first one first."""
    return Attempt.many(tx, _SQL["attempt_of_task"], task_no=task_no)


def at_paths(tx: "ReadTx", folders: list[str]) -> str:
    """Return the one of these folders that an attempt works in, "" if none is."""
    row = tx.maybe(_SQL["attempt_at_paths"], folders=dumps(folders))
    return str(row[0]) if row else ""


def standing_paths(tx: "ReadTx") -> list[str]:
    """Return all folders that attempts work in and that cleanup did not remove."""
    return [str(row[0]) for row in tx.many(_SQL["attempt_standing_paths"])]


def of_run(tx: "ReadTx", run_id: str) -> list[Attempt]:
    """Return all attempts of a run."""
    return Attempt.many(tx, _SQL["attempt_of_run"], run_id=run_id)


def insert(
    tx: "Tx",
    task_no: int,
    attempt_no: int,
    thread_no: int,
    to: str,
    mode: str,
    workspace: Workspace,
) -> None:
    """Add an attempt; its workspace exists already."""
    tx.execute(
        _SQL["attempt_insert"],
        task_no=task_no,
        attempt_no=attempt_no,
        thread_no=thread_no,
        assigned_to=to,
        execution_mode=mode,
        repo_path=workspace.repo_path,
        repo_id=workspace.repo_id,
        workspace_root=workspace.workspace_root,
        base_ref=workspace.base_ref,
        base_commit=workspace.base_commit,
        base_source=workspace.base_source,
        branch_name=workspace.branch_name,
        worktree_path=workspace.worktree_path,
        workspace_status="created" if workspace.worktree_path else "",
        placed_files=workspace.placed_files,
    )


def move(
    tx: "Tx",
    attempt: Attempt,
    status: str,
    assigned_to: str | None = None,
    *,
    at: int | None = None,
    end_class: str = "",
) -> None:
    """Set the status, and who works on it; its end is `at` (ms), or now, and of that class."""
    tx.execute(
        _SQL["attempt_move"],
        attempt_key=attempt.attempt_key,
        status=status,
        assigned_to=assigned_to,
        at=at,
        end_class=end_class,
    )
    attempt.status = status


def set_head(
    tx: "Tx", attempt_key: int, head: str | None, dirty: int | None, violations: Json | None
) -> None:
    """Record what the worktree held when the work was done."""
    tx.execute(
        _SQL["attempt_set_head"],
        attempt_key=attempt_key,
        head=head,
        dirty=dirty,
        violations=violations,
    )


def set_liveness(tx: "Tx", attempt_key: int, liveness: str) -> None:
    """Record an observation; it revokes nothing."""
    tx.execute(_SQL["attempt_set_liveness"], attempt_key=attempt_key, liveness=liveness)


def set_late(tx: "Tx", attempt_key: int, event_id: int) -> None:
    """Remember a late report that `adopt` can take."""
    tx.execute(_SQL["attempt_set_late"], attempt_key=attempt_key, event_id=event_id)


def set_workspace_status(tx: "Tx", attempt_key: int, status: str) -> None:
    """Record that the worktree is gone."""
    tx.execute(_SQL["attempt_set_workspace"], attempt_key=attempt_key, status=status)


def document(tx: "ReadTx", task_no: int, attempt_no: int) -> Json:
    """Return the published JSON of one attempt."""
    return tx.json(_SQL["attempt_document"], task_no=task_no, attempt_no=attempt_no)


def without_head(tx: "ReadTx", run_id: str) -> list[Attempt]:
    """Return code attempts that ended well and whose head was not read yet."""
    return Attempt.many(tx, _SQL["attempt_without_head"], run_id=run_id)


def elsewhere(tx: "ReadTx", run_id: str, machine_id: str) -> list[Attempt]:
    """Return finished code attempts of other machines whose work no target has yet."""
    return Attempt.many(tx, _SQL["attempt_elsewhere"], run_id=run_id, machine_id=machine_id)


def seen_anew(tx: "ReadTx", run_id: str) -> list[SeenAttempt]:
    """Return the attempts whose worker's lease says other than is recorded."""
    return SeenAttempt.many(
        tx, _SQL["attempt_seen_anew"], run_id=run_id, domain=tx.now.domain, boot=tx.now.boot_ms
    )


def intend(
    tx: "Tx",
    task_no: int,
    run_id: str,
    attempt_no: int,
    workspace: Workspace,
    process: tuple[int, int, str],
) -> None:
    """Write down a dispatch before git is asked for anything."""
    tx.execute(
        _SQL["intent_insert"],
        task_no=task_no,
        run_id=run_id,
        attempt_no=attempt_no,
        repo_path=workspace.repo_path,
        branch_name=workspace.branch_name,
        worktree=workspace.worktree_path,
        root=workspace.workspace_root,
        base_commit=workspace.start,
        pid=process[0],
        pid_started=process[1],
        pid_boot=process[2],
    )


def forget_intent(tx: "Tx", task_no: int, process: "tuple[int, int, str] | None" = None) -> bool:
    """Delete the intent of a dispatch that is confirmed or undone; say whether it was there.

    With `process` only that process's own.
    """
    pid, started, boot = process or (None, None, None)
    forgotten = tx.execute(
        _SQL["intent_delete"], task_no=task_no, pid=pid, pid_started=started, pid_boot=boot
    )
    return forgotten > 0


def intent_of(tx: "ReadTx", task_no: int) -> "tuple[int, int, int, str] | None":
    """Return (attempt number, pid, its start, its boot) of a dispatch under way."""
    row = tx.maybe(_SQL["intent_find"], task_no=task_no)
    return (row[0], row[1], row[2], row[3]) if row else None


class DispatchIntent(queries.Record):
    """A dispatch under way: which attempt, where, and by which process."""

    task_no: int
    attempt_no: int
    repo_path: str
    branch_name: str
    worktree_path: str
    workspace_root: str
    base_commit: str
    pid: int
    pid_started: int
    pid_boot: str
    created_at: int

    @property
    def process(self) -> tuple[int, int, str]:
        """The process that dispatches."""
        return self.pid, self.pid_started, self.pid_boot

    @property
    def place(self) -> Workspace:
        """What it was about to make."""
        workspace = Workspace()
        workspace.repo_path = self.repo_path
        workspace.workspace_root = self.workspace_root
        workspace.base_commit = self.base_commit
        workspace.branch_name = self.branch_name
        workspace.worktree_path = self.worktree_path
        return workspace


def intents(tx: "ReadTx", run_id: str) -> list[DispatchIntent]:
    """Return the run's dispatches under way."""
    return DispatchIntent.many(tx, _SQL["intent_of_run"], run_id=run_id)


def worked(tx: "ReadTx", task_no: int) -> int:
    """Return how many attempts of a task count against its limit: those that worked."""
    found: int = tx.value(_SQL["attempt_worked"], task_no=task_no)
    return found


def set_begun_for(tx: "Tx", task_no: int, attempt_no: int, cause: str) -> None:
    """Record for which class of end a driver began an attempt by itself."""
    tx.execute(
        _SQL["attempt_set_begun_for"], task_no=task_no, attempt_no=attempt_no, begun_for=cause
    )


def begun_for(tx: "ReadTx", run_id: str, task_no: int, cause: str) -> tuple[int, int]:
    """Return how many attempts were begun by themselves: (the task's for a class, the run's)."""
    row = tx.one(_SQL["attempt_begun_for"], run_id=run_id, task_no=task_no, cause=cause)
    return row[0], row[1]


def end_class(tx: "ReadTx", task_no: int) -> str:
    """Return why a task's newest attempt ended, as retries count it; "" while that is not known."""
    row = tx.maybe(_SQL["attempt_latest_end"], task_no=task_no)
    return row[0] if row else ""


def failure_class(tx: "ReadTx", attempt_key: int, logged_out: str) -> str:
    """Return the class of an attempt whose thread failed."""
    found: str = tx.value(
        _SQL["attempt_failure_class"], attempt_key=attempt_key, logged_out=logged_out
    )
    return found
