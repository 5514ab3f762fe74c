"""dispatch, retry, reassign: a task becomes an attempt."""

from inbox.store import messages
from orch import reads
from orch.cli import replay, task_names
from orch.dispatch import dispatch as workflow
from orch.dispatch.request import DispatchRequest
from orch.operations import runs, scheduling
from orch.reconcile import reconcile
from orch.steps.model import say
from schema.failures import Failure, invalid_input
from schema.json_text import Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from inbox.model import Change
    from schema import keys
    from schema.transaction import Tx

_JOBS = 4
_MOST_READY = 1000


def _answer(
    call: "Call", request: DispatchRequest, tx: "Tx", change: "Change", before: int
) -> Json:
    """Return task, attempt, thread and message as the dispatch made them."""
    from inbox.store import threads
    from orch.operations import tasks
    from orch.store import attempts

    call.committed = change.event_id
    task = tasks.require(tx, request.run_id, request.task_id)
    document, attempt = reads.with_attempt(tx, task.task_no)
    previous = {}
    if before:
        previous = {"previous_attempt": attempts.document(tx, task.task_no, before)}
    return obj(
        task=document,
        attempt=attempt,
        **previous,
        thread=threads.document(tx, change.thread_no),
        message=messages.document(tx, change.event_id),
        event_id=tx.last_event_id,
    )


def _run_one(call: "Call", request: DispatchRequest, scope: "keys.Key | None") -> Json:
    with call.db.read() as tx:
        from orch.operations import tasks

        before = tasks.require(tx, request.run_id, request.task_id).latest_attempt_no
    if request.event == "dispatch":
        before = 0
    call.resume = call.again(f"reconcile --run {request.run_id}")  # It undoes what was begun.
    return workflow.start(
        call.db, request, lambda tx, change: _answer(call, request, tx, change, before), scope
    )


def dispatch(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    mode: str | None,
    to: str | None,
    repo_path: str | None,
    base_ref: str | None,
    workspace_root: str | None,
    body: str | None,
    key: str | None,
    machine: str | None,
    label: str | None,
    all_ready: bool,
    limit: int | None,
    jobs: int | None,
    dry_run: bool,
) -> None:
    """Dispatch one task, or all that are ready."""
    given = {"mode": mode, "to": to, "repo_path": repo_path, "base_ref": base_ref,
             "workspace_root": workspace_root, "body": body, "machine": machine,
             "label": label}  # fmt: skip
    if machine is not None and label is not None:
        raise invalid_input("give --machine or --label, not both", reason="flag")
    if all_ready:
        if task or task_name or run is None:
            raise invalid_input("--ready goes with --run and without a task", reason="flag")
        _dispatch_ready(call, run, given, limit or _MOST_READY, jobs or _JOBS, dry_run)
        return
    if limit is not None or jobs is not None:
        raise invalid_input("--limit and --jobs go with --ready", reason="flag")
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
        leader = runs.require(tx, run_id).leader
    reconcile(call.db, run_id, call.note)
    request = _request(run_id, task_id, given)
    if dry_run:
        call.say(obj(dry_run=True, planned=[_planned(call, request)]))
        return
    call.say(_run_one(call, request, call.key_for(leader)), call.committed)


def _request(run_id: str, task_id: str, given: dict[str, str | None]) -> DispatchRequest:
    request = DispatchRequest(run_id, task_id)
    for name, value in given.items():
        setattr(request, name, value)
    return request


def _planned(call: "Call", request: DispatchRequest) -> dict[str, object]:
    """Return what a dispatch would do. Raises: what it would raise."""
    workspace = workflow.rehearse(call.db, request)
    return {
        "task_id": request.task_id,
        "assigned_to": request.to,
        "execution_mode": request.mode,
        "base_commit": workspace.base_commit,
        "base_source": workspace.base_source,
        "branch_name": workspace.branch_name,
        "worktree_path": workspace.worktree_path,
    }


def _dispatch_ready(
    call: "Call",
    run_id: str,
    given: dict[str, str | None],
    limit: int,
    jobs: int,
    dry_run: bool,
) -> None:
    """Dispatch in order; what is refused is skipped with the reason, the rest goes on."""
    if replay.say_again(call, run_id):
        return
    reconcile(call.db, run_id, call.note)
    with call.db.read() as tx:
        leader = runs.require_open(tx, run_id).leader
        chosen, _ = scheduling.ready(tx, runs.require(tx, run_id), limit)
    if not chosen:
        raise Failure(
            "no_matching_work",
            "empty",
            f"no task of run {run_id} is ready",
            hint="see why",
            next=[say("ready", run=run_id, explain=True)],
        )
    requests = [_request(run_id, task.task_id, given) for task in chosen]
    if dry_run:
        planned = [_rehearsed(call, request) for request in requests]
        call.say(obj(dry_run=True, planned=planned))
        return
    from orch.cli.progress import Bar
    from orch.dispatch import batch

    call.resume = call.again(f"reconcile --run {run_id}")
    scopes = [
        call.key_for(leader, f"{call.key}/{w.task_id}" if call.key else None) for w in requests
    ]
    with Bar(call, f"dispatching {run_id}", len(requests)) as bar:
        done, skipped = batch.dispatch_all(
            call.db,
            requests,
            scopes,
            jobs,
            lambda request, tx, change: _answer(call, request, tx, change, 0),
            bar.step,
        )
    if not done:
        _, first = skipped[0]
        raise Failure(
            first.code,
            first.reason,
            f"none of {len(skipped)} ready tasks could be dispatched: {first.message}",
            hint=first.hint,
            next=first.next,
            details={"skipped": [{"task_id": t, "error": _error(e)} for t, e in skipped]},
        )
    answer = obj(
        dispatched=array(done),
        skipped=[{"task_id": task_id, "error": _error(error)} for task_id, error in skipped],
    )
    call.say(replay.keep(call, run_id, answer), call.committed)


def _rehearsed(call: "Call", request: DispatchRequest) -> dict[str, object]:
    try:
        return _planned(call, request)
    except Failure as failure:
        return {"task_id": request.task_id, "error": _error(failure)}


def _error(failure: Failure) -> dict[str, object]:
    return {
        "code": failure.code,
        "reason": failure.reason,
        "message": failure.message,
        "hint": failure.advice,
    }


def retry(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    to: str | None,
    body: str | None,
    key: str | None,
    base_ref: str | None,
    force: bool,
) -> None:
    """Start a new attempt at a failed task; its brief carries the old failure."""
    run_id, task_id, leader = _lead(call, run, task, task_name)
    request = DispatchRequest(run_id, task_id, "retry")
    request.to, request.base_ref, request.force, request.note = to, base_ref, force, body
    call.say(_run_one(call, request, call.key_for(leader)), call.committed)


def reassign(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    to: str,
    reason: str | None,
    key: str | None,
) -> None:
    """Cancel the old thread and start a new attempt by somebody else."""
    run_id, task_id, leader = _lead(call, run, task, task_name)
    request = DispatchRequest(run_id, task_id, "reassign")
    request.to, request.reason = to, reason or f"reassigned to {to}"
    call.say(_run_one(call, request, call.key_for(leader)), call.committed)


def _lead(
    call: "Call", run: str | None, task: str | None, task_name: str | None
) -> tuple[str, str, str]:
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
        leader = runs.require(tx, run_id).leader
    reconcile(call.db, run_id, call.note)
    return run_id, task_id, leader
