"""verify run, record, status: the gate of a task."""

from orch import reads
from orch.cli import replay, task_names
from orch.operations import attempts, runs, tasks
from orch.operations import checks as operations
from orch.reconcile import reconcile
from orch.steps.model import say
from orch.store import checks as store
from schema.failures import Failure, not_found
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.transaction import ReadTx

_JOBS = 2


def _answer(tx: "ReadTx", run_id: str, task_id: str) -> Json:
    task = tasks.require(tx, run_id, task_id)
    document, attempt = reads.with_attempt(tx, task.task_no)
    return obj(task=document, attempt=attempt, gate=operations.gate(tx, task))


def run(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    checks: tuple[str, ...],
    jobs: int | None,
    again: bool,
    key: str | None,
) -> None:
    """Run the required checks in the attempt's worktree; --again: those that did not pass."""
    from orch.checks import verify
    from orch.cli.progress import Bar

    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
    if not replay.say_again(call, run_id):
        reconcile(call.db, run_id, call.note)
        call.resume = call.again(f"verify run --run {run_id} --task {task_id}")
        with Bar(call, f"verifying {run_id}/{task_id}", len(checks)) as bar:
            verify.verify(call.db, run_id, task_id, checks, jobs or _JOBS, bar.step, again=again)
        with call.db.read() as tx:
            answer = _answer(tx, run_id, task_id)
        call.say(replay.keep(call, run_id, answer))
    _refuse_unpassed(call, f"{run_id}/{task_id}")


def _refuse_unpassed(call: "Call", name: str) -> None:
    """Raise refused for an answer whose gate failed, or holds a check that could not run."""
    import json

    assert call.answer is not None
    gate = json.loads(call.answer)["gate"]
    status = gate["status"] if gate is not None else "passed"
    if status not in ("failed", "error"):
        return
    wrong = [one["check"] for one in gate["checks"] if one["status"] == status]
    if status == "error":
        raise Failure(
            "refused",
            "check_error",
            f"{name}: {', '.join(wrong)} could not run: neither passed nor failed",
            hint=f"fix [check.{wrong[0]}] or what it needs, then",
            next=[say("verify run", name)],
            details={"checks": wrong},
            data=call.answer,
        )
    what = f"failed {', '.join(wrong)}" if wrong else "changed paths that it does not own"
    again = say("verify run", name, again=True).because("where the machine was to blame")
    raise Failure(
        "refused",
        "check_failed",
        f"{name} {what}",
        next=[say("retry", name).because("have it done again"), *([again] if wrong else [])],
        details={"checks": wrong},
        data=call.answer,
    )


def record(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    check: str,
    status: str,
    summary: str,
    body: str | None,
    agent: str | None,
    key: str | None,
) -> None:
    """Take a result from outside."""
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
    reconcile(call.db, run_id, call.note)
    with call.db.write() as tx:
        found, subject = task_names.require_task(tx, run_id, task_id, None)

        def _change() -> Json:
            runs.refuse_closed(found)
            operations.require_verifying(subject)
            required = [name for name, _ in store.newest_statuses(tx, subject.task_no)]
            if check not in required:
                raise not_found(
                    "check", check, near=required, hint="it requires " + ", ".join(required)
                )
            attempt = attempts.latest(tx, subject)
            assert attempt is not None
            result = store.Result(
                check, status, "record", agent or found.leader, summary=summary,
                head_commit=attempt.head_commit, tail=body or "",
            )  # fmt: skip
            call.committed = operations.record(tx, found, subject, attempt, result)
            runs.record_run_end(tx, found)
            return _answer(tx, run_id, task_id)

        answer = call.once(tx, agent or found.leader, _change)
    call.say(answer, call.committed)


def status(call: "Call", *, run: str | None, task: str | None, task_name: str | None) -> None:
    """Show the gate."""
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, task, task_name)
        runs.require(tx, run_id)
        call.say(_answer(tx, run_id, task_id))
