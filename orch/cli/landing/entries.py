"""queue add, list, show, hold, release, cancel, retry: what is on its way to a target."""

from orch.cli.landing import names as queue_names
from orch.cli.landing import outcome, standing
from orch.landing import enqueue, open_queue, runner
from orch.model import Task
from orch.operations import entries, runs, tasks
from orch.reconcile import reconcile
from orch.steps.entry import TOLD_BY_REASON, either
from orch.steps.model import say
from orch.store import approvals as approval_rows
from orch.store import entries as store
from orch.store import queues as queue_rows
from orch.store import trials
from orch.store.entries import Entry
from orch.store.queues import Queue
from schema import steps
from schema.failures import Failure, invalid_input
from schema.json_text import NULL, Json, array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.config.model import Config
    from schema.transaction import ReadTx, Tx

_DOES = ("hold", "release", "cancel", "retry")


def add(
    call: "Call",
    *,
    tasks: tuple[str, ...],
    run: str | None,
    everything: bool,
    target: str | None,
    strategy: str | None,
    priority: str | None,
    dry_run: bool,
    key: str | None,
) -> None:
    """Put finished work into a queue: all that is named, or nothing."""
    from inbox.model import PRIORITIES

    if everything == bool(tasks):
        raise invalid_input(
            "name tasks, or give --run with --all", reason="flag", next=[say("queue add", "R/T")]
        )
    chosen, leader = _chosen(call, tasks, run, everything=everything)
    with call.db.read() as tx:
        kept = call.kept(tx, leader)
    if kept is not None:
        call.say(kept)
        return
    level = PRIORITIES.index(priority) if priority is not None else None
    options = enqueue.EnqueueOptions(target, strategy, level, leader)
    for run_id in dict.fromkeys(run_id for run_id, _ in chosen):
        reconcile(call.db, run_id, call.note)
    taken_out: list[dict[str, object]] = []
    if everything:
        chosen, taken_out = unlanded(call, chosen[0][0])
    prepared, skipped = prepare_all(call, chosen, options, everything=everything)
    skipped += taken_out
    if dry_run:
        call.say(obj(dry_run=True, planned=[_planned(item) for item in prepared], skipped=skipped))
        return

    notes = [text for item in prepared for text in enqueue.left_out(item)]

    def _answer(tx: "Tx", added: list[Entry]) -> Json:
        call.committed = tx.last_event_id
        documents = [store.document(tx, entry.entry_no) for entry in added]
        more: dict[str, object] = {"notes": array(notes)} if notes else {}
        return obj(entries=array(documents), skipped=skipped, **more, event_id=call.committed)

    said = enqueue.confirm(call.db, prepared, _answer, call.key_for(leader))
    call.say(said, call.committed)


def _chosen(
    call: "Call", named: tuple[str, ...], run: str | None, *, everything: bool
) -> tuple[list[tuple[str, str]], str]:
    """Return ((run, task) of what is named, the leader). Raises: not_found, invalid_input."""
    from orch.cli import task_names

    with call.db.read() as tx:
        if everything:
            if run is None:
                step = say("queue add", run="RUN", all=True)
                raise invalid_input("--all goes with --run", reason="flag", next=[step])
            return [(run, "")], runs.require_open(tx, run).leader
        found = [task_names.split(tx, run, name, None) for name in dict.fromkeys(named)]
        for run_id, task_id in found:
            runs.require(tx, run_id)
            tasks.require(tx, run_id, task_id)
        return found, runs.require(tx, found[0][0]).leader


def unlanded(call: "Call", run_id: str) -> tuple[list[tuple[str, str]], list[dict[str, object]]]:
    """Return the run's finished code tasks that were never queued, and those taken out again.

    What somebody cancelled or took back from its target is queued again only by its name.
    """
    from orch.operations import attempts
    from orch.store import tasks as task_rows

    found, taken_out = [], []
    with call.db.read() as tx:
        for task in task_rows.with_status(tx, run_id, "done"):
            attempt = attempts.latest(tx, task)
            if attempt is None or attempt.execution_mode != "code":
                continue
            known = [
                entry
                for entry in store.of_task(tx, task.task_no)
                if entry.attempt_key == attempt.attempt_key and entry.status != "superseded"
            ]
            if not known:
                found.append((run_id, str(task.task_id)))
            elif all(entry.status == "cancelled" for entry in known):
                taken_out.append(_taken_out(task, known[0]))
    if not found:
        raise Failure(
            "no_matching_work",
            "empty",
            f"run {run_id} has no finished code task that is not queued, landed or taken out",
            hint="see what there is",
            next=[say("status", run=run_id)],
            details={"skipped": taken_out},
        )
    return found, taken_out


def _taken_out(task: Task, entry: Entry) -> dict[str, object]:
    why = entry.reason or "cancelled"
    failure = Failure(
        "invalid_state",
        "terminal",
        f"{entry.entry_id} was taken out: {why}",
        hint="to queue it anyway",
        next=[say("queue add", task.name)],
    )
    return {"task_id": task.task_id, "error": queue_names.error(failure)}


def prepare_all(
    call: "Call",
    chosen: list[tuple[str, str]],
    options: enqueue.EnqueueOptions,
    *,
    everything: bool,
) -> "tuple[list[enqueue.PreparedEntry], list[dict[str, object]]]":
    """Look at all of them; with --all, what is refused is left out with the reason."""
    prepared: list[enqueue.PreparedEntry] = []
    skipped: list[dict[str, object]] = []
    for run_id, task_id in chosen:
        try:
            prepared.append(enqueue.prepare(call.db, run_id, task_id, options))
        except Failure as failure:
            if not everything:
                raise
            skipped.append({"task_id": task_id, "error": queue_names.error(failure)})
            first = failure
    if not prepared:
        raise first
    return prepared, skipped


def _planned(item: enqueue.PreparedEntry) -> dict[str, object]:
    return {
        "run_id": item.run.run_id,
        "task_id": item.task.task_id,
        "target": item.target.removeprefix(open_queue.HEADS),
        "strategy": item.values["strategy"],
        "head_commit": item.values["head_commit"],
        "changed_paths": item.values["changed_paths"],
    }


def list_entries(
    call: "Call",
    *,
    run: str | None,
    target: str | None,
    repo_path: str | None,
    status: tuple[str, ...] | None,
) -> None:
    """List entries, each queue's in landing order, what is over after that."""
    queues = open_queue.queues_of(call.db, run, target, repo_path)
    seen = {queue.queue_no: runner.explained(call.db, queue) for queue in queues}
    wanted = array(status) if status else None
    found: list[Json] = []
    listed: list[Entry] = []
    with call.db.read() as tx:
        for queue in queues:
            now = seen[queue.queue_no]
            rows = store.chosen(tx, run, queue.queue_no, wanted)
            rows.sort(key=lambda e: (e.status in entries.FINAL, now.get(e.entry_no, (None,))[0]
                                     or 1 << 30, e.entry_no))  # fmt: skip
            found += [queue_names.document(tx, entry, now) for entry in rows]
            listed += [queue_names.refreshed(entry, now) for entry in rows]
        documents = [queue_names.of_queue(tx, queue.queue_no) for queue in queues]
        command = steps.command(standing.first_step(tx, listed, run))
    call.say(obj(run_id=run, entries=array(found), queues=documents, next_command=command))


def show(call: "Call", *, entry: str | None, run: str | None, explain: bool) -> None:
    """Show an entry with everything that is known about it."""
    from orch.landing import approval_gate, candidates

    with call.db.read() as tx:
        found = queue_names.require(tx, entry, run)
        queue = queue_rows.get(tx, found.queue_no)
    now = runner.explained(call.db, queue) if found.status not in entries.FINAL else {}
    conflict = candidates.read(call.db, found) if found.status == "conflict" else None
    settings: Config | str
    try:
        settings = open_queue.settings_of(call.db, queue)
        digest = approval_gate.digest_of(settings)
    except Failure as failure:
        if failure.code != "invalid_input":
            raise
        settings, digest = failure.message, ""  # Then none of the verdicts counts.
    with call.db.read() as tx:
        found = queue_names.refreshed(store.get(tx, found.entry_no), now)
        verdicts = approval_rows.of_head(tx, found.task_no, found.head_commit)
        more = {}
        if explain:
            more = {"explained": _explained(tx, found, queue, now, settings)}
        call.say(
            obj(
                entry=queue_names.document(tx, found, now),
                queue=queue_names.of_queue(tx, queue.queue_no),
                verdicts=[
                    {**one.document(), "is_void": one.policy_digest != digest} for one in verdicts
                ],
                trials=trials.documents(tx, found.queue_no, found.entry_no),
                conflict=conflict.document() if conflict is not None else NULL,
                done_again=outcome.done_again(tx, found) or None,
                next_command=steps.command(standing.step(tx, found)),
                **more,
            )
        )


def _explained(
    tx: "ReadTx", entry: Entry, queue: Queue, now: "queue_names.Explained",
    settings: "Config | str",
) -> list[str]:  # fmt: skip
    """Return in sentences why an entry is where it is and what moves it on."""
    lines = []
    place, why, _, risk = now.get(entry.entry_no, (None, entry.why, NULL, entry.risk))
    if place is not None:
        lines.append(f"it is number {place} of its queue")
    if why and entry.status not in TOLD_BY_REASON:
        lines.append(why)
    if queue.hold_reason:
        lines.append(f"the whole queue is held: {queue.hold_reason}")
    if entry.reason:
        lines.append(f"it is {entry.status}: {entry.reason}")
    lines.append(f"its risk is {risk}")
    lines += queue_names.rules(tx, entry, settings)
    return lines


def hold(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    target: str | None,
    repo_path: str | None,
    reason: str | None,
    key: str | None,
) -> None:
    """Stop an entry, or a whole queue."""
    why = reason or "held by the leader"
    if target is not None:
        _whole_queue(call, entry, run, target, repo_path, "hold", why)
    else:
        _one(call, entry, run, "hold", why)


def release(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    target: str | None,
    repo_path: str | None,
    reason: str | None,
    key: str | None,
) -> None:
    """Let an entry, or a whole queue, go on."""
    why = reason or "released by the leader"
    if target is not None:
        _whole_queue(call, entry, run, target, repo_path, "release", why)
    else:
        _one(call, entry, run, "release", why)


def cancel(
    call: "Call", *, entry: str | None, run: str | None, reason: str | None, key: str | None
) -> None:
    """Take an entry out of its queue."""
    _one(call, entry, run, "cancel", reason or "cancelled by the leader")


def retry(
    call: "Call",
    *,
    entry: str | None,
    run: str | None,
    rework: bool,
    to: str | None,
    body: str | None,
    key: str | None,
) -> None:
    """Try a stopped entry again, as it is or as a new attempt."""
    if not rework:
        if to is not None or body is not None:
            raise invalid_input("--to and --body go with --rework", reason="flag")
        _one(call, entry, run, "retry", "tried again by the leader")
        return
    from orch.landing import rework as workflow

    with call.db.read() as tx:
        found = queue_names.require(tx, entry, run, of_work=True)
        if found.kind != "task":
            raise Failure(
                "invalid_state",
                "unsupported",
                f"{found.entry_id} ({found.name}) is not a task's work: it cannot be done again",
                hint="fix the target, then",
                next=[say("queue retry", found.entry_id)],
            )
        leader = runs.require(tx, found.run_id).leader
        kept = call.kept(tx, leader)
        queue = queue_rows.get(tx, found.queue_no)
    if kept is not None:
        call.say(kept)
        return
    reconcile(call.db, found.run_id, call.note)
    opened = open_queue.open_queue(call.db, queue)
    scope = call.key_for(leader)
    call.say(workflow.send_back(call.db, opened, found, to=to, body=body, key=scope))


def _one(call: "Call", name: str | None, run: str | None, verb: str, reason: str) -> None:
    """Do one thing to one entry, in one transaction with its answer."""
    does = {"hold": entries.hold, "release": entries.release, "cancel": entries.cancel,
            "retry": entries.retry}  # fmt: skip
    with call.db.write() as tx:
        found = queue_names.require(tx, name, run)
        leader = runs.require(tx, found.run_id).leader

        def _change() -> Json:
            call.committed = does[verb](tx, found, leader, reason)
            document = store.document(tx, found.entry_no)
            command = steps.command(standing.step(tx, store.get(tx, found.entry_no)))
            return obj(entry=document, event_id=call.committed, next_command=command)

        answer = call.once(tx, leader, _change)
    call.say(answer, call.committed)


def _whole_queue(
    call: "Call",
    entry: str | None,
    run: str | None,
    target: str,
    repo_path: str | None,
    verb: str,
    reason: str,
) -> None:
    if entry is not None:
        raise invalid_input(
            f"{verb} an entry or a whole queue, not both",
            reason="flag",
            next=either(verb, entry, target),
        )
    queue = open_queue.queues_of(call.db, run, target, repo_path)[0]
    act = entries.hold_queue if verb == "hold" else entries.release_queue
    with call.db.write() as tx:

        def _change() -> Json:
            found = queue_rows.get(tx, queue.queue_no)
            if verb == "release" and not found.hold_reason:
                words = f"the queue of {queue.branch} is not held"
                raise Failure("invalid_state", "transition", words, next=[say("queue list")])
            run_id = run or queue_names.some_run(tx, queue.queue_no)
            actor = runs.require(tx, run_id).leader
            call.committed = act(tx, found, run_id, actor, reason)
            return obj(queue=queue_names.of_queue(tx, queue.queue_no), event_id=call.committed)

        answer = call.once(tx, entries.ACTOR, _change)
    call.say(answer, call.committed)
