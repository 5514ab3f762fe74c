"""Dispatch: a task becomes an attempt with its thread, for code in a worktree of its own.

1. Decide: everything that may refuse is asked, and nothing is written.
2. Intend, for code: the rules again under the write lock, and the intent. `dispatch.intended`
3. Make: branch and worktree. `dispatch.worktree_added`, `dispatch.made`
4. Confirm: the intent becomes attempt, thread and status. `dispatch.confirmed`

Killed in between, the next reconcile undoes it (I12); refused, nothing is left behind.
"""

from inbox.operations import leases
from orch import process_identity
from orch.config.model import Config
from orch.dispatch import brief, may_begin
from orch.dispatch.request import DispatchRequest
from orch.fleet import wanted as wanted_machine
from orch.model import Attempt, Run, Task, Workspace
from orch.operations import attempts, runs, scheduling, tasks
from orch.steps.model import say
from orch.store import attempts as attempt_rows
from orch.store import checks as check_rows
from orch.store import places as place_rows
from orch.store import tasks as task_rows
from schema import crash_points, keys
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.model import Change
    from orch.git import repository
    from orch.operations.attempts import Order
    from schema.steps import Step
    from schema.transaction import Database, ReadTx, Tx

    Answer = Callable[[Tx, Change], Json]


class PreparedDispatch:
    """A dispatch that was decided; for code, its intent is written and git may begin."""

    __slots__ = (
        "earlier", "key", "order", "repo", "request", "settings", "stored", "task", "workspace",
    )  # fmt: skip

    def __init__(self, request: DispatchRequest, key: "keys.Key | None") -> None:
        self.request = request
        self.key = key
        self.workspace = Workspace()
        self.repo: repository.Repository | None = None
        self.settings = Config()
        self.earlier: list[str] = []
        self.stored: Json | None = None
        self.task: Task
        self.order: Order

    def make(self) -> None:
        """Let git make the worktree, or push the base of one elsewhere. Touches no store."""
        if self.repo is not None:
            from orch.worktrees import create, shared

            make = shared.publish if self.workspace.repo_id else create.make
            make(self.repo, self.workspace, self.settings)
            crash_points.reach("dispatch.made")


def start(
    db: "Database", request: DispatchRequest, answer: "Answer", key: "keys.Key | None" = None
) -> Json:
    """Make the attempt and return the stored answer. See the module for what is guaranteed.

    Raises: not_found, invalid_input (no assignee, no mode), invalid_state (not_ready, dirty,
    base_conflict, branch_exists), refused (work_at_risk, repo_tampered, budget), git_error.
    """
    prepared = prepare(db, request, key)
    error: Exception | None = None
    try:
        prepared.make()
    except Exception as failed:  # Not a signal: that leaves all of it to the next command.
        error = failed
    return finish(db, prepared, error, answer)


def prepare(
    db: "Database", request: DispatchRequest, key: "keys.Key | None" = None
) -> PreparedDispatch:
    """Ask everything that may refuse, then write the intent. Raises: what start() does."""
    try:
        prepared = _decide(db, request, key)
        if prepared.stored is None and prepared.repo is not None:
            _intend(db, prepared)
    except Failure as failure:
        if failure.code != "invalid_state":
            raise
        prepared = _overtaken(db, request, key, failure)
    return prepared


def _overtaken(
    db: "Database", request: DispatchRequest, key: "keys.Key | None", failure: Failure
) -> PreparedDispatch:
    """Return what the same command answered meanwhile. Raises: `failure`, or what explains it.

    git is looked at after the rules were asked: what is in the way may be another's dispatch.
    """
    prepared = PreparedDispatch(request, key)
    with db.read() as tx:
        prepared.stored = keys.find(tx, key)
        if prepared.stored is None:
            may_begin.require(tx, request)
            raise failure
    return prepared


def rehearse(db: "Database", request: DispatchRequest) -> Workspace:
    """Return where a dispatch would work, and write nothing. Raises: what start() does."""
    prepared = _decide(db, request, None)
    request.to, request.mode = prepared.order.to, prepared.order.mode
    return prepared.workspace


def _decide(db: "Database", request: DispatchRequest, key: "keys.Key | None") -> PreparedDispatch:
    prepared = PreparedDispatch(request, key)
    with db.read() as tx:
        prepared.stored = keys.find(tx, key)
        if prepared.stored is not None:
            return prepared
        run, task = may_begin.require(tx, request)
        _inherit(tx, task, request)
        prepared.task = task
        prepared.order = _order(run, task, request)
        order = prepared.order
        order.to = wanted_machine.at(tx, order.to, request.machine, request.label)
        wanted_machine.require(tx, order.to)
        prepared.earlier = _earlier(tx, task)
        from orch.worktrees import create, shared

        wanted = create.needed(tx, task)
        before = _place_before(tx, task) if prepared.order.mode != "code" else ""
        goes_on = attempts.on_branch(tx, task, request.base_ref or "")
    if prepared.order.mode != "code":
        from orch.worktrees import places

        path = create.repository_of(run, request.repo_path)
        prepared.workspace = places.plan(
            db, run, task, wanted, path=path, base_ref=request.base_ref, before=before
        )
    else:
        plan = shared.plan if run.repo_id else create.plan
        prepared.repo, prepared.workspace, prepared.settings = plan(
            db, run, task, wanted,
            repo_path=request.repo_path,
            base_ref=request.base_ref,
            workspace_root=request.workspace_root,
            goes_on=goes_on,
        )  # fmt: skip
    if prepared.repo is not None and request.delivery is not None:
        request.delivery.build(prepared.repo, prepared.workspace, task, prepared.settings)
    return prepared


def _place_before(tx: "ReadTx", task: Task) -> str:
    """Return the commit that the attempt before was asked to look at, "" for none of its own."""
    before = attempts.latest(tx, task)
    place = place_rows.find(tx, before.attempt_key) if before is not None else None
    return place.wanted if place is not None else ""


def finish(
    db: "Database", prepared: PreparedDispatch, error: Exception | None, answer: "Answer"
) -> Json:
    """Confirm what was made, or take it back and raise what went wrong."""
    if prepared.stored is not None:
        return prepared.stored
    task, workspace, request = prepared.task, prepared.workspace, prepared.request
    if error is not None:
        _forget(db, task)
        raise error
    if request.body is not None:
        prepared.order.body = request.body
    else:
        notes = [*prepared.earlier, *([request.note] if request.note else [])]
        prepared.order.body = brief.text(task, workspace, notes)
    try:
        result = _confirm(db, prepared, answer)
    except Failure:
        if workspace.branch_name:
            _take_back(db, task, workspace, prepared.settings)
        raise
    if workspace.place is not None:
        from orch.worktrees import places

        places.make_due(db, task.run_id)  # What it cannot make is told by reconcile and doctor.
    return result


def _inherit(tx: "ReadTx", task: Task, request: DispatchRequest) -> None:
    """Take mode, repository, root, base and assignee from the attempt before."""
    before = attempts.latest(tx, task)
    if request.event == "dispatch" or before is None:
        return
    request.mode = request.mode or before.execution_mode
    request.repo_path = request.repo_path or before.repo_path or None
    request.workspace_root = request.workspace_root or before.workspace_root or None
    if before.base_source == "explicit":
        request.base_ref = request.base_ref or before.base_ref or None
    request.to = request.to or task.default_to or _taker(tx, before)


def _taker(tx: "ReadTx", before: Attempt) -> str:
    """Return who does a task again: who did it, but for a slot of a pool, which is whoever is free.

    A slot's name is taken by the crew's next worker; nobody waits for work under it.
    """
    thread = leases.require_thread(tx, before.thread_id)
    pool, _, number = before.assigned_to.rpartition("-")
    is_slot = thread.addressed_to == f"@{pool}" and number.isdigit()
    return thread.addressed_to if is_slot else before.assigned_to


def _order(run: Run, task: Task, request: DispatchRequest) -> "Order":
    """Return who is to do it and how. Raises: invalid_input when nobody or no mode is named."""
    from orch.operations.attempts import Order

    mode = request.mode or task.execution_mode
    if mode is None:
        raise invalid_input(
            f"missing --execution-mode: task {task.name} has none of its own",
            reason="flag",
            hint="say --execution-mode analysis, or code for a worktree of its own",
            next=[_completed(task, request)],
        )
    to = request.to or task.default_to
    if to is None:
        raise invalid_input(
            f"missing --to: task {task.name} has no default assignee",
            reason="flag",
            hint="say --to AGENT or --to @POOL",
            next=[_completed(task, request)],
        )
    return Order(run.leader, to, mode, task.title, "", request.payload)


def _completed(task: Task, request: DispatchRequest) -> "Step":
    """Return the dispatch that was asked for, with what neither it nor the task says."""
    return say(
        "dispatch",
        task.name,
        execution_mode=request.mode or (None if task.execution_mode else "code"),
        to=request.to or (None if task.default_to else "AGENT"),
        repo_path=request.repo_path,
        base_ref=request.base_ref,
        workspace_root=request.workspace_root,
        body=request.body,
    )


def _earlier(tx: "ReadTx", task: Task) -> list[str]:
    """Return what the next attempt is told about the one before."""
    before = attempts.latest(tx, task)
    if before is None:
        return []
    from inbox.store import messages

    words = [f"{name}:\n{tail}" for name, tail in check_rows.failures(tx, before.attempt_key)]
    words += messages.last_words(tx, before.thread_no)
    how = "failed" if task.status == "failed" else "was given up"
    if task.status == "done":
        did = "did not land" if before.execution_mode == "code" else "is not what was asked for"
        how = f"is done and {did}"
    return [brief.of_earlier(before.attempt_no, how, before.branch_name, "\n".join(words))]


def _intend(db: "Database", prepared: PreparedDispatch) -> None:
    """Decide again under the write lock, and write the intent down."""
    with db.write() as tx:
        run, task = may_begin.require(tx, prepared.request)
        number = prepared.task.next_attempt_no
        if task.next_attempt_no != number:
            raise scheduling.not_ready(tx, task, "somebody dispatched it meanwhile")
        attempt_rows.intend(
            tx,
            task.task_no,
            run.run_id,
            number,
            prepared.workspace,
            process_identity.mine(tx.machine),
        )
        task_rows.take_locks(tx, task.task_no)
    crash_points.reach("dispatch.intended")


def _forget(db: "Database", task: Task) -> None:
    """Delete the intent of a dispatch that made nothing, or whose work was taken back."""
    with db.write() as tx:
        if attempt_rows.forget_intent(tx, task.task_no, process_identity.mine(tx.machine)):
            attempts.release_locks(tx, task.task_no)


def _take_back(db: "Database", task: Task, workspace: Workspace, settings: Config) -> None:
    from orch.worktrees import create

    create.undo(workspace, settings)
    _forget(db, task)


def _confirm(db: "Database", prepared: PreparedDispatch, answer: "Answer") -> Json:
    """Turn the intent into an attempt: thread, status, locks and answer in one transaction."""
    with db.write() as tx:
        result = keys.once(tx, prepared.key, lambda: _open_attempt(tx, prepared, answer))
    crash_points.reach("dispatch.confirmed")
    return result


def _open_attempt(tx: "Tx", prepared: PreparedDispatch, answer: "Answer") -> Json:
    request, workspace = prepared.request, prepared.workspace
    expected = prepared.task.next_attempt_no
    if workspace.branch_name:
        run = runs.require_open(tx, request.run_id)
        task = tasks.require(tx, request.run_id, request.task_id)
        intent = attempt_rows.intent_of(tx, task.task_no)
        if intent != (expected, *process_identity.mine(tx.machine)):
            raise scheduling.not_ready(tx, task, "its dispatch was undone meanwhile")
        may_begin.refuse_automatic(
            tx, run, task, request
        )  # Others may have begun since the intent.
        attempt_rows.forget_intent(tx, task.task_no)
        number = expected
    else:
        run, task = may_begin.require(tx, request)
        number = task.next_attempt_no
        if workspace.place is not None and not workspace.place.place_path.endswith(f"-{number}"):
            raise scheduling.not_ready(tx, task, "somebody dispatched it meanwhile")
    before = attempts.latest(tx, task)
    if before is not None and request.event in ("retry", "reassign"):
        attempts.supersede(
            tx, before, run.leader, request.reason or f"{request.event} by the leader"
        )
        task = tasks.require(tx, request.run_id, request.task_id)
    change = attempts.open_one(tx, run, task, request.event, number, prepared.order, workspace)
    if request.automatic is not None:
        from orch.operations import retries

        retries.note_begun(tx, task, number, request.automatic)
    runs.record_run_end(tx, run)
    said = answer(tx, change)
    return merge(said, notes=array(workspace.notes)) if workspace.notes else said
