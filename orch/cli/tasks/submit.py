"""submit: a change request of a developer without a worktree becomes an attempt, or nothing."""

import json

from inbox.cli import values
from inbox.store import messages, threads
from orch import reads
from orch.cli import task_names
from orch.dispatch import dispatch as workflow
from orch.dispatch.request import DispatchRequest
from orch.operations import runs, tasks
from orch.plans import document
from orch.reconcile import reconcile
from orch.steps.model import say
from orch.steps.task import dispatch
from orch.submissions import parse as source
from orch.submissions.apply import Delivery
from schema import ids
from schema.failures import Failure, invalid_input
from schema.json_text import Json, obj
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from inbox.model import Change
    from orch.submissions.parse import SubmissionReading
    from schema.transaction import Tx

_SHOWN = 40


def submit(
    call: "Call",
    *,
    path: str | None,
    run: str | None,
    base_ref: str | None,
    schema: bool,
    dry_run: bool,
    key: str | None,
) -> None:
    """Check a change request as a whole, then make an attempt of it that is done."""
    if schema:
        call.say(_schema())
        return
    if path is None:
        raise invalid_input(
            "missing FILE: the change request, or - for standard input", reason="flag",
            hint="its fields", next=[say("submit", schema=True)],
        )  # fmt: skip
    reading = _read(path)
    # A key stands for what the document says, not for the name of its file.
    call.bound["path"] = [ids.digest(reading.text)]
    try:
        if not (reading.task_id and reading.agent):
            raise _problems(path, reading)
        _deliver(call, reading, run, base_ref, dry_run)
    except Failure as failure:
        if not reading.document.problems:
            raise
        if failure.reason != "schema":
            reading.document.refuse((), failure.message)
        raise _problems(path, reading) from failure


def _read(path: str) -> "SubmissionReading":
    text = values.read_text(path, "FILE")
    if len(text.encode()) > document.MAX_BYTES:
        most = document.MAX_BYTES // 1024
        raise invalid_input(
            f"FILE {path}: a change request is at most {most} KiB", reason="file",
            hint="split the task, or do it in a worktree", next=[dispatch("R/T", None, None)],
        )  # fmt: skip
    return source.read(text)


def _deliver(
    call: "Call", reading: "SubmissionReading", run: str | None, base_ref: str | None, dry_run: bool
) -> None:
    """Hold it against its task and its base, then make the attempt."""
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, reading.task_id, None)
        found = runs.require(tx, run_id)
        subject = tasks.require(tx, run_id, task_id)
    reconcile(call.db, run_id, call.note)
    delivery = Delivery(reading, found, is_rehearsal=dry_run)
    delivery.check_paths(subject)
    request = DispatchRequest(run_id, task_id)
    request.delivery, request.mode, request.to, request.base_ref = (
        delivery,
        "code",
        reading.agent,
        base_ref,
    )
    request.reason = "its agent brought a change request"
    request.body = f"Brought as a change request by {reading.agent}; nothing is left to do."
    if dry_run:
        workspace = workflow.rehearse(call.db, request)
        call.say(
            obj(
                dry_run=True,
                run_id=run_id,
                task_id=task_id,
                agent=reading.agent,
                changes=len(reading.changes),
                base_commit=workspace.start,
                branch_name=workspace.branch_name,
            )
        )
        return

    def _answer(tx: "Tx", sent: "Change") -> Json:
        done = delivery.hand_in(tx, sent)
        call.committed = done.event_id
        number = tasks.require(tx, run_id, task_id).task_no
        task, attempt = reads.with_attempt(tx, number)
        return obj(
            task=task,
            attempt=attempt,
            thread=threads.document(tx, done.thread_no),
            message=messages.document(tx, done.event_id),
            commit=delivery.commit,
            changes=len(reading.changes),
            event_id=done.event_id,
        )

    call.resume = call.again(f"reconcile --run {run_id}")  # It undoes what was begun.
    answer = workflow.start(call.db, request, _answer, call.key_for(reading.agent))
    reconcile(call.db, run_id, call.note)
    call.say(answer, call.committed)


def _problems(path: str, reading: "SubmissionReading") -> Failure:
    """Return the refusal with every problem, in the order of the text."""
    found = sorted(reading.document.problems, key=lambda problem: problem.line)
    count = many(len(found), "problem")
    lines = [f"{path} is refused, {count}:"]
    for problem in found[:_SHOWN]:
        place = f"{problem.path}: " if problem.path else ""
        lines.append(f"line {problem.line}: {place}{problem.message}")
    if len(found) > _SHOWN:
        lines.append(f"{len(found) - _SHOWN} more: see them with --json")
    return Failure(
        "invalid_input",
        "schema",
        "\n".join(lines),
        hint="fix it and run the same again; the fields",
        next=[say("submit", schema=True)],
        details={
            "problems": [problem.document() for problem in found[: document.MAX_PROBLEMS]],
            "count": len(found),
        },
    )


def _schema() -> Json:
    from orch.submissions import model

    found = model.schema()
    compact = Json(json.dumps(found, ensure_ascii=False))
    return obj(schema=compact, text=json.dumps(found, indent=2, ensure_ascii=False))
