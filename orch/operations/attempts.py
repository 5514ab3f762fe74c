"""An attempt: opened with its thread in one transaction, superseded, adopted."""

from inbox import model as bus
from inbox.operations import leases, threads
from orch.model import ACTIVE, TERMINAL, Attempt, Run, Task, Workspace
from orch.operations import tasks
from orch.steps.model import say
from orch.store import attempts as store
from orch.store import tasks as task_rows
from schema.failures import Failure, not_found
from schema.json_text import Json, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Change
    from schema.transaction import ReadTx, Tx


class Order:
    """What a leader asks for: who, in which mode, with which words."""

    __slots__ = ("actor", "artifacts", "body", "expects", "mode", "payload", "summary", "to")

    def __init__(
        self,
        actor: str,
        to: str,
        mode: str,
        summary: str,
        body: str,
        payload: Json | None = None,
        expects: str | None = None,
        artifacts: tuple[bus.Artifact, ...] = (),
    ) -> None:
        self.actor = actor
        self.to = to
        self.mode = mode
        self.summary = summary
        self.body = body
        self.payload = payload
        self.expects = expects
        self.artifacts = artifacts


def latest(tx: "ReadTx", task: Task) -> Attempt | None:
    """Return the task's newest attempt, None before the first."""
    if not task.latest_attempt_no:
        return None
    return store.find(tx, task.task_no, task.latest_attempt_no)


def require(tx: "ReadTx", task: Task, attempt_no: int) -> Attempt:
    """Return one attempt. Raises: not_found/attempt."""
    attempt = store.find(tx, task.task_no, attempt_no)
    if attempt is None:
        raise not_found(
            "attempt", f"{task.name} #{attempt_no}", hint=f"it has {task.latest_attempt_no}"
        )
    return attempt


def on_branch(tx: "ReadTx", task: Task, ref: str) -> Attempt | None:
    """Return the attempt whose branch `ref` names, so that another may go on there; or None."""
    named = ref.removeprefix("refs/heads/")
    known = store.of_task(tx, task.task_no) if named else []
    return next((one for one in known if named == one.branch_name), None)


def require_active(tx: "ReadTx", task: Task) -> Attempt:
    """Return the attempt that works on the task now. Raises: invalid_state/transition."""
    attempt = latest(tx, task)
    if attempt is None or task.status not in ACTIVE:
        raise Failure(
            "invalid_state",
            "transition",
            f"task {task.name} is {task.status}: no attempt is working on it",
            next=[say("task show", run=task.run_id, task=task.task_id)],
        )
    return attempt


def open_one(
    tx: "Tx", run: Run, task: Task, event: str, attempt_no: int, order: Order, workspace: Workspace
) -> "Change":
    """Create an attempt with its thread, and move the task: together or not at all.

    The caller has decided under this write lock that the task may start.
    """
    payload = merge(
        obj(
            run_id=run.run_id,
            task_id=task.task_id,
            attempt_no=attempt_no,
            execution_mode=order.mode,
            base_ref=workspace.base_ref,
            base_commit=workspace.base_commit,
            worktree_path=workspace.worktree_path,
            branch_name=workspace.branch_name,
            **_place(workspace),
            acceptance=Json(task.acceptance) if task.acceptance else None,
            allowed_paths=Json(task.allowed_paths),
            blocked_paths=Json(task.blocked_paths),
            checks=Json(task.required_checks),
        )
    )
    if order.payload is not None and order.payload != "{}":
        payload = merge(payload, leader_payload=order.payload)
    change = threads.send(
        tx,
        sender=order.actor,
        to=order.to,
        draft=bus.MessageDraft(order.summary, order.body, payload, order.artifacts),
        subject=task.title,
        priority=bus.PRIORITIES[task.priority],
        run_id=run.run_id,
        task_id=task.task_id,
        expects=order.expects or _expected_before(tx, task),
        owned_by_run=True,
    )
    store.insert(tx, task.task_no, attempt_no, change.thread_no, order.to, order.mode, workspace)
    if workspace.repo_id and workspace.branch_name:
        from orch.store import deliveries

        ref = "refs/heads/" + workspace.branch_name
        deliveries.insert(tx, change.thread_no, ref, workspace.start)
    if workspace.place is not None:
        from orch.store import places as place_rows

        place_rows.insert(tx, task.task_no, attempt_no, workspace.place)
    task_rows.set_attempt(tx, task.task_no, attempt_no)
    tasks.move(
        tx,
        task,
        event,
        order.actor,
        thread_no=change.thread_no,
        payload=obj(attempt_no=attempt_no, assigned_to=order.to, execution_mode=order.mode),
    )
    task_rows.take_locks(tx, task.task_no)
    return change


def _place(workspace: Workspace) -> dict[str, str]:
    """Return what the message says of a place; of a worktree it says the rest."""
    if workspace.place is None:
        return {}
    return {"place_path": workspace.place.place_path, "out_path": workspace.place.out_path}


def abandon(tx: "Tx", task_no: int, attempt_no: int) -> bool:
    """Forget a dispatch that never came to be; say whether it was still intended.

    Its number is spent, since its branch may have been seen; locks that it took go back.
    """
    if not store.forget_intent(tx, task_no):
        return False
    task_rows.burn_attempt(tx, task_no, attempt_no)
    release_locks(tx, task_no)
    return True


def release_locks(tx: "Tx", task_no: int) -> None:
    """Let go of what an intent took, unless the task is being worked on all the same."""
    if task_rows.by_no(tx, task_no).status not in ACTIVE:
        task_rows.drop_locks(tx, task_no)


def _expected_before(tx: "Tx", task: Task) -> str | None:
    """Return the JSON Schema that the attempt before was to satisfy: a new one is, too."""
    before = latest(tx, task)
    return leases.require_thread(tx, before.thread_id).expects if before is not None else None


def supersede(tx: "Tx", attempt: Attempt, actor: str, reason: str) -> None:
    """Cancel an attempt's thread if it is open; what its worker still brings is kept."""
    thread = leases.require_thread(tx, attempt.thread_id)
    if thread.status not in TERMINAL:
        threads.cancel(tx, thread, actor, reason)
    if attempt.status not in TERMINAL:
        end_class = "gone" if attempt.liveness in ("gone", "stale") else "cancelled"
        store.move(tx, attempt, "cancelled", end_class=end_class)
