"""ready, reconcile, wait, blocked, answer, status, cancel, adopt: leading a run."""

import os

from orch.operations import runs
from orch.reconcile import reconcile as bring_up_to_date
from orch.store import runs as run_rows
from schema import events
from schema.failures import invalid_input
from schema.json_text import Json, array, loads, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Run
    from orch.reconcile import ReconcileReport
    from schema.steps import Step
    from schema.transaction import ReadTx

_SHOWN = 200  # Tasks in full, for people: more rows than a listing ever has.


def ready(call: "Call", *, run: str, limit: int, explain: bool) -> None:
    """List what can be dispatched now, in dispatch order."""
    from orch.operations import scheduling
    from orch.store import tasks as task_rows

    bring_up_to_date(call.db, run, call.note)
    with call.db.read() as tx:
        found = runs.require(tx, run)
        chosen, more = scheduling.ready(tx, found, limit)
        held = [
            {"task_id": task_rows.by_no(tx, number).task_id, "why": why}
            for number, why in list(scheduling.waiting(tx, found).items())[:limit]
        ]
        documents = [task_rows.document(tx, task.task_no) for task in chosen]
        rest = {}
        if explain:
            rest = {"not_ready": scheduling.others(tx, found, {task.task_no for task in chosen})}
        call.facts["run"] = loads(run_rows.budgeted(tx, run))
        call.say(obj(run_id=run, tasks=array(documents), truncated=more, waiting=held,
                     **rest))  # fmt: skip


def reconcile(call: "Call", *, run: str, key: str | None) -> None:
    """Bring the run up to date; say exactly what changed."""
    if key is not None:
        from orch.cli import replay

        if replay.say_again(call, run):
            return
    from orch import reads

    report = bring_up_to_date(call.db, run)
    _go_on(call, run, report)
    with call.db.read() as tx:
        said = obj(
            run=run_rows.document(tx, run),
            updated_tasks=array(reads.changed(tx, list(report.changed))),
            repaired=report.repaired,
            problems=report.problems,
            high_event_id=events.last_id(tx),
        )
    if key is not None:
        said = replay.keep(call, run, said)
    call.say(said)


def _go_on(call: "Call", run: str, report: "ReconcileReport") -> None:
    """Let what is mounted beside orch go on, if anything may."""
    if report.round_two:
        from orch.cli import main

        main.begin_round_two(call.db, run)


def wait(
    call: "Call",
    *,
    run: str | None,
    kinds: tuple[str, ...],
    after_event: int | None,
    timeout: float,
    seen: int | None,
    again: bool,
    every: bool,
) -> None:
    """Wait for something to happen in a run: all news of a leader, or one event that is named."""
    if not kinds and after_event is None:
        from orch.cli import news

        for one in news.runs_of(call, run, every=every):
            look_at_config(call, one)
        news.wait(call, run=run, timeout=timeout, seen=seen, again=again, every=every)
        return
    if seen is not None or again or every:
        raise invalid_input(
            "--seen, --again and --all are about news: leave --for and --after-event out",
            reason="flag",
        )
    if run is None:
        raise invalid_input("missing --run", reason="flag")
    _wait_for(call, run, kinds, after_event, timeout)


def _wait_for(
    call: "Call", run: str, kinds: tuple[str, ...], after_event: int | None, timeout: float
) -> None:
    from inbox.workflows.wait import timed_out
    from orch import wait as watch
    from orch.cli.hot_table import WAITABLE

    with call.db.read() as tx:
        found = runs.require(tx, run)
    look_at_config(call, found)
    words = call.again(f"wait --run {run}")
    words += f" --for {','.join(kinds)}" if kinds else ""
    tail = f" --timeout-seconds {timeout:g}"
    since = f" --after-event {after_event}" if after_event is not None else ""
    call.resume = words + since + tail
    problems: dict[str, None] = {}

    def _tell(text: str) -> None:
        problems[text] = None
        call.note(text)

    answer, position = watch.for_event(call.db, run, kinds or WAITABLE, after_event, timeout, _tell)
    if answer is None and position == after_event:
        # Some clients end a session that repeats one command to the letter.
        tail = f" --timeout-seconds {timeout - 1 if timeout > 2 else timeout + 0.5:g}"
    call.resume = f"{words} --after-event {position}{tail}"
    if answer is None:
        failure = timed_out(f"nothing of that in run {run}", timeout, position, call.resume)
        if problems:
            failure.message += "; " + next(iter(problems))
            failure.details = {"problems": list(problems)}
        raise failure
    call.say(merge(answer, resume=call.resume))


def blocked(call: "Call", *, run: str) -> None:
    """List the tasks that wait for an answer."""
    from orch import reads

    bring_up_to_date(call.db, run, call.note)
    with call.db.read() as tx:
        runs.require(tx, run)
        call.say(obj(run_id=run, tasks=array(reads.blocked(tx, run))))


def answer(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    body: str | None,
    payload: str | None,
    key: str | None,
) -> None:
    """Answer the worker of a task; it goes on by itself."""
    if body is None and payload is None:
        raise invalid_input("an answer needs --body, --body-file or --payload-json", reason="flag")
    from inbox import model
    from inbox.operations import leases, threads
    from inbox.store import messages
    from inbox.store.threads import document as thread_document
    from orch import reads
    from orch.cli import task_names
    from orch.operations import attempts

    draft = model.draft(None, body, payload, ())
    with call.db.read() as tx:
        run, task = task_names.split(tx, run, task, task_name)
    bring_up_to_date(call.db, run, call.note)
    with call.db.write() as tx:
        found, subject = task_names.require_task(tx, run, task, None)

        def _change() -> Json:
            runs.refuse_closed(found)
            attempt = attempts.require_active(tx, subject)
            thread = leases.require_thread(tx, attempt.thread_id)
            change = threads.reply(
                tx, thread, sender=found.leader, to=thread.assigned_to, kind="answer", draft=draft
            )
            call.committed = events.record(
                tx,
                "task_answered",
                found.leader,
                thread_no=attempt.thread_no,
                run_id=found.run_id,
                task_id=subject.task_id,
                status=subject.status,
                summary=draft.summary,
                payload=obj(message_id=f"msg_{change.event_id}", attempt_no=attempt.attempt_no),
            )
            document, latest = reads.with_attempt(tx, subject.task_no)
            return obj(
                task=document,
                attempt=latest,
                thread=thread_document(tx, attempt.thread_no),
                message=messages.document(tx, change.event_id),
                event_id=call.committed,
            )

        said = call.once(tx, found.leader, _change)
    call.say(said, call.committed)


def status(call: "Call", *, run: str, watch: bool) -> None:
    """Show where a run stands; --watch keeps it on the screen."""
    if watch:
        from orch.cli.board import status_watch

        status_watch.watch(call, run)
        return
    from orch import reads, run_end
    from orch.operations import scheduling

    report = bring_up_to_date(call.db, run)
    _go_on(call, run, report)
    brief = None
    with call.db.read() as tx:
        found = runs.require(tx, run)
        waiting = scheduling.waiting(tx, found)
        document = run_rows.budgeted(tx, run)
        tasks = reads.status(tx, run, waiting, _SHOWN if call.is_for_people else None)
        if len(tasks) > _SHOWN and not call.is_for_people:
            brief = array(reads.status(tx, run, waiting, _SHOWN))
        last = events.last_id(tx)
        call.facts["landing"] = _asked(tx, found)
    look_at_config(call, found)
    told = run_end.told(call.db, run, document)
    if brief is not None:
        call.gist = obj(tasks=brief, run=told)
    call.say(obj(tasks=array(tasks), repaired=report.repaired, problems=report.problems,
                 high_event_id=last, run=told))  # fmt: skip


def look_at_config(call: "Call", run: "Run") -> None:
    """Tell that the checkout's orch.toml is not the one in force; most runs have none."""
    top = run.repo_path or os.getcwd()
    if run.closed_at is None and os.path.exists(os.path.join(top, "orch.toml")):
        from orch.cli import config_note

        config_note.look(call, run)


def _asked(tx: "ReadTx", run: "Run") -> "Step | None":
    """Return what a run's living driver, its queues or its plan want of somebody."""
    from orch import reads

    if reads.driven(tx, run.run_id)[0]:
        from orch.operations import telling
        from orch.steps.model import read

        asked = telling.asked_by_driver(tx, run)
        return read(asked.command, asked.kind.replace("_", " "))[0] if asked else None
    if run_rows.is_queued(tx, run.run_id):
        from orch.cli.landing import standing

        return standing.of_run(tx, run.run_id)
    if run_rows.goes_on(tx, run.run_id):
        return None
    from orch.steps.run import apply_plan
    from orch.store import requests

    return next((apply_plan(name) for name, _ in requests.planned(tx, run.run_id)), None)


def cancel(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    reason: str,
    key: str | None,
) -> None:
    """Call off one task with its thread, or every open task of a run."""
    from orch import reads
    from orch.cli import task_names
    from orch.operations import cancellation

    if run is not None and task is None and task_name is None:
        run_id, task_id = run, None
    else:
        with call.db.read() as tx:
            run_id, task_id = task_names.split(tx, run, task, task_name)
    bring_up_to_date(call.db, run_id, call.note)
    with call.db.write() as tx:
        found = runs.require(tx, run_id)

        def _change() -> Json:
            runs.refuse_closed(found)
            touched, called_off = cancellation.cancel(tx, found, task_id, reason)
            call.committed = tx.last_event_id
            return obj(
                run=run_rows.document(tx, run_id),
                cancelled=array(reads.changed(tx, touched)),
                entries=[f"ent_{number}" for number in called_off],
                event_id=call.committed,
            )

        said = call.once(tx, found.leader, _change)
    call.say(said, call.committed)


def adopt(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    attempt: int | None,
    key: str | None,
) -> None:
    """Take a late report as the task's result."""
    from orch.cli import task_names
    from orch.operations import adoption
    from orch.store import attempts as attempt_rows
    from orch.store import tasks as task_rows

    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
    bring_up_to_date(call.db, run_id, call.note)
    with call.db.write() as tx:
        found, subject = task_names.require_task(tx, run_id, task_id, None)

        def _change() -> Json:
            runs.refuse_closed(found)
            number = adoption.adopt(tx, found, subject, attempt)
            call.committed = tx.last_event_id
            document = task_rows.document(tx, subject.task_no)
            taken = attempt_rows.document(tx, subject.task_no, number)
            return obj(task=document, attempt=taken, event_id=call.committed)

        said = call.once(tx, found.leader, _change)
    bring_up_to_date(call.db, run_id, call.note)
    call.say(said, call.committed)
