"""approve, reject: a person's verdict on what is to land."""

from orch import config_in_force
from orch.cli import beside_driver, task_names
from orch.cli.landing import names as queue_names
from orch.cli.landing import standing
from orch.landing import approval_gate, open_queue, signatures
from orch.machines import ENTRY
from orch.operations import approvals, attempts, entries, runs
from orch.steps.entry import run_queue
from orch.steps.model import say
from orch.store import approvals as approval_rows
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store.entries import Entry
from schema import keys
from schema.failures import Failure
from schema.json_text import NULL, Json, obj
from schema.steps import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Attempt, Run, Task
    from schema.transaction import ReadTx


def approve(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    as_name: str | None,
    note: str,
    key: str | None,
) -> None:
    """Approve an entry's head under the policy as it is now."""
    _give(call, entry, run, "approve", as_name, note)


def reject(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    as_name: str | None,
    note: str,
    key: str | None,
) -> None:
    """Reject an entry's head; it is held."""
    _give(call, entry, run, "reject", as_name, note)


def _give(
    call: "Call", name: str | None, run: str | None, verdict: str, by: str | None, note: str
) -> None:
    with call.db.read() as tx:
        work = _unqueued(tx, name, run)
        found = queue_names.require(tx, name, run) if work is None else None
    if found is not None:
        _on_entry(call, found, verdict, by, note)
    elif work is not None:
        _on_work(call, *work, verdict, by, note)


def _unqueued(
    tx: "ReadTx", name: str | None, run: str | None
) -> "tuple[Run, Task, Attempt] | None":
    """Return the finished work that a task's name means while no entry brings it anywhere."""
    if name is None or name.startswith(queue_names.PREFIX):
        return None
    found, task = task_names.require_task(tx, run, name, None)
    known = store.of_task(tx, task.task_no)
    newest = attempts.latest(tx, task)
    if any(e.status not in approvals.OVER or e.kind != "task" for e in known[:1]):
        return None
    if newest is not None and any(e.attempt_key == newest.attempt_key for e in known):
        return None
    runs.refuse_closed(found)
    return found, task, entries.require_fit(tx, found, task)


def _on_entry(call: "Call", found: Entry, verdict: str, by: str | None, note: str) -> None:
    with call.db.read() as tx:
        queue = queue_rows.get(tx, found.queue_no)
    settings = open_queue.settings_of(call.db, queue)
    digest = approval_gate.digest_of(settings)
    with call.db.read() as tx:
        found = store.get(tx, found.entry_no)
        actor = by or runs.require(tx, found.run_id).leader
        scope = _scope(call, actor)
        answer = keys.find(tx, scope)
        if answer is None:
            approval_gate.require_human(settings, by)
            approvals.refuse_owner(tx, found.task_no, found.name, actor)
        text = signatures.text_of(
            tx, found.entry_id, found.name, found.head_commit, found.target, digest, verdict
        )
    if answer is not None:
        call.say(answer)
        return
    proof = signatures.prove(settings, by, text, verdict)
    signatures.verify(call.db, settings, [found])
    with call.db.write() as tx:

        def _change() -> Json:
            current = store.get(tx, found.entry_no)
            assert current.head_commit == found.head_commit, "an entry's head never changes"
            call.committed = approvals.give(
                tx, current, digest, kind="human", verdict=verdict, by=actor, note=note,
                proof=proof,
            )  # fmt: skip
            approval_gate.see(tx, settings, store.get(tx, found.entry_no))
            return obj(
                entry=store.document(tx, found.entry_no),
                name=found.name,
                verdict=_latest(tx, found.task_no, found.head_commit),
                next_command=_after(tx, store.get(tx, found.entry_no), verdict),
                event_id=call.committed,
            )

        answer = keys.once(tx, scope, _change)
    call.say(answer, call.committed)


def _on_work(
    call: "Call", run: "Run", task: "Task", attempt: "Attempt", verdict: str, by: str | None,
    note: str,
) -> None:  # fmt: skip
    """Record a verdict on finished work that is still to be queued; it counts once it is."""
    repo = open_queue.repository(call.db, run, attempt.repo_path)
    settings = config_in_force.of_run(call.db, run, repo)
    digest = approval_gate.digest_of(settings)
    actor, head = by or run.leader, str(attempt.head_commit)
    target = open_queue.target_of(run, settings, None)
    scope = _scope(call, actor)
    with call.db.read() as tx:
        answer = keys.find(tx, scope)
        if answer is None:
            approval_gate.require_human(settings, by)
            approvals.refuse_owner(tx, task.task_no, task.name, actor)
        text = signatures.text_of(tx, "", task.name, head, target, digest, verdict)
    if answer is not None:
        call.say(answer)
        return
    proof = signatures.prove(settings, by, text, verdict)
    with call.db.write() as tx:

        def _change() -> Json:
            approvals.give_on_work(
                tx, task, head, digest,
                kind="human", verdict=verdict, by=actor, note=note, proof=proof,
            )  # fmt: skip
            call.committed = tx.last_event_id
            return obj(
                entry=NULL,
                name=task.name,
                verdict=_latest(tx, task.task_no, head),
                next_command=command(beside_driver.instead(tx, say("queue add", task.name))),
                event_id=call.committed,
            )

        answer = keys.once(tx, scope, _change)
    call.say(answer, call.committed)


def _scope(call: "Call", actor: str) -> "keys.Key | None":
    """Return the key of this call; `approve` and `queue approve` are one command."""
    scope = call.key_for(actor)
    if scope is not None:
        scope.verb = scope.verb.removeprefix("queue ")
    return scope


def _latest(tx: "ReadTx", task_no: int | None, head: str) -> "dict[str, object]":
    return approval_rows.of_head(tx, task_no, head)[-1].document()


def _after(tx: "ReadTx", entry: Entry, verdict: str) -> str:
    """Return what follows a verdict: another one, a release, or the runner."""
    if verdict == "reject" or entry.status in ENTRY.before("release"):
        return command(say("queue release", entry.entry_id))
    if standing.awaited(entry):
        return command(standing.approval(entry))
    return command(beside_driver.instead(tx, run_queue(entry.run_id)))


def refusal(waiting: list[Entry], came: list[str]) -> Failure:
    """Return the refusal of a run that could land nothing without the approvals of `waiting`.

    `came` tells what else the run came to.
    """
    lacks = [(entry.entry_id, entry.name, standing.awaited(entry)) for entry in waiting]
    needs = [
        f"{entry} ({name}) needs " + (", ".join(missing) or "an approval")
        for entry, name, missing in lacks[:5]
    ]
    words = "; ".join([*came[:5], *needs])
    return Failure(
        "refused",
        "approval_required",
        f"nothing landed: {words}",
        hint="look at it, then",
        next=[standing.approval(waiting[0])],
        details={"waiting": [{"entry_id": e, "name": n, "missing": m} for e, n, m in lacks]},
    )
