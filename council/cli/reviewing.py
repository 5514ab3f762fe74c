"""review: one agent looks at a task's change, and what it says counts for the landing."""

from council.workflows import reviewing
from orch.cli import task_names
from orch.cli.agents import work as workers
from orch.model import Task
from orch.operations import approvals, runs, tasks
from orch.store import entries as entry_rows
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.transaction import Database, ReadTx


def review(
    call: "Call",
    *,
    run: str | None,
    task_name: str | None,
    harness: str,
    program: tuple[str, ...],
    as_name: str | None,
    key: str | None,
) -> None:
    """Ask one reviewer and record its verdict."""
    with call.db.read() as tx:
        run_id, task_id = task_names.split(tx, run, None, task_name)
        leader = runs.require_open(tx, run_id).leader
        subject = tasks.require(tx, run_id, task_id)
        kept = call.kept(tx, leader)
        agent = as_name or reviewing.name_of(task_id)
        approvals.refuse_owner(tx, subject.task_no, subject.name, agent)
    if kept is not None:
        call.say(kept)
        return
    picked = workers.chosen(call, harness, program)
    asked = reviewing.begin(call.db, run_id, task_id, agent)
    pool = workers.one_turn(call, agent, picked)
    reviewing.call_off(call.db, asked.council.run_id)
    call.say(_record(call, asked, leader, pool.problems), call.committed)


def ask(
    db: "Database", run_id: str, task_id: str, kind: str, harness: str, program: tuple[str, ...]
) -> str:
    """Have a task's change reviewed by a client, as a driver does; return what came of it.

    `kind`: "reviewer", or "council" for three of them. Raises: invalid_input for a client that
    cannot start, and what `reviewing.ask` and `convening.ask` do.
    """
    client, _ = workers.client_of(db, harness, program, lambda words: f"orch {words}")
    if kind == "council":
        from council.workflows import convening

        return convening.ask(db, run_id, task_id, client)
    return reviewing.ask(db, run_id, task_id, client)


def _record(call: "Call", asked: reviewing.Asked, leader: str, problems: list[str]) -> Json:
    """Record what the reviewer's answer means; a bad answer is no verdict."""
    run_id = asked.council.run_id
    said = reviewing.read(call.db, run_id)
    with call.db.write() as tx:
        subject = tasks.require(tx, asked.run_id, asked.task_id)
        reviewing.record(tx, asked, said)
        call.committed = tx.last_event_id
        answer = obj(
            run_id=asked.run_id,
            task_id=asked.task_id,
            head_commit=asked.council.head_commit,
            reviewer=asked.agent,
            review_run=run_id,
            verdict=said.verdict,
            counts_as=said.means or None,
            findings=said.findings,
            why=said.why or None,
            problems=problems,
            next_command=_next(tx, subject, said.means),
        )
        return call.once(tx, leader, lambda: answer)


def _next(tx: "ReadTx", subject: Task, meant: str) -> str:
    """Return what follows for the task's work: for its entry, or that it is queued."""
    from orch.cli.landing import standing
    from orch.steps.entry import run_queue
    from orch.steps.model import say
    from schema.steps import command

    newest = entry_rows.of_task(tx, subject.task_no)[:1]
    is_queued = bool(newest) and newest[0].status not in approvals.OVER
    if meant == "approve":
        queue = say("queue add", subject.name)
        return command(run_queue(subject.run_id) if is_queued else queue)
    if is_queued:
        return command(standing.step(tx, newest[0]))
    return command(say("review", subject.name, harness="H"))
